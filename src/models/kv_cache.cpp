#include "core/fail.h"
#include "ingot/model.h"

namespace ingot {

KvCache::KvCache(const ModelConfig& config, std::int64_t capacity) : capacity_(capacity) {
  if (capacity < 1 || capacity > config.context_length)
    fail(ErrorCode::invalid_argument, "KvCache",
         "capacity {}: 1 … {} are possible, the context the model was trained on", capacity, config.context_length);
  const Shape shape{config.kv_heads, capacity, config.head_size};
  for (std::int64_t i = 0; i < config.layers; ++i)
    layers_.push_back({Tensor::empty(shape, DType::f32), Tensor::empty(shape, DType::f32)});
}

void KvCache::truncate(std::int64_t length) {
  if (length < 0 || length > length_)
    fail(ErrorCode::out_of_range, "KvCache::truncate", "{} of {} positions", length, length_);
  length_ = length;
}

KvCache::Layer KvCache::append(std::size_t layer, const Tensor& keys, const Tensor& values) {
  const std::int64_t end = length_ + keys.size(1);
  if (end > capacity_)
    fail(ErrorCode::invalid_argument, "KvCache", "{} positions do not fit a cache of {}", end, capacity_);
  const Layer& stored = layers_.at(layer);
  copy_(stored.keys.slice(1, length_, end), keys);
  copy_(stored.values.slice(1, length_, end), values);
  return {stored.keys.slice(1, 0, end), stored.values.slice(1, 0, end)};
}

}  // namespace ingot
