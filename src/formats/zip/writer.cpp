#include "formats/zip/writer.h"

#include <utility>

#include "core/checked.h"
#include "formats/utf8.h"

namespace ingot::zip {
namespace {

constexpr const char* operation = "write_checkpoint";
constexpr std::uint64_t alignment = 64, local_bytes = 30, saturated32 = 0xFFFFFFFF, saturated16 = 0xFFFF;
constexpr std::uint16_t utf8_names = 0x0800, plain_version = 20, zip64_version = 45, zip64_id = 1;
// What PyTorch calls the extra bytes that move an entry to its place.
constexpr std::uint16_t padding_id = 'F' | 'B' << 8;
// 1980-01-01, ZIP's first day: the same tensors give the same bytes.
constexpr std::uint32_t no_time = 0x00210000;
// A regular file that its owner writes and everybody reads, for programs that unpack.
constexpr std::uint32_t attributes = 0100644u << 16;

class Fields {
 public:
  Fields& u16(std::uint64_t x) { return number(x, 2); }
  Fields& u32(std::uint64_t x) { return number(x, 4); }
  Fields& u64(std::uint64_t x) { return number(x, 8); }
  Fields& raw(std::string_view text) {
    text_ += text;
    return *this;
  }
  const std::string& text() const noexcept { return text_; }

 private:
  Fields& number(std::uint64_t x, int bytes) {
    for (int i = 0; i < bytes; ++i) text_ += static_cast<char>(x >> (8 * i) & 0xFF);
    return *this;
  }
  std::string text_;
};

std::uint64_t in32(std::uint64_t x) { return x < saturated32 ? x : saturated32; }

// Of a local header: sizes past 32 bits, then padding up to the data.
std::uint64_t sizes_bytes(std::uint64_t bytes) { return bytes < saturated32 ? 0 : 20; }

}  // namespace

void Writer::add(std::string name, std::uint64_t bytes) {
  if (name.size() > saturated16)
    fail(ErrorCode::invalid_argument, operation, "tensor {}: a name of {} bytes, ZIP holds at most {}", printable(name),
         name.size(), saturated16);
  const std::uint64_t least = local_bytes + name.size() + sizes_bytes(bytes) + 4;
  const std::uint64_t offset =
      checked_add(checked_add(end_, least, operation), alignment - 1, operation) / alignment * alignment;
  entries_.push_back({.name = std::move(name), .header = end_, .offset = offset, .bytes = bytes});
  end_ = checked_add(offset, bytes, operation);
}

std::uint64_t Writer::file_bytes() const { return checked_add<std::uint64_t>(end_, directory().size(), operation); }

void Writer::finish(OutputFile& file) const {
  for (const Entry& entry : entries_) {
    const bool wide = sizes_bytes(entry.bytes) != 0;
    const std::uint64_t extra = entry.offset - entry.header - local_bytes - entry.name.size();
    Fields header;
    header.u32(0x04034b50).u16(wide ? zip64_version : plain_version).u16(utf8_names).u16(0).u32(no_time);
    header.u32(entry.crc).u32(in32(entry.bytes)).u32(in32(entry.bytes)).u16(entry.name.size()).u16(extra);
    header.raw(entry.name);
    if (wide) header.u16(zip64_id).u16(16).u64(entry.bytes).u64(entry.bytes);
    header.u16(padding_id).u16(extra - sizes_bytes(entry.bytes) - 4);
    file.write(entry.header, header.text());  // the padding reads as zeros
  }
  file.write(end_, directory());
}

std::string Writer::directory() const {
  Fields out;
  for (const Entry& entry : entries_) {
    Fields extra;
    if (entry.bytes >= saturated32) extra.u64(entry.bytes).u64(entry.bytes);
    if (entry.header >= saturated32) extra.u64(entry.header);
    const std::uint64_t length = extra.text().size();
    const std::uint64_t version = length ? zip64_version : plain_version;
    out.u32(0x02014b50).u16(3 << 8 | version).u16(version).u16(utf8_names).u16(0).u32(no_time);
    out.u32(entry.crc).u32(in32(entry.bytes)).u32(in32(entry.bytes)).u16(entry.name.size());
    out.u16(length ? length + 4 : 0).u16(0).u16(0).u16(0).u32(attributes).u32(in32(entry.header)).raw(entry.name);
    if (length) out.u16(zip64_id).u16(length).raw(extra.text());
  }
  const std::uint64_t bytes = out.text().size(), count = entries_.size();
  if (count >= saturated16 || bytes >= saturated32 || end_ >= saturated32) {
    out.u32(0x06064b50).u64(44).u16(3 << 8 | zip64_version).u16(zip64_version).u32(0).u32(0);
    out.u64(count).u64(count).u64(bytes).u64(end_);
    out.u32(0x07064b50).u32(0).u64(end_ + bytes).u32(1);
  }
  const std::uint64_t shown = count < saturated16 ? count : saturated16;
  out.u32(0x06054b50).u16(0).u16(0).u16(shown).u16(shown).u32(in32(bytes)).u32(in32(end_)).u16(0);
  return out.text();
}

}  // namespace ingot::zip
