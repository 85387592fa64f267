// llama-imatrix's older format, which has no magic number: what is no GGUF file is taken for it.
#pragma once

#include "formats/format.h"
#include "ingot/importance.h"

namespace ingot {

/// Throws invalid_file, naming the byte.
ImportanceMatrix read_importance_dat(const Source& source);

}  // namespace ingot
