#include "formats/llama2c/llama2c.h"

#include <optional>

#include "core/int128.h"
#include "formats/cursor.h"

namespace ingot::llama2c {
namespace {

constexpr const char* operation = "llama2c";
constexpr std::size_t header_bytes = 7 * sizeof(std::int32_t);

// dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size (negative: a classifier of its own), seq_len.
struct Config {
  std::int64_t dim, hidden, layers, heads, kv_heads, vocabulary, context;
  bool own_classifier;

  std::int64_t head_dim() const { return dim / heads; }
  std::int64_t kv_dim() const { return head_dim() * kv_heads; }
};

Config read_config(Cursor& cursor) {
  Config c{};
  for (std::int64_t* field : {&c.dim, &c.hidden, &c.layers, &c.heads, &c.kv_heads, &c.vocabulary, &c.context})
    *field = cursor.read<std::int32_t>("header");
  c.own_classifier = c.vocabulary < 0;
  if (c.own_classifier) c.vocabulary = -c.vocabulary;
  return c;
}

// What is wrong with the numbers; empty where they make a model.
std::string_view objection(const Config& c) {
  if (c.dim < 1 || c.hidden < 1 || c.layers < 1 || c.heads < 1 || c.kv_heads < 1 || c.vocabulary < 1 || c.context < 1)
    return "sizes that are not positive";
  if (c.dim % c.heads != 0) return "heads that do not divide the model's size";
  if (c.heads % c.kv_heads != 0) return "key-value heads that do not divide the heads";
  if (c.head_dim() % 2 != 0) return "heads of an odd size, which cannot be rotated";
  return {};
}

// Bytes of a file with these numbers. Factors are below 2³¹, so that 128 bits hold every sum.
UInt128 implied_bytes(const Config& c) {
  const auto wide = [](std::int64_t x) { return static_cast<UInt128>(x); };
  const UInt128 layer = 2 * wide(c.dim) + 2 * wide(c.dim) * wide(c.dim) + 2 * wide(c.dim) * wide(c.kv_dim()) +
                        3 * wide(c.dim) * wide(c.hidden);
  const UInt128 rotations = wide(c.context) * wide(c.head_dim());  // freq_cis_real and _imag, half a head each
  const UInt128 embeddings = (c.own_classifier ? 2 : 1) * wide(c.vocabulary) * wide(c.dim);
  return header_bytes + sizeof(float) * (embeddings + wide(c.layers) * layer + wide(c.dim) + rotations);
}

Metadata metadata_of(const Config& c) {
  Metadata m;
  const auto set = [&](const char* key, std::int64_t value) { m.set(key, static_cast<std::uint32_t>(value)); };
  m.set("general.architecture", std::string("llama"));
  set("llama.vocab_size", c.vocabulary);
  set("llama.context_length", c.context);
  set("llama.embedding_length", c.dim);
  set("llama.block_count", c.layers);
  set("llama.feed_forward_length", c.hidden);
  set("llama.attention.head_count", c.heads);
  set("llama.attention.head_count_kv", c.kv_heads);
  set("llama.rope.dimension_count", c.head_dim());
  // Constants of llama2.c's run.c; the file does not hold them.
  m.set("llama.rope.freq_base", 10000.0f);
  m.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  return m;
}

}  // namespace

bool probe(const Source& source) {
  if (source.is_directory() || source.bytes->size() < header_bytes) return false;
  Cursor cursor(operation, source.path, source.span());
  const Config c = read_config(cursor);
  return objection(c).empty() && implied_bytes(c) == source.bytes->size();
}

Checkpoint open(const Source& source, const OpenOptions&) {
  Cursor cursor(operation, source.path, source.span());
  const Config c = read_config(cursor);
  if (const auto why = objection(c); !why.empty()) cursor.reject(0, "header", "{}", why);
  if (const UInt128 bytes = implied_bytes(c); bytes != source.bytes->size()) {
    const auto shown = bytes > UINT64_MAX ? "more than 2^64" : std::to_string(static_cast<std::uint64_t>(bytes));
    cursor.reject(0, "header", "it implies a file of {} bytes, found {}", shown, source.bytes->size());
  }

  Checkpoint checkpoint;
  checkpoint.path = source.path;
  checkpoint.format = "llama2c";
  checkpoint.files.push_back(source.path);
  checkpoint.metadata = metadata_of(c);

  const auto take = [&](std::string name, const Shape& shape) {
    const std::size_t offset = cursor.offset();
    cursor.take(static_cast<std::uint64_t>(shape.numel()) * sizeof(float), name);
    checkpoint.add({std::move(name), Tensor::view_of(source.bytes, offset, shape, DType::f32), 0, offset});
  };
  // All layers of a kind lie together.
  const auto take_layers = [&](const char* name, const Shape& shape) {
    for (std::int64_t layer = 0; layer < c.layers; ++layer) take(fmt::format("blk.{}.{}.weight", layer, name), shape);
  };
  take("token_embd.weight", {c.vocabulary, c.dim});
  take_layers("attn_norm", {c.dim});
  take_layers("attn_q", {c.dim, c.dim});
  take_layers("attn_k", {c.kv_dim(), c.dim});
  take_layers("attn_v", {c.kv_dim(), c.dim});
  take_layers("attn_output", {c.dim, c.dim});
  take_layers("ffn_norm", {c.dim});
  take_layers("ffn_gate", {c.hidden, c.dim});
  take_layers("ffn_down", {c.dim, c.hidden});
  take_layers("ffn_up", {c.hidden, c.dim});
  take("output_norm.weight", {c.dim});
  // Tables of cosines and sines, which are computed today.
  cursor.take(static_cast<std::uint64_t>(c.context * c.head_dim()) * sizeof(float), "freq_cis");
  if (c.own_classifier) take("output.weight", {c.vocabulary, c.dim});
  return checkpoint;
}

}  // namespace ingot::llama2c
