#include <chrono>
#include <cmath>

#include "core/fail.h"
#include "ingot/model.h"
#include "models/config.h"

namespace ingot {
namespace {

// −log softmax(logits)[target], with sums in double.
double negative_log_likelihood(const float* logits, std::int64_t count, std::int32_t target) {
  float max = logits[0];
  for (std::int64_t i = 1; i < count; ++i) max = std::max(max, logits[i]);
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += std::exp(logits[i] - max);
  return std::log(sum) - (logits[target] - max);
}

}  // namespace

PerplexityResult perplexity(const Model& model, const Tokenizer& tokenizer, std::string_view text, std::int64_t context,
                            const std::function<void(std::int64_t, std::int64_t)>& progress) {
  if (context < 4 || context > model.config().context_length)
    fail(ErrorCode::invalid_argument, "perplexity", "context {}: 4 … {} are possible", context,
         model.config().context_length);
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.add_eos) throw NotImplemented("perplexity", "vocabularies that add an end token");
  check_vocabulary(vocabulary, model.config());
  if (text.ends_with('\n')) text.remove_suffix(1);
  // Control tokens written out in the text are text, as in the tool whose definition this is.
  const std::vector<std::int32_t> tokens = tokenizer.encode(text, {.parse_special = false});
  const auto count = static_cast<std::int64_t>(tokens.size());
  if (count < 2 * context)
    fail(ErrorCode::invalid_argument, "perplexity", "the text has {} tokens, {} are needed for a context of {}", count,
         2 * context, context);

  const auto start = std::chrono::steady_clock::now();
  PerplexityResult result{.chunks = count / context};
  KvCache cache(model.config(), context);
  double sum = 0, squares = 0;
  for (std::int64_t chunk = 0; chunk < result.chunks; ++chunk) {
    std::vector<std::int32_t> window(tokens.begin() + chunk * context, tokens.begin() + (chunk + 1) * context);
    if (vocabulary.add_bos) window[0] = vocabulary.bos.value();
    cache.truncate(0);
    const Tensor logits = model.forward(window, cache, LogitsOf::all);
    const std::int64_t width = logits.size(1);
    for (std::int64_t i = context / 2; i < context - 1; ++i) {
      const std::int32_t target = tokens[static_cast<std::size_t>(chunk * context + i + 1)];
      const double loss = negative_log_likelihood(logits.data<float>() + i * width, width, target);
      sum += loss;
      squares += loss * loss;
      ++result.tokens;
    }
    if (progress) progress(chunk + 1, result.chunks);
  }
  const auto n = static_cast<double>(result.tokens);
  const double mean = sum / n;
  result.perplexity = std::exp(mean);
  result.standard_error = result.perplexity * std::sqrt((squares / n - mean * mean) / (n - 1));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace ingot
