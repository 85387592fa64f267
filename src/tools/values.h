// Elements as numbers, whatever they are held as.
#pragma once

#include <vector>

#include "ingot/tensor.h"

namespace ingot {

/// Every element, in row-major order, decoded where encoded. `operation` is what errors call the reader.
std::vector<double> as_doubles(const Tensor& piece, const char* operation);

}  // namespace ingot
