#include "formats/plan.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "core/checked.h"
#include "formats/utf8.h"
#include "ingot/ops/manipulation.h"
#include "quant/i2_s.h"

namespace ingot {
namespace {

constexpr const char* operation = "write_checkpoint";

// Rows whose first byte and first block are their own.
std::int64_t natural_unit(std::int64_t columns, std::int64_t rows, DType dtype, const Encoding* encoding) {
  const auto apart = [&](std::int64_t elements) {
    return elements / std::gcd(elements, std::max<std::int64_t>(columns, 1));
  };
  if (!encoding) return apart(bit_width(dtype) < 8 ? 8 / bit_width(dtype) : 1);
  switch (encoding->packing()) {
    case Packing::i2s_x86: return apart(128);
    case Packing::i2s_arm: return apart(64);
    case Packing::i2s_rows: return 4;
    case Packing::none: break;
  }
  // What packs the flattened tensor is not cut where rows share a block.
  return apart(info(encoding->scheme()).block_elements) == 1 ? 1 : std::max<std::int64_t>(rows, 1);
}

Tensor scalar_as_row(const Tensor& x) {
  const auto begin = static_cast<std::size_t>(x.bytes() - x.storage()->data());
  return x.is_quantized() ? Tensor::view_of(x.storage(), begin, {1, 1}, Ref<const Encoding>(x.encoding()))
                          : Tensor::view_of(x.storage(), begin, {1, 1}, x.dtype());
}

// Rows of a plain tensor of rank > 2 that is no matrix in memory.
Tensor gathered_rows(const Tensor& x, std::int64_t first, std::int64_t last) {
  if (const auto matrix = x.try_view({x.numel() / x.shape().back(), x.shape().back()}))
    return matrix->slice(0, first, last);
  const std::int64_t inner = x.numel() / x.shape().back() / x.size(0), begin = first / inner, end = (last - 1) / inner;
  if (begin == end) return gathered_rows(x.select(0, begin), first - begin * inner, last - begin * inner);
  return gathered_rows(contiguous(x.slice(0, begin, end + 1)), first - begin * inner, last - begin * inner);
}

}  // namespace

OutputTensor OutputTensor::of(std::string name, const Tensor& x) {
  OutputTensor out{.name = std::move(name), .shape = x.shape(), .dtype = x.dtype(), .encoding = x.meta().encoding};
  const auto [rows, columns, unit] = row_layout(out);
  out.row_unit = unit;
  const bool packed = !out.encoding && bit_width(out.dtype) < 8;  // strided elements share bytes
  out.rows = [x = packed ? contiguous(x) : x, rows, columns](std::int64_t first, std::int64_t last) {
    if (x.is_quantized() && x.encoding()->scheme() == Scheme::i2_s) return i2s_rows(x, first, last);
    if (x.rank() > 2 && !x.is_quantized()) return gathered_rows(x, first, last);
    const Tensor matrix = x.rank() == 2 ? x : x.rank() == 0 ? scalar_as_row(x) : x.view({rows, columns});
    return last - first == rows ? matrix : matrix.slice(0, first, last);
  };
  return out;
}

OutputTensor OutputTensor::of(const NamedTensor& tensor) {
  if (!tensor.composite) return of(tensor.name, tensor.tensor);
  return {.name = tensor.name, .shape = tensor.shape(), .dtype = tensor.dtype(), .rows = tensor.composite->rows};
}

RowLayout row_layout(const OutputTensor& tensor) {
  RowLayout layout{1, 1, 1};
  if (tensor.shape.rank() > 0) layout.columns = tensor.shape.back();
  for (int axis = 0; axis + 1 < tensor.shape.rank(); ++axis)
    layout.rows = checked_mul(layout.rows, tensor.shape[axis], operation);
  const auto unit = natural_unit(layout.columns, layout.rows, tensor.dtype, tensor.encoding.get());
  layout.unit = std::lcm(unit, std::max<std::int64_t>(tensor.row_unit, 1));
  return layout;
}

std::string_view OutputTensor::held_as() const noexcept {
  return encoding ? to_string(encoding->scheme()) : to_string(dtype);
}

std::uint64_t OutputTensor::nbytes() const {
  const auto elements = static_cast<std::uint64_t>(shape.numel());
  const auto reject = [&](std::string_view why) {
    fail(ErrorCode::invalid_argument, operation, "tensor {}, {} {}: {}", printable(name), held_as(), to_string(shape),
         why);
  };
  if (!encoding) {
    const auto bits = checked_mul(elements, static_cast<std::uint64_t>(bit_width(dtype)), operation);
    if (bits % 8 != 0) reject("does not end on a whole byte");
    return bits / 8;
  }
  const SchemeInfo& scheme = info(encoding->scheme());
  const auto block = static_cast<std::uint64_t>(scheme.block_elements);
  // I2_S and the schemes GGUF does not know pack the flattened tensor, the others rows.
  const bool flat = scheme.ggml_type < 0 || encoding->scheme() == Scheme::i2_s;
  const auto unit = flat ? elements : static_cast<std::uint64_t>(shape.empty() ? 1 : shape.back());
  if (unit % block != 0)
    reject(fmt::format("{} of {} elements is not a multiple of the block of {}", flat ? "the whole" : "a row", unit,
                       block));
  const auto bytes = checked_mul(elements / block, static_cast<std::uint64_t>(scheme.block_bytes), operation);
  return encoding->scheme() == Scheme::i2_s ? checked_add<std::uint64_t>(bytes, 32, operation) : bytes;
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
    if (!tensor.rows) fail(ErrorCode::invalid_argument, operation, "tensor {} has nothing that makes its rows", shown);
    if (tensor.encoding && info(tensor.encoding->scheme()).dtype != tensor.dtype)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: {} decodes to {}, planned is {}", shown,
           tensor.held_as(), to_string(info(tensor.encoding->scheme()).dtype), to_string(tensor.dtype));
    tensor.nbytes();
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
    const std::uint64_t bytes = tensor->nbytes();
    if (limit != 0 && !shards.back().empty() && (bytes > limit || used > limit - bytes)) {
      shards.emplace_back();
      used = 0;
    }
    shards.back().push_back(tensor);
    used = checked_add(used, bytes, operation);
  }
  return shards;
}

std::string shard_name(std::string_view stem, std::size_t number, std::size_t count, std::string_view suffix) {
  return fmt::format("{}-{:05d}-of-{:05d}{}", stem, number, count, suffix);
}

}  // namespace ingot
