#include <cstdlib>
#include <numeric>

#include "support/bytes.h"
#include "support/paths.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

using test::Bytes;
using test::expect_invalid;
using test::source_of;
using test::values_of;

struct Sizes {
  std::int32_t dim = 8, hidden = 12, layers = 2, heads = 4, kv_heads = 2, vocabulary = 5, context = 6;
};

// Weights are counted from 0 in file order, so that a value names its place.
std::string checkpoint(const Sizes& s, std::int64_t extra = 0) {
  Bytes out;
  for (const std::int32_t x : {s.dim, s.hidden, s.layers, s.heads, s.kv_heads, s.vocabulary, s.context}) out.number(x);
  const std::int64_t vocabulary = std::abs(s.vocabulary), head = s.dim / s.heads, kv = head * s.kv_heads;
  // run.c skips context * head / 2 numbers twice.
  std::int64_t floats = vocabulary * s.dim + s.dim + 2 * (s.context * head / 2);
  floats += s.layers * (2 * s.dim + 2 * s.dim * s.dim + 2 * kv * s.dim + 3 * s.hidden * s.dim);
  if (s.vocabulary < 0) floats += vocabulary * s.dim;
  for (std::int64_t i = 0; i < floats + extra; ++i) out.f32(static_cast<float>(i));
  return out.text();
}

TEST(Llama2c, TensorsLieWhereTheWriterPutThem) {
  for (const bool own : {false, true}) {
    Sizes sizes;
    if (own) sizes.vocabulary = -5;
    const std::string bytes = checkpoint(sizes);
    const Source source = source_of(bytes, "model.bin");
    const Checkpoint c = open_source(source);
    EXPECT_EQ(c.format, "llama2c");
    EXPECT_EQ(c.tensors.size(), own ? 21u : 20u);
    std::int64_t at = 0;
    const auto check = [&](const std::string& name, const Shape& shape) {
      const Tensor& t = c.get(name);
      EXPECT_EQ(t.shape(), shape) << name;
      EXPECT_EQ(t.bytes(), source.bytes->data() + 28 + 4 * at) << name;
      EXPECT_EQ(values_of<float>(t)[0], static_cast<float>(at)) << name;
      at += shape.numel();
    };
    // The order of llama2.c's export: all layers of a kind together.
    check("token_embd.weight", {5, 8});
    check("blk.0.attn_norm.weight", {8});
    check("blk.1.attn_norm.weight", {8});
    check("blk.0.attn_q.weight", {8, 8});
    check("blk.1.attn_q.weight", {8, 8});
    check("blk.0.attn_k.weight", {4, 8});
    check("blk.1.attn_k.weight", {4, 8});
    check("blk.0.attn_v.weight", {4, 8});
    check("blk.1.attn_v.weight", {4, 8});
    check("blk.0.attn_output.weight", {8, 8});
    check("blk.1.attn_output.weight", {8, 8});
    check("blk.0.ffn_norm.weight", {8});
    check("blk.1.ffn_norm.weight", {8});
    check("blk.0.ffn_gate.weight", {12, 8});
    check("blk.1.ffn_gate.weight", {12, 8});
    check("blk.0.ffn_down.weight", {8, 12});
    check("blk.1.ffn_down.weight", {8, 12});
    check("blk.0.ffn_up.weight", {12, 8});
    check("blk.1.ffn_up.weight", {12, 8});
    check("output_norm.weight", {8});
    at += 6 * 2;  // freq_cis: 6 positions, one cosine and one sine for each pair of the head of two
    if (own) check("output.weight", {5, 8});
    EXPECT_EQ(28 + 4 * static_cast<std::size_t>(at), bytes.size());

    const Metadata& m = c.metadata;
    EXPECT_EQ(m.string("general.architecture"), "llama");
    EXPECT_EQ(m.integer("llama.embedding_length"), 8);
    EXPECT_EQ(m.integer("llama.feed_forward_length"), 12);
    EXPECT_EQ(m.integer("llama.block_count"), 2);
    EXPECT_EQ(m.integer("llama.attention.head_count"), 4);
    EXPECT_EQ(m.integer("llama.attention.head_count_kv"), 2);
    EXPECT_EQ(m.integer("llama.context_length"), 6);
    EXPECT_EQ(m.integer("llama.vocab_size"), 5);
    EXPECT_EQ(m.integer("llama.rope.dimension_count"), 2);
    EXPECT_EQ(m.number("llama.rope.freq_base"), 10000);
    EXPECT_EQ(m.number("llama.attention.layer_norm_rms_epsilon"), 1e-5f);
  }
}

TEST(Llama2c, OnlyTheExactSizeIsRecognised) {
  for (const std::int64_t extra : {-1, 1}) expect_invalid(checkpoint({}, extra), {"not a weight file"});
  expect_invalid(checkpoint({}).substr(0, 27), {"not a weight file"});
}

TEST(Llama2c, ImplausibleHeadersAreNotRecognised) {
  const auto refused = [](const Sizes& sizes) {
    const std::string whole = checkpoint({});
    Bytes header;
    for (const std::int32_t x :
         {sizes.dim, sizes.hidden, sizes.layers, sizes.heads, sizes.kv_heads, sizes.vocabulary, sizes.context})
      header.number(x);
    expect_invalid(header.text() + whole.substr(28), {"not a weight file"});
    // Nor where the file is as long as the numbers say.
    if (sizes.heads > 0 && sizes.dim < 100) expect_invalid(checkpoint(sizes), {"not a weight file"});
  };
  refused({.dim = 0});
  refused({.dim = -8});
  refused({.hidden = 0});
  refused({.layers = 0});
  refused({.heads = 0});
  refused({.heads = 3});
  refused({.heads = 3, .kv_heads = 3});
  refused({.kv_heads = 0});
  refused({.kv_heads = 3});
  refused({.vocabulary = 0});
  refused({.context = 0});
  refused({.heads = 8, .kv_heads = 8});  // heads of one number cannot be rotated
  constexpr std::int32_t most = 0x7FFFFFFF;
  refused({.dim = most - 1,
           .hidden = most,
           .layers = most,
           .heads = 1,
           .kv_heads = 1,
           .vocabulary = most,
           .context = most});
  refused({.dim = 1 << 30, .heads = 1, .kv_heads = 1, .vocabulary = -most - 1});
  // 4·dim·(vocabulary + layers·(2 + 4·dim + 3·hidden) + 1 + context) is a multiple of 2⁶⁴: in 64 bits the header alone
  // would be the whole file.
  Bytes wraps;
  for (const std::int32_t x : {1 << 30, 1, 1, 1, 1, most, most - 4}) wraps.number(x);
  expect_invalid(wraps.text(), {"not a weight file"});
}

TEST(Llama2c, ReadsARealModel) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Checkpoint c = open_checkpoint(path);
  EXPECT_EQ(c.format, "llama2c");
  EXPECT_EQ(c.get("blk.4.ffn_down.weight").shape(), (Shape{64, 172}));
  EXPECT_EQ(c.metadata.integer("llama.attention.head_count_kv"), 4);
  EXPECT_EQ(c.find("output.weight"), nullptr);
}

}  // namespace
}  // namespace ingot
