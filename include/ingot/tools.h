// Jobs over whole checkpoints: statistics, verification, conversion, quantization. Tiles of rows are all that is in
// memory.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingot/checkpoint.h"
#include "ingot/importance.h"

namespace [[gnu::visibility("default")]] ingot {

/// Done and total, in bytes.
using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

struct TensorStats {
  std::int64_t count = 0;
  std::int64_t zeros = 0, nans = 0, infinities = 0;
  /// Over the finite elements, in double; NaN where there are none. `std` is the population's, as numpy.std.
  double min = 0, max = 0, mean = 0, std = 0;
  static constexpr int bins = 32;
  /// Finite elements in equal bins from min to max, as numpy.histogram.
  std::array<std::int64_t, bins> histogram{};
};

/// Statistics of any tensor, encoded ones decoded in pieces. The same bits for any number of threads.
TensorStats tensor_stats(const Tensor& tensor);
/// The same of a checkpoint's tensor; a composite is decoded in pieces.
TensorStats tensor_stats(const NamedTensor& entry);

struct VerifyReport {
  std::uint64_t tensors = 0, bytes = 0, elements = 0;
  struct Finding {
    std::string tensor, what;
  };
  std::vector<Finding> findings;  // empty: sound
  std::vector<std::string> notes;
};

/// Structure was checked by opening. Reads every tensor for NaN and infinity; compares the checksums of archives; for
/// Hugging Face directories compares the index's total_size; for models compares the tensors with the configuration and
/// the vocabulary with its size.
VerifyReport verify(const Checkpoint& checkpoint, const Progress& progress = {});

/// What mlx_lm.convert calls --q-mode, --q-bits, --q-group-size and --quant-predicate.
struct MlxQuantization {
  std::string mode = "affine";   // or "mxfp4", "mxfp8", "nvfp4"
  int bits = 0, group_size = 0;  // 0: the mode's own (affine: 4, 64)
  std::string recipe = {};       // "mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6"; "": every matrix alike
};

struct ConvertOptions {
  std::string to;              // "gguf", "safetensors", "huggingface", "mlx", "pytorch", "npz", "npy"
  std::optional<DType> dtype;  // of the matrices; none: as stored (encoded tensors become f32 where needed)
  std::uint64_t max_shard_bytes = 0;
  std::string tokenizer;  // path of a tokenizer.bin for llama2.c checkpoints; "": beside the file
  /// Tensor by tensor, under the names they have: for architectures that are not built. No configuration is read, so
  /// nothing is permuted and GGUF files get no keys of a model.
  bool keep_names = false;
  /// "mlx": quantize the matrices whose rows are whole groups. None: they keep their numbers; those in Q4_0, Q4_1,
  /// Q5_0, Q5_1, Q8_0, MXFP4 or NVFP4 blocks stay quantized, as MLX's own modes hold them.
  std::optional<MlxQuantization> mlx = std::nullopt;
};

/// What a change of dtype did to a tensor's elements, over those that are finite: gathered while the plan is written.
struct Rounding {
  std::string tensor, from, to;
  /// The largest |x − y|, and the largest |x − y| / |x|: 0 where nothing was rounded, infinite where an element passed
  /// the largest number of the new dtype.
  std::atomic<double> max_error{0}, max_relative_error{0};
};

struct ConversionReport {
  /// Tensors whose new dtype does not hold every number of the old one.
  std::vector<std::shared_ptr<const Rounding>> roundings;
  std::vector<std::string> dropped;  // tensors with no place in the output
  std::vector<std::string> notes;
};

/// What convert() would write, without reading tensor data.
OutputPlan plan_convert(const Checkpoint& checkpoint, const ConvertOptions& options, ConversionReport& report);

/// What `QuantizeOptions::type` may be: llama-quantize's recipes, and the schemes with an encoder that are no recipe.
std::vector<std::string> quantize_types();

/// Names of types are read in upper or lower case.
struct QuantizeOptions {
  /// A recipe ("Q4_K_M", "Q4_0": llama-quantize's mixture of that name), or a scheme for every matrix alike ("NVFP4").
  std::string type = "Q8_0";
  /// Every matrix in the recipe's own scheme.
  bool pure = false;
  /// Instead of what the recipe says: a scheme, "F32", "F16" or "BF16"; empty for the recipe's. Where embedding and
  /// head are one tensor it is the output's.
  std::string output_tensor_type, token_embedding_type;
  /// "REGEX=TYPE", searched for in names (ECMAScript); the first that matches decides.
  std::vector<std::string> tensor_types;
  /// output.weight stays as it is.
  bool leave_output_tensor = false;
  /// Tensors that are quantized already may change their scheme.
  bool allow_requantize = false;
  Packing i2s_packing = Packing::i2s_x86;
  std::string tokenizer;
  /// How much the columns count: the searches weigh their errors by it, and some recipes choose other types.
  std::shared_ptr<const ImportanceMatrix> importance = nullptr;
  /// Recorded in the file as where `importance` came from.
  std::string importance_file;
  /// Instead of `type`: at most so many bits for an element, all tensors together. Each matrix gets the type that its
  /// measured error (weighed by importance) makes worth its bytes; types given by name stay.
  double bits = 0;
  /// Called while errors are measured for `bits`.
  Progress measuring = {};
};

struct QuantizeReport {
  struct Substitution {
    std::string tensor, wanted, used, reason;
  };
  std::vector<Substitution> substitutions;
  struct Choice {
    std::string tensor, type;
    double bits = 0;   // for an element
    double error = 0;  // Σ w (x − y)² / Σ w x², with the importance of the columns for w
  };
  std::vector<Choice> choices;  // of `bits`
  /// What each tensor of the plan was made of: BitNet's master weights ternarized, nothing quantized.
  std::vector<OutputTensor> sources;
  std::vector<std::string> notes, dropped;
  /// Bytes of all tensors and elements of all tensors, for bits per weight.
  std::uint64_t bytes = 0, elements = 0;
};

/// A GGUF plan of the quantized model; 1-D tensors become F32; norms, routers, positions and what else llama-quantize
/// leaves alone stay as they are. Where a row is not a multiple of the block the next type that fits is taken (Q6_K:
/// Q8_0; Q5_K: Q5_1; Q4_K: Q5_0; other wide ones: Q4_0; else F16), reported, and recorded in
/// "ingot.quantize.substitutions". Master weights of a BitNet model are ternarized (absmean) first: that is what the
/// model computes with. GGUF files may be of any architecture; others must be of a model that is built.
OutputPlan plan_quantize(const Checkpoint& checkpoint, const QuantizeOptions& options, QuantizeReport& report);

}  // namespace ingot
