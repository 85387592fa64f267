// config.json, a zero byte, a SafeTensors file.
#include "formats/mlx/mlx.h"
#include "formats/safetensors/safetensors.h"
#include "open_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ingot;
  const std::uint8_t* end = std::find(data, data + size, 0);
  if (end == data + size) return 0;
  fuzz::open_and_touch([&] {
    const std::string config(reinterpret_cast<const char*>(data), static_cast<std::size_t>(end - data));
    const auto quantization = mlx::read_quantization(config, "fuzz/config.json");
    Checkpoint checkpoint = safetensors::open(
        fuzz::source_of(end + 1, static_cast<std::size_t>(data + size - end - 1), "fuzz/model.safetensors"), {});
    if (quantization) mlx::assemble(checkpoint, *quantization);
    return checkpoint;
  });
  return 0;
}
