// Operations. Names are the array API's, and PyTorch's where the standard has none.
//
// All take any strides and empty tensors, and broadcast as NumPy does. Unless said otherwise the result is a new
// row-major tensor on the device of the inputs. Errors name the operation with the shapes and dtypes of its inputs.
#pragma once

#include "ingot/ops/creation.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/elementwise.h"
#include "ingot/ops/indexing.h"
#include "ingot/ops/linalg.h"
#include "ingot/ops/manipulation.h"
#include "ingot/ops/nn.h"
#include "ingot/ops/quantization.h"
#include "ingot/ops/random.h"
#include "ingot/ops/reductions.h"
#include "ingot/ops/searching.h"
#include "ingot/ops/sets.h"
#include "ingot/ops/sorting.h"
