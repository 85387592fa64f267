// llama2.c checkpoints (legacy export): seven int32 and the float32 weights of a Llama, without any marker.
#pragma once

#include "formats/format.h"

namespace ingot::llama2c {

/// Whether the seven numbers are a plausible model whose weights fill the file exactly.
bool probe(const Source& source);
/// Tensors and metadata under GGUF's names and keys, so that models see one form.
Checkpoint open(const Source& source, const OpenOptions& options);

}  // namespace ingot::llama2c
