#include "models/weights.h"

#include <charconv>

#include "core/fail.h"
#include "quant/ternary.h"

namespace ingot {

Weights::Found Weights::find(const std::string& name) const {
  const auto other = huggingface_name(architecture_, name);
  if (!other) fail(ErrorCode::internal, "model", "{} has no row '{}'", architecture_.huggingface_class, name);
  if (const Tensor* tensor = checkpoint_.find(name)) return {tensor, name, other->row, false};
  const Tensor* tensor = checkpoint_.find(other->name);
  const bool huggingface = tensor || checkpoint_.documents.contains("config.json");
  return {tensor, huggingface ? other->name : name, other->row, huggingface};
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
  return require(name, name.ends_with(".bias") ? Shape{size_of(found.row->rows, config_)} : found.row->shape(config_));
}

Weights::Found Weights::require_linear(const std::string& name, Tensor& scale) const {
  const Found found = find(name);
  const bool packed = found.tensor && config_.bit_linear == BitLinear::ternary && found.tensor->dtype() == DType::u8;
  if (!packed) return require(name);

  const Shape full = found.row->shape(config_);
  require(name, {(full[0] + 3) / 4, full[1]});
  const std::string scale_name = found.name + "_scale";
  const Tensor* stored = checkpoint_.find(scale_name);
  if (!stored) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, scale_name);
  if (stored->numel() != 1 || !is_floating(stored->dtype()))
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' is {}, one number was expected", checkpoint_.path,
         scale_name, describe(*stored));
  scale = *stored;
  return found;
}

Tensor Weights::count(Tensor tensor) const {
  bytes_ += tensor.nbytes();
  return tensor;
}

Tensor Weights::load(const Found& found) const {
  // Files may hold elements at any byte; a weight is read for every token, so it is aligned once, here.
  Tensor tensor = found.tensor->is_aligned() ? *found.tensor : contiguous(*found.tensor);
  if (found.huggingface && found.row->transform == Transform::plus_one) tensor = add(astype(tensor, DType::f32), 1);
  return tensor;
}

Tensor Weights::get(const std::string& name) const { return count(load(require(name + ".weight"))); }

Tensor Weights::vector(const std::string& name) const { return contiguous(astype(get(name), DType::f32)); }

Linear Weights::linear(const std::string& name) const {
  Linear result;
  Tensor scale;
  const Found found = require_linear(name + ".weight", scale);
  if (found.row->bias) result.bias = count(contiguous(astype(load(require(name + ".bias")), DType::f32)));
  if (config_.bit_linear != BitLinear::none) result.activations = Activations::int8_per_row;
  if (config_.bit_linear == BitLinear::master) {
    result.weight = count(ternarize(load(found), name + ".weight"));
  } else if (scale.defined()) {
    const auto value = static_cast<float>(scale.item());
    result.weight =
        count(unpack_bitnet(*found.tensor, config_.scale_multiplies ? value : 1 / value, found.row->shape(config_)[0]));
  } else {
    result.weight = count(load(found));
  }
  return result;
}

LayerWeights Weights::layer(std::int64_t index) const { return {*this, index}; }

void Weights::check(const TensorRow& row, const std::string& prefix) const {
  const std::string name = prefix + std::string(row.gguf);
  Tensor scale;
  if (row.columns == Axis::none)
    require(name + ".weight");
  else
    require_linear(name + ".weight", scale);
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
