// One function a model family; Model::load() chooses by architecture.
#pragma once

#include "ingot/model.h"

namespace ingot {

std::unique_ptr<Model> make_llama(const Checkpoint& checkpoint, ModelConfig config);
std::unique_ptr<Model> make_bitnet(const Checkpoint& checkpoint, ModelConfig config);

}  // namespace ingot
