// Generation against the text that llama2.c's own program printed, and its options.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ingot/device.h"
#include "ingot/model.h"
#include "support/paths.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

using test::read_file;

struct Stories {
  Checkpoint checkpoint;
  std::unique_ptr<Model> model;
  std::unique_ptr<Tokenizer> tokenizer;

  explicit Stories(const std::string& path)
      : checkpoint(open_checkpoint(path)),
        model(Model::load(checkpoint)),
        tokenizer(Tokenizer::make(load_vocabulary(checkpoint))) {}

  std::string generate_text(const std::string& prompt, GenerateOptions options,
                            GenerateResult* result = nullptr) const {
    std::string text;
    const GenerateResult r =
        generate(*model, *tokenizer, tokenizer->encode(prompt), options, [&](std::string_view s) { text += s; });
    if (result) *result = r;
    return text;
  }
};

constexpr SamplingOptions greedy{.temperature = 0};

TEST(Generate, StoriesTextOfLlama2c) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  INGOT_TEST_DATA_OR_SKIP(expected, "stories260K/greedy-256.txt");
  const Stories stories(path);
  EXPECT_EQ(stories.generate_text("", {.max_tokens = 256, .sampling = greedy}) + "\n", read_file(expected));
}

TEST(Generate, StoriesTextBehindAPrompt) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  INGOT_TEST_DATA_OR_SKIP(expected, "stories260K/greedy-64-the-dog.txt");
  const Stories stories(path);
  const auto prompt = static_cast<std::int64_t>(stories.tokenizer->encode("The dog").size());
  // 64 steps of llama2.c are 64 positions, BOS and prompt among them.
  const std::string text =
      "The dog" + stories.generate_text("The dog", {.max_tokens = 64 - prompt + 1, .sampling = greedy});
  EXPECT_EQ(text + "\n", read_file(expected));
}

TEST(Generate, StopStringsEndTheTextBeforeThem) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  GenerateResult result;
  const std::string whole = stories.generate_text("", {.max_tokens = 100, .sampling = greedy});
  const std::string stopped =
      stories.generate_text("", {.max_tokens = 100, .sampling = greedy, .stop = {"not in it", "Lily. She"}}, &result);
  EXPECT_EQ(stopped, whole.substr(0, whole.find("Lily. She")));
  EXPECT_EQ(result.end, GenerateResult::End::stop_string);
}

TEST(Generate, TextIsTheSameForAnyNumberOfThreads) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  const int before = num_threads();
  std::vector<std::string> texts;
  for (const int threads : {1, 2, 7}) {
    set_num_threads(threads);
    texts.push_back(stories.generate_text("One day", {.max_tokens = 60, .sampling = {.temperature = 1, .seed = 5}}));
  }
  set_num_threads(before);
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[0], texts[2]);
}

TEST(Generate, RefusesAPromptLongerThanTheContext) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  std::string prompt;
  for (int i = 0; i < 600; ++i) prompt += " the";
  try {
    stories.generate_text(prompt, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the context 512"));
  }
}

// Positions beyond those trained on give text that means nothing.
TEST(Generate, RefusesAContextBeyondTheModels) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  for (const std::int64_t context : {513, -1}) {
    try {
      stories.generate_text("One day", {.max_tokens = 1, .context = context});
      ADD_FAILURE() << context;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("context " + std::to_string(context) + ": 1 … 512"));
    }
  }
  EXPECT_NO_THROW(stories.generate_text("One day", {.max_tokens = 1, .context = 512}));
  EXPECT_NO_THROW(KvCache(stories.model->config(), 512));
  EXPECT_THROW(KvCache(stories.model->config(), 513), Error);
}

TEST(Generate, FillsTheContextAndStops) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  GenerateResult result;
  stories.generate_text("", {.max_tokens = 100, .sampling = greedy, .context = 16}, &result);
  // 16 positions hold BOS and 15 tokens; one more is sampled from the last and needs no position.
  EXPECT_EQ(result.generated_tokens, 16);
  EXPECT_EQ(result.end, GenerateResult::End::length);
}

// An embedding padded beyond the vocabulary: its rows stand for no token and are never chosen.
TEST(Generate, PaddedEmbeddingsAreFineAndTooManyTokensAreNot) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  const auto prompt = stories.tokenizer->encode("The");
  const auto text_with = [&](const Vocabulary& vocabulary) {
    const auto tokenizer = Tokenizer::make(vocabulary);
    generate(*stories.model, *tokenizer, prompt,
             {.max_tokens = 200,
              .sampling = {.temperature = 1000, .top_k = 0, .top_p = 1, .min_p = 0},
              .stop_at_end = false},
             [](std::string_view) {});
  };
  Vocabulary fewer = stories.tokenizer->vocabulary();
  fewer.tokens.resize(480), fewer.types.resize(480), fewer.scores.resize(480);
  EXPECT_NO_THROW(text_with(fewer));
  Vocabulary more = stories.tokenizer->vocabulary();
  more.tokens.push_back("entirely new"), more.types.push_back(TokenType::normal), more.scores.push_back(0);
  EXPECT_THROW(text_with(more), Error);
}

// The definition, written out: every chunk on its own with BOS in front, the second half of its positions scored.
TEST(Perplexity, IsLlamaCppsDefinition) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  std::string text;
  for (int i = 0; i < 9; ++i) text += "One day, a girl named Lily went to the big park. She saw a dog and was happy. ";
  const auto tokens = stories.tokenizer->encode(text);
  constexpr std::size_t context = 32;
  const std::size_t chunks = tokens.size() / context;
  double sum = 0, scored = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    KvCache cache(stories.model->config(), context);
    for (std::size_t i = 0; i + 1 < context; ++i) {
      const std::int32_t token = i == 0 ? 1 : tokens[chunk * context + i];
      const Tensor logits = stories.model->forward(std::span(&token, 1), cache);
      double total = 0;
      for (std::int64_t k = 0; k < logits.numel(); ++k) total += std::exp(double{logits.data<float>()[k]});
      if (i < context / 2) continue;
      sum += std::log(total) - double{logits.data<float>()[tokens[chunk * context + i + 1]]};
      scored += 1;
    }
  }
  const PerplexityResult result = perplexity(*stories.model, *stories.tokenizer, text + "\n", context);
  EXPECT_EQ(result.chunks, static_cast<std::int64_t>(chunks));
  EXPECT_EQ(static_cast<double>(result.tokens), scored);
  // Token by token and all at once differ by the rounding of f32 sums alone.
  EXPECT_NEAR(result.perplexity / std::exp(sum / scored), 1, 1e-4);
  // Without the newline that perplexity() drops, a text that ends in two keeps one.
  EXPECT_EQ(perplexity(*stories.model, *stories.tokenizer, text, context).perplexity, result.perplexity);
}

// Text that begins like a stop string is withheld, and shown after all when the end comes first.
TEST(Generate, TextWithheldForAStopStringIsNotLost) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  const std::string text = stories.generate_text("", {.max_tokens = 20, .sampling = greedy});
  const std::string stop = text.substr(text.size() - 3) + "\x01";
  EXPECT_EQ(stories.generate_text("", {.max_tokens = 20, .sampling = greedy, .stop = {stop}}), text);
}

TEST(Generate, EndsAtAnEndToken) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K/checkpoint.bin");
  const Stories stories(path);
  const auto prompt = stories.tokenizer->encode("The");
  std::int32_t first = -1;
  generate(*stories.model, *stories.tokenizer, prompt, {.max_tokens = 1, .sampling = greedy},
           [&](std::string_view text) { first = stories.tokenizer->encode("The" + std::string(text)).back(); });
  Vocabulary vocabulary = stories.tokenizer->vocabulary();
  vocabulary.end_of_generation = {first};
  const auto tokenizer = Tokenizer::make(vocabulary);
  const auto result =
      generate(*stories.model, *tokenizer, prompt, {.max_tokens = 9, .sampling = greedy}, [](std::string_view) {});
  EXPECT_EQ(result.end, GenerateResult::End::end_token);
  EXPECT_EQ(result.generated_tokens, 0);
}

}  // namespace
}  // namespace ingot
