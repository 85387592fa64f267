#include <algorithm>
#include <chrono>

#include "core/fail.h"
#include "ingot/model.h"
#include "models/config.h"

namespace ingot {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Tokens are read in pieces of this many, so that activations stay small however long the prompt is.
constexpr std::size_t prompt_batch = 512;

Tensor read_prompt(const Model& model, std::span<const std::int32_t> prompt, KvCache& cache) {
  Tensor logits;
  for (std::size_t at = 0; at < prompt.size(); at += prompt_batch)
    logits = model.forward(prompt.subspan(at, std::min(prompt_batch, prompt.size() - at)), cache);
  return logits;
}

// Withholds text that may be the beginning of a stop string until it is known not to be one.
class StopFilter {
 public:
  explicit StopFilter(const std::vector<std::string>& stops) : stops_(stops) {}

  /// The text that may be shown now; `stopped()` once a stop string was met.
  std::string push(std::string_view text) {
    pending_ += text;
    std::size_t first = std::string::npos;
    for (const std::string& stop : stops_)
      if (!stop.empty()) first = std::min(first, pending_.find(stop));
    if (first != std::string::npos) {
      stopped_ = true;
      pending_.resize(first);
      return std::exchange(pending_, {});
    }
    std::size_t keep = 0;
    for (const std::string& stop : stops_)
      for (std::size_t n = std::min(pending_.size(), stop.empty() ? 0 : stop.size() - 1); n > keep; --n)
        if (pending_.ends_with(std::string_view(stop).substr(0, n))) keep = n;
    std::string ready = pending_.substr(0, pending_.size() - keep);
    pending_.erase(0, pending_.size() - keep);
    return ready;
  }
  std::string finish() { return std::exchange(pending_, {}); }
  bool stopped() const noexcept { return stopped_; }

 private:
  const std::vector<std::string>& stops_;
  std::string pending_;
  bool stopped_ = false;
};

}  // namespace

GenerateResult generate(const Model& model, const Tokenizer& tokenizer, std::span<const std::int32_t> prompt,
                        const GenerateOptions& options, const std::function<void(std::string_view)>& emit) {
  if (prompt.empty())
    fail(ErrorCode::invalid_argument, "generate", "the prompt has no tokens, and the vocabulary adds none in front");
  const auto prompt_size = static_cast<std::int64_t>(prompt.size());
  if (options.context < 0 || options.context > model.config().context_length)
    fail(ErrorCode::invalid_argument, "generate", "context {}: 1 … {} are possible, or 0 for the model's own",
         options.context, model.config().context_length);
  const std::int64_t limit = options.context ? options.context : model.config().context_length;
  if (prompt_size > limit)
    fail(ErrorCode::invalid_argument, "generate", "the prompt has {} tokens, the context {}", prompt_size, limit);

  check_vocabulary(tokenizer.vocabulary(), model.config());

  KvCache cache(model.config(), prompt_size + std::clamp<std::int64_t>(options.max_tokens, 0, limit - prompt_size));
  Sampler sampler(options.sampling);
  StopFilter filter(options.stop);
  Utf8Stream characters;
  std::vector<std::int32_t> history(prompt.begin(), prompt.end());
  GenerateResult result{.prompt_tokens = prompt_size};
  const auto show = [&](std::string text) {
    if (!text.empty() && !filter.stopped()) text = filter.push(text);
    if (!text.empty()) emit(text);
  };

  auto start = std::chrono::steady_clock::now();
  Tensor logits = read_prompt(model, prompt, cache);
  result.prompt_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  // The last sampled token needs no forward pass, so a prompt and max_tokens may exceed the cache by one.
  for (std::int64_t i = 0; i < options.max_tokens && !filter.stopped(); ++i) {
    // Rows that pad an embedding beyond the vocabulary stand for no token.
    const std::span<const float> row(logits.data<float>(), tokenizer.vocabulary().tokens.size());
    const std::int32_t token = sampler.sample(row, history);
    if (options.stop_at_end && tokenizer.ends_generation(token)) {
      result.end = GenerateResult::End::end_token;
      break;
    }
    // Behind a prompt without text the first word's space is the encoder's, and decode() drops it.
    const bool begins_text = result.generated_tokens == 0 && tokenizer.decode(prompt).empty();
    ++result.generated_tokens;
    history.push_back(token);
    show(characters.push(begins_text ? tokenizer.decode(std::span(&token, 1)) : tokenizer.piece(token)));
    if (i + 1 == options.max_tokens || filter.stopped() || cache.length() == cache.capacity()) break;
    logits = model.forward(std::span(&token, 1), cache);
  }
  if (!filter.stopped()) {
    show(characters.finish());
    if (const std::string rest = filter.finish(); !rest.empty()) emit(rest);
  }
  if (filter.stopped()) result.end = GenerateResult::End::stop_string;
  result.generate_seconds = seconds_since(start);
  return result;
}

}  // namespace ingot
