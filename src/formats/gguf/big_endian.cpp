// Big-endian files: every number wider than a byte is swapped, those inside blocks too.
#include <algorithm>

#include "formats/gguf/gguf.h"
#include "formats/scratch.h"
#include "quant/block_format.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "gguf";

std::size_t unit_of(const ElementType& type) noexcept {
  return static_cast<std::size_t>(type.dtype ? bit_width(*type.dtype) / 8 : info(*type.scheme).block_bytes);
}

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

  Scratch copy(operation, "the byte-swapped copy of a big-endian file", end - begin);
  std::vector<std::byte> piece;
  for (const TensorInfo& tensor : tensors) {
    const std::size_t unit = unit_of(tensor.type);
    const std::size_t most = (std::size_t{1} << 20) / unit * unit;
    const bool tail = tensor.type.scheme == Scheme::i2_s;
    const std::uint64_t blocks = tensor.bytes - (tail ? 32 : 0);
    const auto place = [&](std::uint64_t at) { copy.write(tensor.offset - begin + at, piece); };
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
  return copy.finish();
}

}  // namespace ingot::gguf
