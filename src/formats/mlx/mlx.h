// Directories as mlx-lm writes them: a Hugging Face directory whose quantized weights are three tensors (two in the
// modes without biases) that config.json's "quantization" explains.
#pragma once

#include <string>
#include <unordered_map>

#include "formats/format.h"
#include "quant/mlx.h"

namespace ingot::mlx {

/// config.json's "quantization".
struct Quantization {
  MlxScheme scheme;
  /// Modules by path ("model.layers.0.mlp.up_proj") that are held otherwise; none: not quantized.
  std::unordered_map<std::string, std::optional<MlxScheme>> modules;
};

/// None where the text has no such object. Throws invalid_file naming `where` for one that MLX would not take.
std::optional<Quantization> read_quantization(const std::string& config, const std::string& where);

/// The weight, scales and biases of each quantized module become a composite named like the weight. Throws
/// invalid_file naming a tensor whose parts contradict the configuration.
void assemble(Checkpoint& checkpoint, const Quantization& quantization);

/// Rows in blocks of one scheme.
struct BlockRows {
  Scheme scheme;
  std::function<Tensor(std::int64_t first, std::int64_t last)> rows;
};
/// The blocks that hold exactly the numbers of a composite of assemble()'s; none for other tensors, and where no block
/// scheme does. Reads all scales.
std::optional<BlockRows> blocks_of(const NamedTensor& weight);

/// A directory whose config.json has "quantization".
bool probe(const Source& source);
Checkpoint open(const Source& source, const OpenOptions& options);
/// A Hugging Face directory with an index in every case, which knows the number of parameters.
void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);

}  // namespace ingot::mlx
