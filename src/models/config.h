// The two readers behind ModelConfig::from().
#pragma once

#include "ingot/model.h"

namespace ingot {

ModelConfig config_from_gguf(const Checkpoint& checkpoint);
ModelConfig config_from_huggingface(const Checkpoint& checkpoint);

}  // namespace ingot
