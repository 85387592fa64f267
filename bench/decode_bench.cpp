// Decoding with a synthetic Llama of 1.1 B parameters: tokens/s, and bytes of weights per second as a share of the
// speed at which the same memory can be read, both measured in turn in one run.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

#include "bandwidth.h"
#include "ingot/device.h"
#include "ingot/model.h"

namespace ingot::bench {
namespace {

ModelConfig tiny_llama_shape() {
  ModelConfig config;
  config.architecture = "llama";
  config.vocab_size = 32000;
  config.hidden_size = 2048;
  config.layers = 22;
  config.heads = 32;
  config.kv_heads = 4;
  config.head_size = config.rope_size = 64;
  config.ffn_size = 5632;
  config.context_length = 2048;
  return config;
}

// Weights of one scheme: every tensor has memory of its own, so that a token finds none of them in a cache.
class SyntheticWeights {
 public:
  explicit SyntheticWeights(Scheme scheme) : encoding_(Encoding::of(scheme)) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, 0.02f);
    std::vector<float> values(std::size_t{256} * 2048);
    for (float& x : values) x = normal(generator);
    pattern_ = quantize(Tensor::from(std::span<const float>(values), Shape{256, 2048}), scheme);
  }

  Checkpoint checkpoint(const ModelConfig& c) const {
    Checkpoint result;
    result.path = "synthetic";
    const auto matrix = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
      result.add({.name = name, .tensor = make(rows, columns)});
    };
    const auto vector = [&](const std::string& name) {
      result.add({.name = name, .tensor = Tensor::full({c.hidden_size}, 1)});
    };
    for (std::int64_t i = 0; i < c.layers; ++i) {
      const std::string block = "blk." + std::to_string(i) + ".";
      vector(block + "attn_norm.weight");
      matrix(block + "attn_q.weight", c.heads * c.head_size, c.hidden_size);
      matrix(block + "attn_k.weight", c.kv_heads * c.head_size, c.hidden_size);
      matrix(block + "attn_v.weight", c.kv_heads * c.head_size, c.hidden_size);
      matrix(block + "attn_output.weight", c.hidden_size, c.heads * c.head_size);
      vector(block + "ffn_norm.weight");
      matrix(block + "ffn_gate.weight", c.ffn_size, c.hidden_size);
      matrix(block + "ffn_up.weight", c.ffn_size, c.hidden_size);
      matrix(block + "ffn_down.weight", c.hidden_size, c.ffn_size);
    }
    vector("output_norm.weight");
    matrix("token_embd.weight", c.vocab_size, c.hidden_size);
    matrix("output.weight", c.vocab_size, c.hidden_size);
    return result;
  }

 private:
  Tensor make(std::int64_t rows, std::int64_t columns) const {
    const SchemeInfo& scheme = info(encoding_->scheme());
    const auto bytes = static_cast<std::size_t>(rows * columns / scheme.block_elements * scheme.block_bytes);
    Ref<Storage> storage = Storage::allocate(bytes);
    std::byte* data = storage->mutable_data();
    const std::size_t step = pattern_.nbytes();
    for (std::size_t at = 0; at < bytes; at += step)
      std::memcpy(data + at, pattern_.bytes(), std::min(step, bytes - at));
    return Tensor::view_of(std::move(storage), 0, {rows, columns}, encoding_);
  }

  Ref<const Encoding> encoding_;
  Tensor pattern_;
};

template <class F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void measure(Scheme scheme) {
  const ModelConfig config = tiny_llama_shape();
  const Checkpoint checkpoint = SyntheticWeights(scheme).checkpoint(config);
  const auto model = Model::load(checkpoint, config);
  std::vector<Range> weights;
  for (const NamedTensor& entry : checkpoint.tensors)
    if (entry.name != "token_embd.weight") weights.push_back({entry.tensor.bytes(), entry.tensor.nbytes()});
  const auto bytes = static_cast<double>(model->weight_bytes());

  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    KvCache cache(config, 128);
    std::vector<std::int32_t> prompt(32);
    for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<std::int32_t>(i * 7 + 1);
    const double prefill = seconds([&] { model->forward(prompt, cache); });
    std::vector<double> token_times, read_times;
    for (std::int32_t i = 0; i < 24; ++i) {
      token_times.push_back(seconds([&] { model->forward(std::span(&i, 1), cache); }));
      read_times.push_back(seconds([&] { read_all(weights); }));
    }
    const double token = median(token_times), read = median(read_times);
    fmt::print(
        "{:<5} {} thread{}: {:6.2f} tokens/s, {:5.2f} GB/s of weights, {:3.0f} % of {:5.2f} GB/s read; prompt {:6.1f} "
        "tokens/s\n",
        to_string(scheme), threads, threads == 1 ? " " : "s", 1 / token, bytes / token * 1e-9, 100 * read / token,
        bytes / read * 1e-9, static_cast<double>(prompt.size()) / prefill);
  }
}

}  // namespace
}  // namespace ingot::bench

int main() {
  using namespace ingot;
  fmt::print("{}, {}\n", capabilities(cpu_device).name, capabilities(cpu_device).instruction_set);
  for (const Scheme scheme : {Scheme::q8_0, Scheme::q4_0, Scheme::tq2_0}) bench::measure(scheme);
}
