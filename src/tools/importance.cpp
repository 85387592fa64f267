#include "ingot/importance.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "formats/cursor.h"
#include "formats/format.h"
#include "ingot/ops.h"
#include "tools/importance_dat.h"

namespace ingot {
namespace {

constexpr std::string_view sums_suffix = ".in_sum2", counts_suffix = ".counts";

std::vector<float> floats(const Checkpoint& file, const NamedTensor& entry) {
  if (entry.dtype() != DType::f32 || entry.is_quantized())
    fail(ErrorCode::invalid_file, "read_importance", "{}: tensor '{}' is {}, f32 was expected", file.path, entry.name,
         entry.held_as());
  const Tensor values = contiguous(entry.tensor);
  return {values.data<float>(), values.data<float>() + values.numel()};
}

void check(const std::string& path, const std::string& name, const ColumnImportance& importance) {
  const std::size_t sums = importance.sums.size(), counts = importance.counts.size();
  if (sums == 0 || counts == 0 || sums % counts != 0)
    fail(ErrorCode::invalid_file, "read_importance", "{}: '{}' has {} sums and {} counts", path, name, sums, counts);
  for (const std::vector<float>* numbers : {&importance.sums, &importance.counts})
    for (const float x : *numbers)
      if (!(x >= 0) || !std::isfinite(x))
        fail(ErrorCode::invalid_file, "read_importance", "{}: '{}' holds {}: sums of squares and counts are expected",
             path, name, x);
}

ImportanceMatrix from_gguf(const Checkpoint& file) {
  ImportanceMatrix matrix;
  if (file.metadata.string("general.type", "") != "imatrix")
    fail(ErrorCode::invalid_file, "read_importance", "{}: general.type is '{}', 'imatrix' was expected", file.path,
         file.metadata.string("general.type", ""));
  if (file.metadata.contains("imatrix.datasets")) matrix.datasets = file.metadata.strings("imatrix.datasets");
  matrix.chunks = static_cast<std::uint32_t>(file.metadata.integer("imatrix.chunk_count", 0));
  matrix.chunk_size = static_cast<std::uint32_t>(file.metadata.integer("imatrix.chunk_size", 0));
  for (const NamedTensor& entry : file.tensors) {
    if (!entry.name.ends_with(sums_suffix)) continue;
    const std::string name = entry.name.substr(0, entry.name.size() - sums_suffix.size());
    const NamedTensor* counts = file.find(name + std::string(counts_suffix));
    if (!counts)
      fail(ErrorCode::invalid_file, "read_importance", "{}: tensor '{}{}' is missing", file.path, name, counts_suffix);
    ColumnImportance importance{floats(file, entry), floats(file, *counts)};
    check(file.path, name, importance);
    matrix.weights.emplace(name, std::move(importance));
  }
  return matrix;
}

}  // namespace

// i32 entries; each i32 length, name, i32 calls, i32 values, f32 values (mean · calls); then i32 chunks, i32 length,
// dataset.
ImportanceMatrix read_importance_dat(const Source& source) {
  Cursor cursor("read_importance", source.path, source.span());
  const auto size = [&](const char* what, std::uint64_t least_bytes) {
    const std::size_t at = cursor.offset();
    const auto n = cursor.read<std::int32_t>(what);
    if (n < 0) cursor.reject(at, what, "{} is negative", n);
    return cursor.count(static_cast<std::uint64_t>(n), least_bytes, what);
  };
  ImportanceMatrix matrix;
  const std::size_t entries = size("number of entries", 12);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string name(cursor.text(size("length of a name", 1), "name"));
    const std::size_t at = cursor.offset();
    const auto calls = cursor.read<std::int32_t>("calls");
    if (calls < 0) cursor.reject(at, "calls", "{} is negative", calls);
    ColumnImportance importance{std::vector<float>(size("number of values", 4)),
                                {static_cast<float>(std::max(calls, 1))}};
    for (float& value : importance.sums) value = cursor.read<float>("value");
    check(source.path, name, importance);
    if (!matrix.weights.emplace(name, std::move(importance)).second) cursor.reject(at, "entry", "'{}' twice", name);
  }
  if (cursor.remaining() >= 4) matrix.chunks = cursor.read<std::uint32_t>("chunks");
  if (cursor.remaining() >= 4)
    matrix.datasets.emplace_back(cursor.text(size("length of the dataset's name", 1), "dataset"));
  return matrix;
}

ImportanceMatrix read_importance(const std::string& path) {
  const Source source = file_at(path);
  constexpr std::string_view magic = "GGUF";
  const auto bytes = source.span();
  const bool gguf = bytes.size() >= 4 && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                    [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
  return gguf ? from_gguf(open_source(source)) : read_importance_dat(source);
}

void write_importance(const std::string& path, const ImportanceMatrix& matrix, const WriteOptions& options) {
  OutputPlan plan;
  plan.metadata.set("general.type", std::string("imatrix"));
  plan.metadata.set("imatrix.datasets", Array{matrix.datasets});
  plan.metadata.set("imatrix.chunk_count", matrix.chunks);
  plan.metadata.set("imatrix.chunk_size", matrix.chunk_size);
  for (const auto& [name, importance] : matrix.weights) {
    const auto experts = static_cast<std::int64_t>(importance.counts.size());
    const auto columns = static_cast<std::int64_t>(importance.sums.size()) / experts;
    const Tensor sums = Tensor::from(std::span<const float>(importance.sums)),
                 counts = Tensor::from(std::span<const float>(importance.counts));
    plan.tensors.push_back(
        OutputTensor::of(name + std::string(sums_suffix), experts == 1 ? sums : sums.view({experts, columns})));
    plan.tensors.push_back(
        OutputTensor::of(name + std::string(counts_suffix), experts == 1 ? counts : counts.view({experts, 1})));
  }
  write_checkpoint(path, "gguf", plan, options);
}

Tensor ImportanceMatrix::of(const std::string& name, const Shape& shape) const {
  const auto found = weights.find(name);
  if (found == weights.end()) return {};
  const auto& [sums, counts] = found->second;
  const std::int64_t columns = shape.empty() ? 0 : shape.back(), total = static_cast<std::int64_t>(sums.size());
  const std::int64_t experts = total == columns ? 1 : shape.rank() == 3 ? shape[0] : 0;
  if (columns == 0 || total != experts * columns || (counts.size() > 1 && std::ssize(counts) != experts))
    fail(ErrorCode::shape_mismatch, "quantize",
         "the importance of '{}' has {} numbers for {} experts, the tensor is {}", name, total, counts.size(),
         to_string(shape));
  Tensor mean = Tensor::empty({total}, DType::f32);
  for (std::int64_t i = 0; i < total; ++i) {
    const float count = counts[counts.size() == 1 ? 0 : static_cast<std::size_t>(i / columns)];
    mean.mutable_data<float>()[i] = count > 0 ? sums[static_cast<std::size_t>(i)] / count : 1;
  }
  return experts == 1 ? mean : mean.view({experts, 1, columns});
}

}  // namespace ingot
