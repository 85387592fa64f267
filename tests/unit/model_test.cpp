// Logits against those that transformers computed (tools/make_goldens.py), and what surrounds a forward pass.
#include "ingot/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "ingot/tools.h"
#include "support/paths.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

std::string golden(const std::string& name) { return (test::source_tree() / "tests/golden" / name).string(); }

/// The larger one; NaN is larger than anything.
double worse(double a, double b) { return std::isnan(b) ? HUGE_VAL : std::max(a, b); }

struct Expected {
  std::vector<std::int32_t> tokens;
  Tensor logits;
  double deviation = 0;  // standard deviation of the logits

  explicit Expected(const std::string& name) {
    const Checkpoint file = open_checkpoint(golden(name) + "/golden.safetensors");
    const Tensor ids = contiguous(file.get("tokens"));
    for (std::int64_t i = 0; i < ids.numel(); ++i)
      tokens.push_back(static_cast<std::int32_t>(ids.data<std::int64_t>()[i]));
    logits = contiguous(file.get("logits"));
    double sum = 0, squares = 0;
    const auto n = static_cast<double>(logits.numel());
    for (std::int64_t i = 0; i < logits.numel(); ++i) {
      const double x = logits.data<float>()[i];
      sum += x, squares += x * x;
    }
    deviation = std::sqrt(squares / n - sum / n * (sum / n));
  }

  /// Largest difference in units of the logits' deviation.
  double difference(const Tensor& actual, std::int64_t first_row = 0) const {
    const Tensor rows = contiguous(logits.slice(0, first_row, first_row + actual.size(0)));
    double largest = 0;
    for (std::int64_t i = 0; i < rows.numel(); ++i)
      largest = worse(largest, std::fabs(double{rows.data<float>()[i]} - actual.data<float>()[i]));
    return largest / deviation;
  }
};

double prefill_difference(const Checkpoint& checkpoint, const ModelConfig& config, const Expected& expected) {
  const auto model = Model::load(checkpoint, config);
  KvCache cache(model->config(), static_cast<std::int64_t>(expected.tokens.size()));
  return expected.difference(model->forward(expected.tokens, cache, LogitsOf::all));
}

constexpr double limit = 1e-4;

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, LogitsAreWideEnoughToCompare) { EXPECT_GE(Expected(GetParam()).deviation, 1); }

TEST_P(Golden, Prefill) {
  const Expected expected(GetParam());
  const Checkpoint checkpoint = open_checkpoint(golden(GetParam()));
  EXPECT_LE(prefill_difference(checkpoint, ModelConfig::from(checkpoint), expected), limit);
}

TEST_P(Golden, TokenByTokenWithTheCache) {
  const Expected expected(GetParam());
  const auto model = Model::load(open_checkpoint(golden(GetParam())));
  KvCache cache(model->config(), static_cast<std::int64_t>(expected.tokens.size()));
  for (std::size_t i = 0; i < expected.tokens.size(); ++i) {
    const Tensor logits = model->forward(std::span(&expected.tokens[i], 1), cache);
    EXPECT_LE(expected.difference(logits, static_cast<std::int64_t>(i)), limit) << "position " << i;
  }
}

TEST_P(Golden, PrefillInTwoPieces) {
  const Expected expected(GetParam());
  const auto model = Model::load(open_checkpoint(golden(GetParam())));
  KvCache cache(model->config(), static_cast<std::int64_t>(expected.tokens.size()));
  const std::span<const std::int32_t> tokens(expected.tokens);
  EXPECT_LE(expected.difference(model->forward(tokens.first(7), cache, LogitsOf::all)), limit);
  EXPECT_LE(expected.difference(model->forward(tokens.subspan(7), cache, LogitsOf::all), 7), limit);
}

// As convert writes it, and back: the same logits from every file.
TEST_P(Golden, ThroughGgufAndBack) {
  const Expected expected(GetParam());
  const test::TemporaryDirectory directory;
  const auto convert = [&](const std::string& from, const std::string& to, const char* format) {
    ConvertOptions options;
    options.to = format;
    ConversionReport report;
    write_checkpoint(to, format, plan_convert(open_checkpoint(from), options, report));
    EXPECT_TRUE(report.dropped.empty());
    const Checkpoint checkpoint = open_checkpoint(to);
    EXPECT_LE(prefill_difference(checkpoint, ModelConfig::from(checkpoint), expected), limit) << format;
  };
  convert(golden(GetParam()), directory / "model.gguf", "gguf");
  convert(directory / "model.gguf", directory / "back", "huggingface");
}

TEST_P(Golden, CatchesASwappedRope) {
  const Expected expected(GetParam());
  const Checkpoint checkpoint = open_checkpoint(golden(GetParam()));
  ModelConfig config = ModelConfig::from(checkpoint);
  if (config.rope_size == 0) GTEST_SKIP() << config.architecture << " has rows for its positions";
  config.rope_layout = RopeLayout::interleaved;
  EXPECT_GT(prefill_difference(checkpoint, config, expected), 100 * limit);
}

TEST_P(Golden, CatchesAWrongEpsilon) {
  const Expected expected(GetParam());
  const Checkpoint checkpoint = open_checkpoint(golden(GetParam()));
  ModelConfig config = ModelConfig::from(checkpoint);
  config.norm_epsilon *= 100;
  EXPECT_GT(prefill_difference(checkpoint, config, expected), limit);
}

INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         testing::Values("llama-gqa-llama3", "llama-linear-tied", "llama-headdim", "mistral",
                                         "mistral-window", "bitnet-2b4t", "bitnet-2b4t-packed",
                                         "bitnet-packed-bitlinear", "bitnet-silu", "qwen2", "qwen3", "gemma", "gemma2",
                                         "gemma3", "phi3", "phi3-longrope", "mixtral", "qwen3-moe",
                                         "qwen3-moe-unnormalized", "gpt2", "gpt2-inner"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Heads of q dealt to key heads in turn (h mod Hkv) instead of in groups (h / (H/Hkv)): the same as moving q's rows
// and o's columns.
Checkpoint with_wrong_grouping(const Checkpoint& original, const ModelConfig& config) {
  Checkpoint changed;
  changed.path = original.path;
  changed.documents = original.documents;
  const std::int64_t group = config.heads / config.kv_heads;
  for (const NamedTensor& entry : original.tensors) {
    NamedTensor copy = entry;
    const bool q = entry.name.ends_with("q_proj.weight");
    if (q)
      copy.tensor = reshape(entry.tensor.view({group, config.kv_heads, config.head_size, -1}).transpose(0, 1),
                            entry.tensor.shape());
    if (entry.name.ends_with("o_proj.weight"))
      copy.tensor = reshape(entry.tensor.view({-1, group, config.kv_heads, config.head_size}).transpose(1, 2),
                            entry.tensor.shape());
    changed.add(std::move(copy));
  }
  return changed;
}

TEST(Model, ComparisonCatchesAWrongHeadGrouping) {
  for (const char* name : {"llama-gqa-llama3", "mistral"}) {
    const Expected expected(name);
    const Checkpoint checkpoint = open_checkpoint(golden(name));
    const ModelConfig config = ModelConfig::from(checkpoint);
    EXPECT_GT(prefill_difference(with_wrong_grouping(checkpoint, config), config, expected), 100 * limit) << name;
  }
}

TEST(Model, ComparisonCatchesMissingRopeScalingAndWindow) {
  for (const char* name : {"llama-gqa-llama3", "llama-linear-tied"}) {
    const Checkpoint checkpoint = open_checkpoint(golden(name));
    ModelConfig config = ModelConfig::from(checkpoint);
    config.rope_scaling = {};
    EXPECT_GT(prefill_difference(checkpoint, config, Expected(name)), 100 * limit) << name;
  }
  const Checkpoint checkpoint = open_checkpoint(golden("mistral-window"));
  ModelConfig config = ModelConfig::from(checkpoint);
  config.sliding_window = 0;
  EXPECT_GT(prefill_difference(checkpoint, config, Expected("mistral-window")), 100 * limit);
}

// Each line takes away one thing that the architecture adds to a Llama.
TEST(Model, ComparisonCatchesWhatArchitecturesAdd) {
  struct Change {
    const char* model;
    const char* what;
    void (*make)(ModelConfig&);
  };
  for (const Change& change : {
           Change{"gemma2", "soft cap of scores", [](ModelConfig& c) { c.attention_softcap = 0; }},
           Change{"gemma2", "soft cap of logits", [](ModelConfig& c) { c.logit_softcap = 0; }},
           Change{"gemma2", "query_pre_attn_scalar", [](ModelConfig& c) { c.query_pre_attn_scalar = 0; }},
           Change{"gemma2", "window", [](ModelConfig& c) { c.sliding_window = 0; }},
           Change{"gemma2", "layers without a window", [](ModelConfig& c) { c.window_period = 0; }},
           Change{"gemma3", "local base", [](ModelConfig& c) { c.local_rope_base = 0; }},
           Change{"gemma3", "rope scaling", [](ModelConfig& c) { c.rope_scaling = {}; }},
           Change{"gemma3", "period of the window", [](ModelConfig& c) { c.window_period = 2; }},
           Change{"phi3", "window", [](ModelConfig& c) { c.sliding_window = 0; }},
           Change{"phi3-longrope", "attention factor", [](ModelConfig& c) { c.rope_scaling.attention_factor = 1; }},
           Change{"phi3-longrope", "long factors",
                  [](ModelConfig& c) { c.rope_scaling.long_factors = c.rope_scaling.short_factors; }},
           Change{"phi3-longrope", "part that turns", [](ModelConfig& c) { c.rope_size = 16, c.rope_scaling = {}; }},
           Change{"mixtral", "sum of the weights", [](ModelConfig& c) { c.normalize_expert_weights = false; }},
           Change{"mixtral", "number of experts", [](ModelConfig& c) { c.experts_used = 1; }},
           Change{"qwen3-moe", "sum of the weights", [](ModelConfig& c) { c.normalize_expert_weights = false; }},
           Change{"qwen3-moe-unnormalized", "weights", [](ModelConfig& c) { c.normalize_expert_weights = true; }},
       }) {
    const Checkpoint checkpoint = open_checkpoint(golden(change.model));
    ModelConfig config = ModelConfig::from(checkpoint);
    change.make(config);
    EXPECT_GT(prefill_difference(checkpoint, config, Expected(change.model)), 100 * limit)
        << change.model << ": " << change.what;
  }
}

// Soft-capped attention takes queries in blocks; a token at a time is a block of one row.
TEST(Model, SoftCappedAttentionIsTheSameInBlocks) {
  const auto model = Model::load(open_checkpoint(golden("gemma2")));
  std::vector<std::int32_t> tokens(200);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(i * 37 % 160);
  KvCache together(model->config(), 200), apart(model->config(), 200);
  const Tensor all = model->forward(tokens, together, LogitsOf::all);
  double largest = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Tensor one = model->forward(std::span(&tokens[i], 1), apart);
    const Tensor row = contiguous(all.slice(0, static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1));
    for (std::int64_t j = 0; j < row.numel(); ++j)
      largest = worse(largest, std::fabs(double{row.data<float>()[j]} - one.data<float>()[j]));
  }
  EXPECT_LE(largest, limit);  // of logits whose deviation is above 1
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

TEST(Model, ShapeThatContradictsTheConfigurationNamesTensorAndBothShapes) {
  const Checkpoint checkpoint = open_checkpoint(golden("mistral"));
  ModelConfig config = ModelConfig::from(checkpoint);
  config.ffn_size = 96;
  const std::string message = message_of([&] { Model::load(checkpoint, config); });
  EXPECT_THAT(message, testing::HasSubstr("model.layers.0.mlp.gate_proj.weight"));
  EXPECT_THAT(message, testing::HasSubstr("(128, 64)"));
  EXPECT_THAT(message, testing::HasSubstr("(96, 64)"));
}

TEST(Model, MissingTensorIsNamed) {
  const Checkpoint checkpoint = open_checkpoint(golden("mistral"));
  ModelConfig config = ModelConfig::from(checkpoint);
  config.layers = 3;
  EXPECT_THAT(message_of([&] { Model::load(checkpoint, config); }),
              testing::HasSubstr("model.layers.2.input_layernorm.weight"));
}

TEST(Model, RefusesIdsOutsideTheVocabularyAndFullCaches) {
  const auto model = Model::load(open_checkpoint(golden("mistral")));
  KvCache cache(model->config(), 4);
  const std::int32_t outside[] = {160};
  EXPECT_THAT(message_of([&] { model->forward(outside, cache); }),
              testing::HasSubstr("token 160 of a vocabulary of 160"));
  const std::int32_t five[] = {1, 2, 3, 4, 5};
  EXPECT_THAT(message_of([&] { model->forward(five, cache); }), testing::HasSubstr("do not fit a context of 4"));
  EXPECT_EQ(cache.length(), 0);
}

TEST(Model, LastLogitsAreTheLastRowOfAll) {
  const Expected expected("mistral");
  const auto model = Model::load(open_checkpoint(golden("mistral")));
  KvCache a(model->config(), 32), b(model->config(), 32);
  const Tensor all = model->forward(expected.tokens, a, LogitsOf::all), last = model->forward(expected.tokens, b);
  ASSERT_EQ(last.size(0), 1);
  // A batch of one row and one of many may add in another order: equal to rounding, not to the bit.
  EXPECT_LE(expected.difference(last, all.size(0) - 1), limit);
}

}  // namespace
}  // namespace ingot
