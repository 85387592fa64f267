#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "core/fail.h"
#include "formats/huggingface/quantized/quantized.h"
#include "formats/utf8.h"

namespace ingot::huggingface {
namespace quantized {
namespace {

struct Method {
  std::string_view name;
  Reader read;
};

constexpr Method methods[] = {
    // also in read_quantization of models/config_huggingface.cpp
    {"awq", read_awq},
    {"bitnet", read_bitnet},
    {"bitsandbytes", read_bitsandbytes},
    {"compressed-tensors", read_compressed},
    {"fbgemm_fp8", read_fp8},
    {"fp8", read_fp8},
    {"gptq", read_gptq},
};

}  // namespace

const NamedTensor& Tensors::need(const std::string& name, const NamedTensor& first) const {
  if (const NamedTensor* found = find(name)) return *found;
  reject(first, fmt::format("tensor {} is missing beside it", printable(name)));
}

void Tensors::check_plain(const NamedTensor& part, std::initializer_list<DType> dtypes) const {
  if (part.tensor.is_quantized() || std::find(dtypes.begin(), dtypes.end(), part.dtype()) == dtypes.end()) {
    std::string expected;
    for (const DType dtype : dtypes) expected += (expected.empty() ? "" : " or ") + std::string(to_string(dtype));
    reject(part, fmt::format("{}, {} was expected", describe(part.tensor), expected));
  }
  if (!part.tensor.is_contiguous()) reject(part, "its elements do not lie one behind the other");
}

void Tensors::check(const NamedTensor& part, std::initializer_list<DType> dtypes, const Shape& shape) const {
  check_plain(part, dtypes);
  if (part.shape() != shape)
    reject(part, fmt::format("shape {}, {} was expected", to_string(part.shape()), to_string(shape)));
}

void Tensors::check_rank(const NamedTensor& part, std::initializer_list<DType> dtypes, int rank) const {
  check_plain(part, dtypes);
  if (part.shape().rank() != rank)
    reject(part, fmt::format("shape {}, {} dimensions were expected", to_string(part.shape()), rank));
}

void Tensors::reject(const NamedTensor& part, std::string_view what) const {
  fail(ErrorCode::invalid_file, "huggingface", "{}: {}, tensor {}: {}", checkpoint_.path, config_.method,
       printable(part.name), what);
}

std::optional<std::string> stem_of(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix) || name.size() == suffix.size()) return {};
  return std::string(name.substr(0, name.size() - suffix.size()));
}

std::string scheme_text(std::string_view method, int bits, std::int64_t group_size) {
  return group_size > 0 ? fmt::format("{} {}-bit, group {}", method, bits, group_size)
                        : fmt::format("{} {}-bit, per channel", method, bits);
}

std::shared_ptr<const std::vector<std::int32_t>> listed_groups(const Tensors& tensors, const NamedTensor& list,
                                                               std::int64_t groups) {
  const auto count = static_cast<std::size_t>(list.tensor.numel());
  auto numbers = std::make_shared<std::vector<std::int32_t>>(count);
  std::memcpy(numbers->data(), list.tensor.bytes(), sizeof(std::int32_t) * count);
  for (std::size_t k = 0; k < count; ++k)
    if ((*numbers)[k] < 0 || (*numbers)[k] >= groups)
      tensors.reject(list, fmt::format("input {} is of group {}, but there are {} groups", k, (*numbers)[k], groups));
  return numbers;
}

NamedTensor composed(std::string name, Composite composite) {
  return {.name = std::move(name), .composite = std::make_shared<const Composite>(std::move(composite))};
}

}  // namespace quantized

void assemble_quantized(Checkpoint& checkpoint) {
  using namespace quantized;
  std::optional<Config> config;
  try {
    config = read_config(checkpoint);
  } catch (const NotImplemented& error) {
    checkpoint.notes.push_back(error.message() + ": its parts stand as tensors of their own");
    return;
  }
  if (!config) return;
  const auto method = std::find_if(std::begin(methods), std::end(methods),
                                   [&](const Method& candidate) { return candidate.name == config->method; });
  if (method == std::end(methods)) {
    checkpoint.notes.push_back(fmt::format(
        "{}: quant_method '{}' is not built: its parts stand as tensors of their own", config->where, config->method));
    return;
  }
  const Tensors tensors(checkpoint, *config);
  std::vector<NamedTensor> weights;
  std::unordered_set<std::string_view> parts;  // of names in checkpoint.tensors, which live until the end
  for (const NamedTensor& entry : checkpoint.tensors)
    if (auto weight = method->read(tensors, entry)) {
      for (const NamedTensor& part : weight->composite->parts) parts.insert(checkpoint.find(part.name)->name);
      weights.push_back(std::move(*weight));
    }
  std::vector<NamedTensor> all;
  auto next = weights.begin();
  for (const NamedTensor& entry : checkpoint.tensors) {
    if (next != weights.end() && next->composite->parts.front().name == entry.name) {
      next->file = entry.file;
      next->offset = entry.offset;
      all.push_back(std::move(*next++));
    } else if (!parts.contains(entry.name)) {
      all.push_back(entry);
    }
  }
  checkpoint.replace(std::move(all));
}

}  // namespace ingot::huggingface
