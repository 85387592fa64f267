#include "tools/values.h"

#include "core/convert.h"
#include "core/visit.h"
#include "ingot/ops.h"

namespace ingot {

std::vector<double> as_doubles(const Tensor& piece, const char* operation) {
  Tensor plain = piece.is_quantized() ? dequantize(piece) : piece;
  // Mapped files may hold elements at any byte, so each piece is aligned when its turn comes.
  plain = bit_width(plain.dtype()) < 8 ? astype(plain, DType::i8) : contiguous(plain);
  std::vector<double> values(static_cast<std::size_t>(plain.numel()));
  visit_numeric(plain.dtype(), operation, [&]<class T>(T) {
    const T* from = plain.data<T>();
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = to_double(from[k]);
  });
  return values;
}

}  // namespace ingot
