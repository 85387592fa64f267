// A config.json (four bytes of length, then the text) and a SafeTensors file: the weights that they make together are
// decoded whole, and in single rows that must be the same.
#include <cstring>

#include "formats/huggingface/quantized/quantized.h"
#include "formats/safetensors/safetensors.h"
#include "open_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ingot;
  std::uint32_t length;
  if (size < sizeof length) return 0;
  std::memcpy(&length, data, sizeof length);
  data += sizeof length, size -= sizeof length;
  if (length > size) return 0;
  try {
    Checkpoint checkpoint =
        safetensors::open(fuzz::source_of(data + length, size - length, "fuzz/model.safetensors"), {});
    checkpoint.documents["config.json"].assign(reinterpret_cast<const char*>(data), length);
    huggingface::assemble_quantized(checkpoint);
    for (const NamedTensor& entry : checkpoint.tensors) {
      if (!entry.composite || entry.shape().numel() == 0) continue;
      const Tensor whole = entry.rows(0, entry.row_count());
      const std::int64_t last = entry.row_count() - 1;
      const Tensor row = entry.rows(last, last + 1);
      if (row.dtype() != entry.dtype() ||
          std::memcmp(row.bytes(), whole.bytes() + (whole.nbytes() - row.nbytes()), row.nbytes()) != 0)
        __builtin_trap();
    }
  } catch (const Error&) {
  }
  return 0;
}
