#include "models/weights.h"

#include <charconv>

#include "core/fail.h"
#include "ops/linear_observer.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

const Tensor& shown(const Tensor& weight, const std::string& name, std::size_t expert = 0, std::size_t experts = 1) {
  if (LinearObserver* observer = LinearObserver::current()) observer->loaded(weight, name + ".weight", expert, experts);
  return weight;
}

}  // namespace

Weights::Found Weights::find(const std::string& name) const {
  const auto other = huggingface_name(architecture_, name);
  if (!other) fail(ErrorCode::internal, "model", "{} has no row '{}'", architecture_.huggingface_class, name);
  if (const NamedTensor* tensor = checkpoint_.find(name)) return {tensor, name, other->row, false};
  const bool stacked = other->row->transform == Transform::stacked;
  const std::string usual = stacked ? expert_name(other->name, 0) : other->name;
  const NamedTensor* tensor = checkpoint_.find(usual);
  const std::string_view prefix = architecture_.optional_prefix;
  if (!tensor && !prefix.empty() && usual.starts_with(prefix)) {
    const std::string shorter = usual.substr(prefix.size());
    if ((tensor = checkpoint_.find(shorter))) return {tensor, shorter, other->row, true};
  }
  const bool huggingface = tensor || checkpoint_.documents.contains("config.json");
  return {tensor, huggingface ? usual : name, other->row, huggingface};
}

Weights::Found Weights::require(const std::string& name, const Shape& shape) const {
  Found found = find(name);
  if (!found.tensor) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, found.name);
  if (found.tensor->shape() != shape)
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' has shape {}, the configuration says {}",
         checkpoint_.path, found.name, to_string(found.tensor->shape()), to_string(shape));
  return found;
}

Weights::Found Weights::require(const std::string& name) const {
  const Found found = find(name);
  const Shape shape = found.row->shape(config_);
  if (name.ends_with(".bias")) return require(name, {shape[0]});
  return require(
      name, found.huggingface && found.row->transform == Transform::transposed ? Shape{shape[1], shape[0]} : shape);
}

Tensor Weights::count(Tensor tensor) const {
  bytes_ += tensor.nbytes();
  return tensor;
}

Tensor Weights::load(const Found& found) const {
  // Files may hold elements at any byte; a weight is read for every token, so it is aligned once, here.
  Tensor tensor = found.tensor->whole();
  if (!tensor.is_aligned()) tensor = contiguous(tensor);
  if (!found.huggingface) return tensor;
  if (found.row->transform == Transform::plus_one) return add(astype(tensor, DType::f32), 1);
  if (found.row->transform == Transform::transposed && tensor.rank() == 2)
    return contiguous((tensor.is_quantized() ? dequantize(tensor) : tensor).transpose(0, 1));
  return tensor;
}

Tensor Weights::get(const std::string& name) const { return count(shown(load(require(name + ".weight")), name)); }

Tensor Weights::vector(const std::string& name) const { return contiguous(astype(get(name), DType::f32)); }

Linear Weights::linear(const std::string& name) const {
  Linear result;
  const Found found = require(name + ".weight");
  if (found.row->bias) result.bias = count(contiguous(astype(load(require(name + ".bias")), DType::f32)));
  if (config_.bit_linear != BitLinear::none) result.activations = Activations::int8_per_row;
  const Tensor weight = load(found);
  result.weight = count(config_.bit_linear == BitLinear::master ? ternarize(weight, name + ".weight") : weight);
  shown(result.weight, name);
  return result;
}

LayerNorm Weights::norm(const std::string& name) const {
  const Tensor bias = count(contiguous(astype(load(require(name + ".bias")), DType::f32)));
  return {.weight = vector(name), .bias = bias, .epsilon = config_.norm_epsilon};
}

std::vector<const NamedTensor*> Weights::require_experts(const std::string& name) const {
  const Found found = find(name);
  if (found.tensor && !found.huggingface) return {require(name).tensor};
  const auto other = huggingface_name(architecture_, name);
  const Shape shape{size_of(found.row->rows, config_), size_of(found.row->columns, config_)};
  std::vector<const NamedTensor*> experts;
  for (std::int64_t i = 0; i < config_.experts; ++i) {
    const std::string stored = found.huggingface ? expert_name(other->name, i) : name;
    const NamedTensor* tensor = checkpoint_.find(stored);
    if (!tensor) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, stored);
    if (tensor->shape() != shape)
      fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' has shape {}, the configuration says {}",
           checkpoint_.path, stored, to_string(tensor->shape()), to_string(shape));
    experts.push_back(tensor);
  }
  return experts;
}

std::vector<Tensor> Weights::experts(const std::string& name) const {
  std::vector<Tensor> experts;
  for (const NamedTensor* tensor : require_experts(name + ".weight")) experts.push_back(tensor->whole());
  if (experts[0].rank() == 3) experts = unstack(experts[0]);
  for (Tensor& expert : experts)
    if (!expert.is_aligned()) expert = contiguous(expert);
  bytes_ += experts[0].nbytes() * static_cast<std::size_t>(config_.experts_used);
  return experts;
}

LayerWeights Weights::layer(std::int64_t index) const { return {*this, index}; }

void Weights::check(const TensorRow& row, const std::string& prefix) const {
  const std::string name = prefix + std::string(row.gguf);
  if (row.transform == Transform::stacked)
    require_experts(name + ".weight");
  else
    require(name + ".weight");
  if (row.bias) require(name + ".bias");
}

void Weights::check() const {
  for (const TensorRow& row : architecture_.tensors)
    if (row.gguf != "output" || !config_.tied_embeddings) check(row, "");
  for (std::int64_t i = 0; i < config_.layers; ++i)
    for (const TensorRow& row : architecture_.layer_tensors) check(row, "blk." + std::to_string(i) + ".");
  for (const NamedTensor& entry : checkpoint_.tensors) {
    const auto known = gguf_name(architecture_, entry.name);
    const std::string& name = known ? known->name : entry.name;
    std::int64_t layer = -1;
    if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
    if (layer >= config_.layers)
      fail(ErrorCode::invalid_file, "model", "{}: tensor '{}', but the configuration has {} layers", checkpoint_.path,
           entry.name, config_.layers);
  }
}

}  // namespace ingot
