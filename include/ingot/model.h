// Models: configuration, forward pass, generation.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ingot/checkpoint.h"
#include "ingot/ops.h"
#include "ingot/sampler.h"
#include "ingot/tokenizer.h"

namespace [[gnu::visibility("default")]] ingot {

/// How rotary frequencies are changed for contexts longer than those trained on.
struct RopeScaling {
  enum class Kind : std::uint8_t { none, linear, llama3, longrope } kind = Kind::none;
  double factor = 1;                                 // linear: positions are divided by it
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3: bounds of the blended region, in turns per context
  double original_context = 8192;
  /// longrope (Ding et al. 2024, arXiv:2402.13753): frequencies are divided by these, by the second where more
  /// positions than `original_context` are wanted; rotated elements are multiplied by the last.
  std::vector<double> short_factors = {}, long_factors = {};
  double attention_factor = 1;
  bool operator==(const RopeScaling&) const = default;
};

/// Between the factors of a feed-forward network. The tanh form of GELU is Hendrycks & Gimpel's approximation.
enum class ActivationFunction : std::uint8_t { silu, squared_relu, gelu, gelu_tanh };

/// How the states of a text's tokens become one vector.
enum class Pooling : std::uint8_t {
  mean,
  cls,   // the first token's
  last,  // the last token's
};

/// What the linear layers of a BitNet b1.58 model hold. `none`: an ordinary model.
enum class BitLinear : std::uint8_t {
  none,
  master,   // full-precision master weights: ternarized (absmean) before use
  ternary,  // already t · scale in any encoding
};

/// The hyperparameters of a transformer, whichever file they came from.
struct ModelConfig {
  std::string architecture;  // GGUF's names: "llama" (Mistral too), "bitnet", "bitnet-b1.58", "qwen2", …
  std::string
      huggingface_class;  // "LlamaForCausalLM", "MistralForCausalLM", "BitNetForCausalLM", "Qwen2ForCausalLM", …
  std::string name;
  std::int64_t vocab_size = 0, hidden_size = 0, layers = 0, heads = 0, kv_heads = 0, head_size = 0, ffn_size = 0;
  std::int64_t context_length = 0;
  std::int64_t sliding_window = 0;  // 0: every earlier position is seen
  std::int64_t window_period = 0;   // n > 0: layers n, 2n, … (from one) see everything, whatever the window
  double norm_epsilon = 1e-5;
  double rope_base = 10000;
  std::int64_t rope_size = 0;  // elements of a head that turn
  RopeScaling rope_scaling;
  double local_rope_base = 0;  // of layers with a window, whose frequencies are not scaled; 0: as the others
  /// GGUF's rope_freqs.weight: frequencies are divided by these (rope_size / 2); undefined where there are none.
  Tensor rope_factors;
  RopeLayout rope_layout = RopeLayout::half_split;  // of the q and k rows as stored
  bool tied_embeddings = false;                     // the head is the token embedding
  ActivationFunction activation = ActivationFunction::silu;
  std::int64_t query_pre_attn_scalar = 0;           // scores are divided by its root; 0: by the head size's
  double attention_softcap = 0, logit_softcap = 0;  // c: scores and logits become c · tanh(x / c); 0: they stay
  std::int64_t experts = 0, experts_used = 0;       // in each layer, of which a token uses some; 0: one network for all
  std::int64_t expert_ffn_size = 0;
  bool normalize_expert_weights = true;  // those of the experts used sum to 1
  // Encoders: segments that tokens may belong to, and what a vector for a text is made of; none where nothing says it.
  std::int64_t token_types = 0;
  std::optional<Pooling> pooling;
  bool normalize_embeddings = false;  // the last module divides vectors by their length
  BitLinear bit_linear = BitLinear::none;
  /// Hugging Face packed BitNet: `linear_class` autobitlinear, where W = t · weight_scale; else W = t / weight_scale.
  bool scale_multiplies = false;
  /// GGUF: 1-D tensors are kept as F32 there; what they were before (from "ingot.dtype").
  std::optional<DType> dtype;

  /// Reads GGUF keys or config.json, whichever the checkpoint has.
  /// Throws not_found naming a missing key, NotImplemented naming an architecture or option that is not built.
  static ModelConfig from(const Checkpoint& checkpoint);
  /// GGUF's keys.
  void to_metadata(Metadata& metadata) const;
  /// The text of config.json, with the ids of the vocabulary's special tokens.
  std::string to_huggingface(const Vocabulary& vocabulary, DType weights) const;

  bool is_bitnet() const noexcept { return architecture.starts_with("bitnet"); }
  /// Whether layer `index` (from zero) sees only the last `sliding_window` positions.
  bool has_window(std::int64_t index) const noexcept {
    return sliding_window > 0 && (window_period == 0 || (index + 1) % window_period != 0);
  }
  /// rope()'s argument, scaling applied: f32 (rope_size / 2). `context`: positions that are wanted.
  Tensor inverse_frequencies(std::int64_t context = 0) const;
  /// The same of the layers with a window.
  Tensor local_inverse_frequencies(std::int64_t context = 0) const;
};

/// The vocabulary of a checkpoint: GGUF keys, tokenizer.json, tokenizer.model, or tokenizer.bin beside a llama2.c file
/// (or at `tokenizer_path`). Throws not_found where there is none.
Vocabulary load_vocabulary(const Checkpoint& checkpoint, const std::string& tokenizer_path = "");

/// Keys and values of the positions seen so far, one pair of f32 tensors (kv_heads, capacity, head_size) a layer.
class KvCache {
 public:
  /// Throws invalid_argument for a capacity beyond the model's context_length.
  KvCache(const ModelConfig& config, std::int64_t capacity);
  std::int64_t length() const noexcept { return length_; }
  std::int64_t capacity() const noexcept { return capacity_; }
  /// Forgets positions from `length` on.
  void truncate(std::int64_t length);

  struct Layer {
    Tensor keys, values;
  };
  /// Stores keys and values (kv_heads, T, head_size) behind the last position; returns views of everything stored,
  /// these included. The length grows with advance(), after the last layer.
  Layer append(std::size_t layer, const Tensor& keys, const Tensor& values);
  void advance(std::int64_t positions) noexcept { length_ += positions; }

 private:
  std::vector<Layer> layers_;
  std::int64_t length_ = 0, capacity_ = 0;
};

enum class LogitsOf { last, all };

class Model {
 public:
  /// Takes views of the checkpoint's tensors; the checkpoint itself may go, its mappings are shared. Throws
  /// shape_mismatch naming a tensor whose shape contradicts the configuration, with both shapes; not_found naming a
  /// missing one.
  static std::unique_ptr<Model> load(const Checkpoint& checkpoint);
  static std::unique_ptr<Model> load(const Checkpoint& checkpoint, const ModelConfig& config);
  virtual ~Model() = default;

  const ModelConfig& config() const noexcept { return config_; }
  /// Logits f32 (1 or n, vocab_size) of the n tokens that follow what the cache holds, which grows by n.
  /// Throws invalid_argument where the cache is full, out_of_range for an id outside the vocabulary.
  Tensor forward(std::span<const std::int32_t> tokens, KvCache& cache, LogitsOf which = LogitsOf::last) const;
  /// Bytes of weights that one decoded token reads.
  std::size_t weight_bytes() const noexcept { return weight_bytes_; }

 protected:
  explicit Model(ModelConfig config) : config_(std::move(config)) {}
  /// tokens i32 (T), positions i64 (T) → (T, hidden_size) before the last norm.
  virtual Tensor hidden_states(const Tensor& tokens, const Tensor& positions, KvCache& cache) const = 0;
  /// Last norm and projection to the vocabulary: (n, hidden_size) → (n, vocab_size).
  virtual Tensor head(const Tensor& hidden) const = 0;

  ModelConfig config_;
  std::size_t weight_bytes_ = 0;
};

struct GenerateOptions {
  std::int64_t max_tokens = 128;
  SamplingOptions sampling;
  std::vector<std::string> stop;  // generation ends before the first of these in the text
  bool stop_at_end = true;        // end at an end-of-generation token
  std::int64_t context = 0;       // capacity of the cache; 0: what prompt and max_tokens need, up to the model's
};

struct GenerateResult {
  std::int64_t prompt_tokens = 0, generated_tokens = 0;
  double prompt_seconds = 0, generate_seconds = 0;
  enum class End { length, end_token, stop_string } end = End::length;
};

/// Continues `prompt`. `emit` is called with valid UTF-8 as it becomes final; the prompt is not repeated.
/// Throws invalid_argument for a prompt longer than the context, and for a context beyond the model's, with both
/// numbers.
GenerateResult generate(const Model& model, const Tokenizer& tokenizer, std::span<const std::int32_t> prompt,
                        const GenerateOptions& options, const std::function<void(std::string_view)>& emit);

struct PerplexityResult {
  double perplexity = 0, standard_error = 0;
  std::int64_t tokens = 0, chunks = 0;
  double seconds = 0;
};

/// exp of the mean negative log-likelihood, as llama.cpp's perplexity tool defines it: the text (without a final
/// newline) is tokenized whole with BOS, cut into chunks of `context` tokens; token 0 of each chunk is replaced by BOS
/// where the vocabulary adds one; positions context/2 … context−2 each predict the next token.
/// Throws invalid_argument for a text shorter than 2 · context tokens.
PerplexityResult perplexity(const Model& model, const Tokenizer& tokenizer, std::string_view text,
                            std::int64_t context = 512,
                            const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot
