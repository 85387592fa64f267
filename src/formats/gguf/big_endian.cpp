// Big-endian files: every number wider than a byte is swapped, those inside blocks too.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/fail.h"
#include "formats/gguf/gguf.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "gguf";
constexpr std::uint64_t max_heap_bytes = std::uint64_t{64} << 20;

// `count` numbers of `width` bytes from `at` on.
struct Field {
  std::uint16_t at, width, count;
};

// From the block layouts of ggml-common.h. Bytes, nibbles and the E8M0 and UE4M3 scales have no order.
std::span<const Field> fields_of(Scheme scheme) noexcept {
  static constexpr Field d[] = {{0, 2, 1}};
  static constexpr Field d_m[] = {{0, 2, 2}};
  static constexpr Field q5_0[] = {{0, 2, 1}, {2, 4, 1}};
  static constexpr Field q5_1[] = {{0, 2, 2}, {4, 4, 1}};
  static constexpr Field q2_k[] = {{80, 2, 2}};
  static constexpr Field q3_k[] = {{108, 2, 1}};
  static constexpr Field q6_k[] = {{208, 2, 1}};
  static constexpr Field q8_k[] = {{0, 4, 1}, {260, 2, 16}};
  // Per 32 elements four index bytes, then a u32 of scale and signs.
  static constexpr Field iq2_xxs[] = {{0, 2, 1},  {6, 4, 1},  {14, 4, 1}, {22, 4, 1}, {30, 4, 1},
                                      {38, 4, 1}, {46, 4, 1}, {54, 4, 1}, {62, 4, 1}};
  static constexpr Field iq2_xs[] = {{0, 2, 33}};
  static constexpr Field iq3_xxs[] = {{0, 2, 1}, {66, 4, 8}};
  static constexpr Field iq1_s[] = {{0, 2, 1}, {34, 2, 8}};
  static constexpr Field iq1_m[] = {{48, 2, 4}};
  static constexpr Field tq1_0[] = {{52, 2, 1}};
  static constexpr Field tq2_0[] = {{64, 2, 1}};
  switch (scheme) {
    case Scheme::q4_0:
    case Scheme::q8_0:
    case Scheme::iq4_nl:
    case Scheme::iq3_s:
    case Scheme::iq2_s:
    case Scheme::q1_0:
    case Scheme::q2_0: return d;
    case Scheme::q4_1:
    case Scheme::q8_1:
    case Scheme::q4_k:
    case Scheme::q5_k:
    case Scheme::iq4_xs: return d_m;
    case Scheme::q5_0: return q5_0;
    case Scheme::q5_1: return q5_1;
    case Scheme::q2_k: return q2_k;
    case Scheme::q3_k: return q3_k;
    case Scheme::q6_k: return q6_k;
    case Scheme::q8_k: return q8_k;
    case Scheme::iq2_xxs: return iq2_xxs;
    case Scheme::iq2_xs: return iq2_xs;
    case Scheme::iq3_xxs: return iq3_xxs;
    case Scheme::iq1_s: return iq1_s;
    case Scheme::iq1_m: return iq1_m;
    case Scheme::tq1_0: return tq1_0;
    case Scheme::tq2_0: return tq2_0;
    case Scheme::i2_s:
    case Scheme::mxfp4:
    case Scheme::nvfp4:
    case Scheme::f4:
    case Scheme::f6_e2m3:
    case Scheme::f6_e3m2:
    case Scheme::f8_e8m0:
    case Scheme::f8_e4m3fnuz:
    case Scheme::f8_e5m2fnuz:
    case Scheme::c64: return {};
  }
  return {};
}

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
  for (const Field& field : fields_of(*type.scheme))
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
