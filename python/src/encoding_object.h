// What Python sees of an encoding.
#pragma once

#include "ingot/encoding.h"

namespace ingot::python {

struct EncodingObject {
  Ref<const Encoding> value;
};

}  // namespace ingot::python
