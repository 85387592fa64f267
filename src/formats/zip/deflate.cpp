// The two things zlib is for: inflating, and checksums.
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "core/fail.h"
#include "formats/utf8.h"
#include "formats/zip/zip.h"

namespace ingot::zip {

void Crc::add(std::span<const std::byte> bytes) noexcept {
  value_ =
      static_cast<std::uint32_t>(::crc32_z(value_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void Crc::append(std::uint32_t crc, std::uint64_t bytes) noexcept {
  value_ = static_cast<std::uint32_t>(::crc32_combine(value_, crc, static_cast<z_off_t>(bytes)));
}

void check_crc(std::string_view operation, std::string_view path, const Entry& entry) {
  Crc crc;
  if (entry.bytes != 0) crc.add(entry.span());
  if (crc.value() != entry.crc)
    fail(ErrorCode::invalid_file, operation, "{}, byte {}: entry {}: checksum {:08x}, expected {:08x}", path,
         entry.offset, printable(entry.name), crc.value(), entry.crc);
}

void inflate(std::string_view operation, std::string_view path, const Deflated& entry,
             const std::function<void(std::uint64_t at, std::span<const std::byte>)>& write) {
  constexpr std::size_t piece_bytes = std::size_t{256} << 10, most_input = std::size_t{1} << 30;
  const auto reject = [&](std::string_view why) {
    fail(ErrorCode::invalid_file, operation, "{}, byte {}: entry {}: {}", path, entry.offset, printable(entry.name),
         why);
  };
  ::z_stream stream{};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(ErrorCode::out_of_memory, operation, "{}: inflate", path);
  const std::unique_ptr<::z_stream, int (*)(::z_stream*)> end(&stream, &::inflateEnd);
  const auto piece = std::make_unique<std::byte[]>(piece_bytes);
  std::span<const std::byte> packed = entry.packed;
  Crc crc;
  std::uint64_t done = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const std::size_t given = std::min(packed.size(), most_input);
    stream.next_in = reinterpret_cast<const unsigned char*>(packed.data());
    stream.avail_in = static_cast<unsigned>(given);
    stream.next_out = reinterpret_cast<unsigned char*>(piece.get());
    stream.avail_out = static_cast<unsigned>(piece_bytes);
    status = ::inflate(&stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) fail(ErrorCode::out_of_memory, operation, "{}: inflate", path);
    if (status == Z_BUF_ERROR) reject("its deflated bytes end too early");
    if (status != Z_OK && status != Z_STREAM_END) reject(stream.msg ? stream.msg : "not deflated bytes");
    packed = packed.subspan(given - stream.avail_in);
    const std::span<const std::byte> made(piece.get(), piece_bytes - stream.avail_out);
    if (made.size() > entry.bytes - done) reject(fmt::format("more than the {} bytes it should have", entry.bytes));
    crc.add(made);
    write(done, made);
    done += made.size();
  }
  if (done != entry.bytes) reject(fmt::format("{} bytes inflated, expected {}", done, entry.bytes));
  if (!packed.empty()) reject(fmt::format("{} bytes behind the end of its deflated ones", packed.size()));
  if (crc.value() != entry.crc) reject(fmt::format("checksum {:08x}, expected {:08x}", crc.value(), entry.crc));
}

}  // namespace ingot::zip
