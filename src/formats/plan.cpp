#include "formats/plan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>

#include "core/checked.h"
#include "formats/utf8.h"
#include "ingot/ops/manipulation.h"

namespace ingot {
namespace {

constexpr const char* operation = "write_checkpoint";

// A piece is small enough for a smooth progress bar and large enough for the disk.
constexpr std::size_t piece_bytes = std::size_t{8} << 20;

// Row-major pieces of a tensor, one at a time: what has other strides is never copied whole.
void write_rows(const Tensor& x, const std::function<void(std::span<const std::byte>)>& write) {
  const std::size_t bytes = x.nbytes();
  if (x.is_contiguous()) {
    for (std::size_t done = 0; done < bytes; done += piece_bytes)
      write({x.bytes() + done, std::min(piece_bytes, bytes - done)});
  } else if (bytes <= piece_bytes || bit_width(x.dtype()) < 8) {  // rows of packed elements may share a byte
    const Tensor copy = contiguous(x);
    write({copy.bytes(), bytes});
  } else {
    const std::size_t row = bytes / static_cast<std::size_t>(x.size(0));
    const auto rows = static_cast<std::int64_t>(piece_bytes / row);
    for (std::int64_t i = 0; i < x.size(0); i += std::max<std::int64_t>(rows, 1))
      write_rows(rows == 0 ? x.select(0, i) : x.slice(0, i, i + rows), write);
  }
}

bool same_encoding(const Encoding* planned, const Encoding* made) {
  if (!planned || !made) return planned == made;
  return planned->scheme() == made->scheme() && planned->packing() == made->packing();
}

}  // namespace

std::string_view held_as(const OutputTensor& tensor) noexcept {
  return tensor.encoding ? to_string(tensor.encoding->scheme()) : to_string(tensor.dtype);
}

std::uint64_t planned_bytes(const OutputTensor& tensor) {
  const auto elements = static_cast<std::uint64_t>(tensor.shape.numel());
  const auto reject = [&](std::string_view why) {
    fail(ErrorCode::invalid_argument, operation, "tensor {}, {} {}: {}", printable(tensor.name), held_as(tensor),
         to_string(tensor.shape), why);
  };
  if (!tensor.encoding) {
    const auto bits = checked_mul(elements, static_cast<std::uint64_t>(bit_width(tensor.dtype)), operation);
    if (bits % 8 != 0) reject("does not end on a whole byte");
    return bits / 8;
  }
  const SchemeInfo& scheme = info(tensor.encoding->scheme());
  const auto block = static_cast<std::uint64_t>(scheme.block_elements);
  // I2_S and the schemes GGUF does not know pack the flattened tensor, the others rows.
  const bool flat = scheme.ggml_type < 0 || tensor.encoding->scheme() == Scheme::i2_s;
  const auto unit = flat ? elements : static_cast<std::uint64_t>(tensor.shape.empty() ? 1 : tensor.shape.back());
  if (unit % block != 0)
    reject(fmt::format("{} of {} elements is not a multiple of the block of {}", flat ? "the whole" : "a row", unit,
                       block));
  const auto bytes = checked_mul(elements / block, static_cast<std::uint64_t>(scheme.block_bytes), operation);
  return tensor.encoding->scheme() == Scheme::i2_s ? checked_add<std::uint64_t>(bytes, 32, operation) : bytes;
}

void check_plan(const OutputPlan& plan) {
  std::unordered_set<std::string_view> names;
  names.reserve(plan.tensors.size());
  for (const OutputTensor& tensor : plan.tensors) {
    const auto shown = printable(tensor.name);
    if (tensor.name.empty()) fail(ErrorCode::invalid_argument, operation, "a tensor has an empty name");
    if (!is_valid_utf8(tensor.name) || tensor.name.find('\0') != std::string::npos)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: the name is not valid UTF-8 without NUL", shown);
    if (!names.insert(tensor.name).second)
      fail(ErrorCode::invalid_argument, operation, "tensor {} is planned twice", shown);
    if (!tensor.make) fail(ErrorCode::invalid_argument, operation, "tensor {} has nothing that makes it", shown);
    if (tensor.encoding && info(tensor.encoding->scheme()).dtype != tensor.dtype)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: {} decodes to {}, planned is {}", shown, held_as(tensor),
           to_string(info(tensor.encoding->scheme()).dtype), to_string(tensor.dtype));
    planned_bytes(tensor);
  }
}

void require_no_metadata(const OutputPlan& plan, std::string_view holder) {
  if (plan.metadata.size() != 0)
    fail(ErrorCode::invalid_argument, operation, "metadata {}: {} hold tensors alone",
         printable(plan.metadata.begin()->first), holder);
}

std::vector<std::vector<const OutputTensor*>> distribute(const std::vector<const OutputTensor*>& tensors,
                                                         std::uint64_t limit) {
  std::vector<std::vector<const OutputTensor*>> shards(1);
  std::uint64_t used = 0;
  for (const OutputTensor* tensor : tensors) {
    const std::uint64_t bytes = planned_bytes(*tensor);
    if (limit != 0 && !shards.back().empty() && (bytes > limit || used > limit - bytes)) {
      shards.emplace_back();
      used = 0;
    }
    shards.back().push_back(tensor);
    used = checked_add(used, bytes, operation);
  }
  return shards;
}

void write_tensor(OutputFile& file, std::uint64_t offset, const OutputTensor& planned, WriteProgress& progress,
                  const std::function<void(std::span<const std::byte>)>& written) {
  const Tensor made = planned.make();
  if (!made.defined() || made.shape() != planned.shape || made.dtype() != planned.dtype ||
      !same_encoding(planned.encoding.get(), made.encoding()))
    fail(ErrorCode::internal, operation, "tensor {}: planned as {} {}, made as {}", printable(planned.name),
         held_as(planned), to_string(planned.shape), describe(made));
  // Encoded tensors are viewed in whole rows only, and their rows lie behind one another unless a view left some out.
  if (!made.is_contiguous() && made.is_quantized())
    fail(ErrorCode::invalid_argument, operation, "tensor {}: {} is not row-major", printable(planned.name),
         describe(made));
  const auto bytes = static_cast<std::size_t>(planned_bytes(planned));
  if (bytes == 0) return;
  const std::byte* data = made.bytes();
  if (made.is_quantized() && made.encoding()->scheme() == Scheme::i2_s) {
    // The tail is what readers believe.
    float tail;
    std::memcpy(&tail, data + bytes - 32, sizeof tail);
    if (std::bit_cast<std::uint32_t>(tail) != std::bit_cast<std::uint32_t>(made.encoding()->scale()))
      fail(ErrorCode::invalid_argument, operation, "tensor {}: its tail says scale {}, its encoding {}",
           printable(planned.name), tail, made.encoding()->scale());
  }
  write_rows(made, [&](std::span<const std::byte> piece) {
    file.write(offset, piece);
    offset += piece.size();
    if (written) written(piece);
    progress.add(piece.size());
  });
}

std::string shard_name(std::string_view stem, std::size_t number, std::size_t count, std::string_view suffix) {
  return fmt::format("{}-{:05d}-of-{:05d}{}", stem, number, count, suffix);
}

}  // namespace ingot
