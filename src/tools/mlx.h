// Plans of directories for mlx-lm: which matrices are quantized, how, and the tensors that hold them.
#pragma once

#include "formats/mlx/mlx.h"
#include "ingot/tools.h"

namespace ingot {

/// `plan` has Hugging Face's names and config.json. Matrices held in blocks that MLX can hold keep their numbers;
/// with `options.mlx` those in f16, bf16 and f32 are quantized as mlx_lm.convert would. config.json gets
/// "quantization", the plan MLX's metadata. `path` is what errors call the model.
void finish_mlx(OutputPlan& plan, const ConvertOptions& options, const std::string& path, ConversionReport& report);

}  // namespace ingot
