// One row of the table of architectures: everything about a class of models that files spell differently, for both
// directions, and its forward pass. GGUF's names, row order and conventions are the ones used inside.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "ingot/model.h"

namespace ingot {

class Encoder;
class JsonReader;
class JsonWriter;

/// The sizes of a configuration that shapes are made of.
enum class Axis : std::uint8_t {
  none,
  vocab,
  hidden,
  q,
  kv,
  qkv,
  ffn,
  gate_up,
  head,
  context,
  token_types,
  experts,
  expert_ffn,
};
std::int64_t size_of(Axis axis, const ModelConfig& config) noexcept;

/// How GGUF's tensor differs from Hugging Face's.
enum class Transform : std::uint8_t {
  none,
  rotary_q,  // rows of each head in the order of interleaved pairs
  rotary_k,
  plus_one,    // 1 + weight, in f32
  widened,     // f32, because llama.cpp adds it to activations
  transposed,  // Hugging Face's is (columns, rows)
  stacked,     // (experts, rows, columns); Hugging Face has a tensor for each, whose number stands for '*' in its name
};

/// A tensor, or one in each layer.
struct TensorRow {
  std::string_view gguf, huggingface;  // without ".weight"; in a layer behind "blk.N." and Architecture::layer_prefix
  Axis rows, columns = Axis::none;     // none: a vector
  Transform transform = Transform::none;
  bool bias = false;  // and a ".bias" (rows)

  Shape shape(const ModelConfig& config) const;
};

/// What files make of a number that is 0.
enum class Zero : std::uint8_t {
  number,  // as of any other
  null,    // null in config.json
  absent,  // null in config.json, and no key in GGUF
};

/// A number of the configuration. Rows are read in their order.
template <class T>
struct Key {
  std::string_view gguf, huggingface;  // behind "ARCHITECTURE."; empty: the file does not say it
  T ModelConfig::* member;
  /// What it is where the file does not say it; null: an error.
  T (*absent)(const ModelConfig&) = nullptr;
  Zero zero = Zero::number;
};
using ConfigKey = std::variant<Key<std::int64_t>, Key<double>>;

struct ActivationName {
  std::string_view huggingface;
  ActivationFunction function;
};

struct Architecture {
  std::string_view huggingface_class, model_type;  // config.json's "architectures" and "model_type"
  std::string_view gguf;                           // "general.architecture"
  std::string_view other_gguf = {};                // a second name of it: read_json and read_gguf tell them apart
  std::span<const TensorRow> tensors, layer_tensors;
  std::string_view layer_prefix = "model.layers.";
  std::string_view optional_prefix = {};           // of Hugging Face's names: some files leave it out
  std::span<const std::string_view> ignored = {};  // ends of Hugging Face's names of what the model does not read
  bool rotary = true;                              // positions are rotations, not rows of a matrix
  std::span<const ConfigKey> keys, own_keys = {};
  std::string_view activation_key = "hidden_act";
  std::span<const ActivationName> activations;  // those that are built; the first is the default
  RopeLayout gguf_rope_layout = RopeLayout::half_split;
  /// What no row can say; each may be null. After the keys were read or written.
  void (*read_json)(const JsonReader& json, ModelConfig& config) = nullptr;
  void (*write_json)(const ModelConfig& config, JsonWriter& json) = nullptr;
  void (*read_gguf)(const Checkpoint& checkpoint, ModelConfig& config) = nullptr;
  void (*write_gguf)(const ModelConfig& config, Metadata& metadata) = nullptr;
  /// GGUF files by others, which do not say "ingot.huggingface_class": whether they are of this class rather than of
  /// another with the same `gguf`; null: unless another claims them.
  bool (*claims)(const Metadata& metadata) = nullptr;
  /// One of the two.
  std::unique_ptr<Model> (*make)(const Checkpoint& checkpoint, ModelConfig config) = nullptr;
  std::unique_ptr<Encoder> (*make_encoder)(const Checkpoint& checkpoint, ModelConfig config) = nullptr;

  bool has_gguf_name(std::string_view name) const noexcept {
    return !name.empty() && (name == gguf || name == other_gguf);
  }
};

/// Every architecture that is built.
std::span<const Architecture* const> architectures();
/// By config.json's class, or by GGUF's keys. `where` names the file: throw NotImplemented with the names that are
/// built.
const Architecture& class_named(const std::string& huggingface_class, const std::string& where);
const Architecture& class_of(const Metadata& metadata, const std::string& where);
const Architecture& architecture_of(const ModelConfig& config);

/// A tensor's name in the other naming, and the row that says so.
struct TensorName {
  std::string name;
  const TensorRow* row;
  bool bias;
  std::int64_t expert = -1;  // the number that stood for '*'
};
/// "model.layers.3.self_attn.q_proj.weight" → "blk.3.attn_q.weight"; none for a name outside the table.
std::optional<TensorName> gguf_name(const Architecture& architecture, std::string_view huggingface);
/// The inverse. The name of a stacked tensor has a '*' for the number of the expert.
std::optional<TensorName> huggingface_name(const Architecture& architecture, std::string_view gguf);
/// "….experts.*.up_proj.weight" with the number of an expert for the '*'.
std::string expert_name(std::string_view name, std::int64_t expert);
/// Whether a tensor of Hugging Face's is one that the model does not read.
bool is_ignored(const Architecture& architecture, std::string_view huggingface) noexcept;

}  // namespace ingot
