// Which instruction set's dot products this process uses.
#pragma once

#include <optional>

#include "backends/cpu/features.h"
#include "backends/cpu/isa/dot_kernels.h"
#include "ingot/dtype.h"
#include "ingot/encoding.h"

namespace ingot::cpu {

/// The kernels of one set; null where this build or this machine has none.
const DotKernels* dot_kernels(InstructionSet set) noexcept;
/// Those of instruction_set(), found once.
const DotKernels& dot_kernels() noexcept;

/// None for a scheme without an integer dot product.
std::optional<DotFormat> dot_format(Scheme scheme) noexcept;
/// None for f64 and what is no float.
std::optional<FloatFormat> float_format(DType dtype) noexcept;

}  // namespace ingot::cpu
