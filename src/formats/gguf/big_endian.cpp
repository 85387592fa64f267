// Big-endian files: every number wider than a byte is swapped, those inside blocks too.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/fail.h"
#include "formats/gguf/gguf.h"
#include "quant/block_format.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "gguf";
constexpr std::uint64_t max_heap_bytes = std::uint64_t{64} << 20;

std::size_t unit_of(const ElementType& type) noexcept {
  return static_cast<std::size_t>(type.dtype ? bit_width(*type.dtype) / 8 : info(*type.scheme).block_bytes);
}

// An unlinked file that lives as long as its mapping.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::uint64_t bytes) {
    std::error_code error;
    auto directory = std::filesystem::temp_directory_path(error);
    if (error) directory = "/tmp";
    name_ = (directory / "ingot-XXXXXX").string();
    descriptor_ = ::mkstemp(name_.data());
    if (descriptor_ < 0) reject();
    ::unlink(name_.c_str());
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) reject();
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ::ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) reject();
      offset += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  Ref<Storage> map() const { return Storage::map(descriptor_, name_); }

 private:
  [[noreturn]] void reject() const {
    fail(ErrorCode::io, operation, "{}: {} (for the byte-swapped copy of a big-endian file)", name_,
         std::strerror(errno));
  }
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace

void swap_fields(const ElementType& type, std::span<std::byte> bytes) noexcept {
  const std::size_t unit = unit_of(type);
  if (type.dtype) {
    for (std::size_t i = 0; i + unit <= bytes.size(); i += unit) std::reverse(&bytes[i], &bytes[i] + unit);
    return;
  }
  for (const BlockField& field : block_format(*type.scheme).numbers)
    for (std::size_t block = 0; block + unit <= bytes.size(); block += unit)
      for (std::size_t i = 0; i < field.count; ++i) {
        std::byte* number = &bytes[block + field.at + i * field.width];
        std::reverse(number, number + field.width);
      }
}

Ref<Storage> swapped_copy(const Source& source, const std::vector<TensorInfo>& tensors, std::uint64_t& begin) {
  begin = source.bytes->size();
  std::uint64_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    begin = std::min(begin, tensor.offset);
    end = std::max(end, tensor.offset + tensor.bytes);
  }
  if (begin >= end) return Storage::allocate(0);

  Ref<Storage> heap;
  std::optional<TemporaryFile> file;
  if (end - begin <= max_heap_bytes) {
    heap = Storage::allocate(static_cast<std::size_t>(end - begin));
    std::memset(heap->mutable_data(), 0, heap->size());
  } else {
    file.emplace(end - begin);
  }
  std::vector<std::byte> piece;
  for (const TensorInfo& tensor : tensors) {
    const std::size_t unit = unit_of(tensor.type);
    const std::size_t most = (std::size_t{1} << 20) / unit * unit;
    const bool tail = tensor.type.scheme == Scheme::i2_s;
    const std::uint64_t blocks = tensor.bytes - (tail ? 32 : 0);
    const auto place = [&](std::uint64_t at) {
      if (file)
        file->write(tensor.offset - begin + at, piece);
      else
        std::memcpy(heap->mutable_data() + (tensor.offset - begin + at), piece.data(), piece.size());
    };
    const auto part = [&](std::uint64_t at, std::uint64_t bytes) {
      return source.span().subspan(static_cast<std::size_t>(tensor.offset + at), static_cast<std::size_t>(bytes));
    };
    for (std::uint64_t done = 0; done < blocks; done += piece.size()) {
      const auto taken = part(done, std::min<std::uint64_t>(most, blocks - done));
      piece.assign(taken.begin(), taken.end());
      swap_fields(tensor.type, piece);
      place(done);
    }
    if (tail) {
      const auto taken = part(blocks, 32);
      piece.assign(taken.begin(), taken.end());
      std::reverse(piece.begin(), piece.begin() + 4);  // the f32 scale
      place(blocks);
    }
    source.bytes->advise(Advice::dont_need, static_cast<std::size_t>(tensor.offset),
                         static_cast<std::size_t>(tensor.bytes));
  }
  return file ? file->map() : heap;
}

}  // namespace ingot::gguf
