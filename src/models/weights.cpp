#include "models/weights.h"

#include <charconv>

#include "core/fail.h"
#include "models/names.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

/// f(member, name, shape) for every tensor of a layer; matrices are linear layers (out, in).
template <class F>
void each_of_layer(const ModelConfig& c, std::int64_t index, F&& f) {
  const std::int64_t q = c.heads * c.head_size, kv = c.kv_heads * c.head_size;
  const auto visit = [&](Tensor LayerWeights::* member, const char* name, const Shape& shape) {
    f(member, "blk." + std::to_string(index) + "." + name + ".weight", shape);
  };
  visit(&LayerWeights::attn_norm, "attn_norm", {c.hidden_size});
  visit(&LayerWeights::wq, "attn_q", {q, c.hidden_size});
  visit(&LayerWeights::wk, "attn_k", {kv, c.hidden_size});
  visit(&LayerWeights::wv, "attn_v", {kv, c.hidden_size});
  visit(&LayerWeights::wo, "attn_output", {c.hidden_size, q});
  visit(&LayerWeights::ffn_norm, "ffn_norm", {c.hidden_size});
  visit(&LayerWeights::gate, "ffn_gate", {c.ffn_size, c.hidden_size});
  visit(&LayerWeights::up, "ffn_up", {c.ffn_size, c.hidden_size});
  visit(&LayerWeights::down, "ffn_down", {c.hidden_size, c.ffn_size});
  if (!c.is_bitnet()) return;
  visit(&LayerWeights::attn_sub_norm, "attn_sub_norm", {q});
  visit(&LayerWeights::ffn_sub_norm, "ffn_sub_norm", {c.ffn_size});
}

}  // namespace

const Tensor* Weights::find(const std::string& name, std::string& stored_name) const {
  stored_name = name;
  if (const Tensor* tensor = checkpoint_.find(name)) return tensor;
  for (const bool old_bitnet : {false, true})
    if (const auto alias = huggingface_name(name, old_bitnet))
      if (const Tensor* tensor = checkpoint_.find(*alias)) {
        stored_name = *alias;
        return tensor;
      }
  if (checkpoint_.documents.contains("config.json")) stored_name = huggingface_name(name).value_or(name);
  return nullptr;
}

Tensor Weights::count(Tensor tensor) const {
  bytes_ += tensor.nbytes();
  return tensor;
}

const Tensor& Weights::require(const std::string& name, const Shape& shape) const {
  std::string stored;
  const Tensor* tensor = find(name, stored);
  if (!tensor) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, stored);
  if (tensor->shape() != shape)
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' has shape {}, the configuration says {}",
         checkpoint_.path, stored, to_string(tensor->shape()), to_string(shape));
  return *tensor;
}

Tensor Weights::get(const std::string& name, const Shape& shape) const {
  const Tensor& tensor = require(name, shape);
  // Files may hold elements at any byte; a weight is read for every token, so it is aligned once, here.
  return count(tensor.is_aligned() ? tensor : contiguous(tensor));
}

Tensor Weights::vector(const std::string& name, std::int64_t size) const {
  return contiguous(astype(get(name, {size}), DType::f32));
}

const Tensor& Weights::require_linear(const std::string& name, std::int64_t out, std::int64_t in, Tensor& scale) const {
  std::string stored;
  const Tensor* tensor = find(name, stored);
  const bool packed = tensor && config_.bit_linear == BitLinear::ternary && tensor->dtype() == DType::u8;
  if (!packed) return require(name, {out, in});

  const Shape expected{(out + 3) / 4, in};
  if (tensor->shape() != expected)
    fail(ErrorCode::shape_mismatch, "model", "{}: packed tensor '{}' has shape {}, the configuration says {}",
         checkpoint_.path, stored, to_string(tensor->shape()), to_string(expected));
  const std::string scale_name = stored + "_scale";
  const Tensor* found = checkpoint_.find(scale_name);
  if (!found) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, scale_name);
  if (found->numel() != 1 || !is_floating(found->dtype()))
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' is {}, one number was expected", checkpoint_.path,
         scale_name, describe(*found));
  scale = *found;
  return *tensor;
}

Tensor Weights::linear(const std::string& name, std::int64_t out, std::int64_t in) const {
  if (config_.bit_linear == BitLinear::master) {
    const Tensor master = get(name, {out, in});
    bytes_ -= master.nbytes();
    return count(ternarize(master, name));
  }
  Tensor scale;
  const Tensor& weight = require_linear(name, out, in, scale);
  if (!scale.defined()) return get(name, {out, in});
  const auto value = static_cast<float>(scale.item());
  return count(unpack_bitnet(weight, config_.scale_multiplies ? value : 1 / value, out));
}

LayerWeights Weights::layer(std::int64_t index) const {
  LayerWeights weights;
  each_of_layer(config_, index, [&](Tensor LayerWeights::* member, const std::string& name, const Shape& shape) {
    weights.*member = shape.rank() == 1 ? vector(name, shape[0]) : linear(name, shape[0], shape[1]);
  });
  return weights;
}

void Weights::check() const {
  const ModelConfig& c = config_;
  require("token_embd.weight", {c.vocab_size, c.hidden_size});
  require("output_norm.weight", {c.hidden_size});
  if (!c.tied_embeddings) require("output.weight", {c.vocab_size, c.hidden_size});
  for (std::int64_t i = 0; i < c.layers; ++i)
    each_of_layer(c, i, [&](Tensor LayerWeights::*, const std::string& name, const Shape& shape) {
      Tensor scale;
      if (shape.rank() == 1)
        require(name, shape);
      else
        require_linear(name, shape[0], shape[1], scale);
    });
  for (const NamedTensor& entry : checkpoint_.tensors) {
    const std::string name = gguf_name(entry.name).value_or(entry.name);
    std::int64_t layer = -1;
    if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
    if (layer >= c.layers)
      fail(ErrorCode::invalid_file, "model", "{}: tensor '{}', but the configuration has {} layers", checkpoint_.path,
           entry.name, c.layers);
  }
}

}  // namespace ingot
