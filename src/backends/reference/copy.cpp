#include "backends/reference/convert_elements.h"
#include "backends/reference/kernels.h"
#include "core/strided.h"

namespace ingot::reference {

void copy_kernel(const Call& call) {
  const Tensor &source = call.inputs[0], &target = call.outputs[0];
  if (target.numel() == 0) return;
  source.storage()->wait();
  target.storage()->wait();
  // Packed views may start inside a byte, so rows are addressed from the tensor's first byte, in elements.
  const std::byte* from = source.storage()->data() + source.meta().byte_offset;
  std::byte* to = target.storage()->mutable_data() + target.meta().byte_offset;
  const ConvertElements convert = convert_elements(source.dtype(), target.dtype());
  const StridedLoop<2> loop(target.shape(), {source.strides(), target.strides()});
  loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
    convert(from, source.meta().offset + at[0], loop.inner_strides()[0], to, target.meta().offset + at[1],
            loop.inner_strides()[1], n);
  });
}

}  // namespace ingot::reference
