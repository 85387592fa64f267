#include "models/weights.h"

#include "core/fail.h"
#include "models/names.h"
#include "quant/ternary.h"

namespace ingot {

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

Tensor Weights::get(const std::string& name, const Shape& shape) const {
  std::string stored;
  const Tensor* tensor = find(name, stored);
  if (!tensor) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, stored);
  if (tensor->shape() != shape)
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' has shape {}, the configuration says {}",
         checkpoint_.path, stored, to_string(tensor->shape()), to_string(shape));
  // Files may hold elements at any byte; a weight is read for every token, so it is aligned once, here.
  return count(tensor->is_aligned() ? *tensor : contiguous(*tensor));
}

Tensor Weights::vector(const std::string& name, std::int64_t size) const {
  return contiguous(astype(get(name, {size}), DType::f32));
}

Tensor Weights::linear(const std::string& name, std::int64_t out, std::int64_t in) const {
  if (config_.bit_linear == BitLinear::master) {
    const Tensor master = get(name, {out, in});
    bytes_ -= master.nbytes();
    return count(ternarize(master, name));
  }
  std::string stored;
  const Tensor* tensor = find(name, stored);
  const bool packed = tensor && config_.bit_linear == BitLinear::ternary && tensor->dtype() == DType::u8;
  if (!packed) return get(name, {out, in});

  const Shape expected{(out + 3) / 4, in};
  if (tensor->shape() != expected)
    fail(ErrorCode::shape_mismatch, "model", "{}: packed tensor '{}' has shape {}, the configuration says {}",
         checkpoint_.path, stored, to_string(tensor->shape()), to_string(expected));
  const std::string scale_name = stored + "_scale";
  const Tensor* scale = checkpoint_.find(scale_name);
  if (!scale) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint_.path, scale_name);
  if (scale->numel() != 1 || !is_floating(scale->dtype()))
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' is {}, one number was expected", checkpoint_.path,
         scale_name, describe(*scale));
  const auto value = static_cast<float>(scale->item());
  return count(unpack_bitnet(*tensor, config_.scale_multiplies ? value : 1 / value, out));
}

}  // namespace ingot
