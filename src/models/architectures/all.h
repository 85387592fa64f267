// The architectures that are built: a file each.
#pragma once

#include "models/architectures/architecture.h"

namespace ingot {

extern const Architecture llama, mistral;
extern const Architecture bitnet, old_bitnet;
extern const Architecture qwen2;

/// Forward passes that architectures share.
std::unique_ptr<Model> make_llama(const Checkpoint& checkpoint, ModelConfig config);

/// Throws NotImplemented where some layers have a window (use_sliding_window, max_window_layers).
void refuse_mixed_windows(const JsonReader& json, ModelConfig& config);

}  // namespace ingot
