#pragma once

namespace ingot::cpu {

/// Keeps Highway's kernels to the instruction sets of cpu_features(). Called once, before the first kernel.
void limit_vector_targets();

}  // namespace ingot::cpu
