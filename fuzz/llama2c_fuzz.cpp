#include "formats/llama2c/llama2c.h"
#include "open_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ingot;
  const Source source = fuzz::source_of(data, size, "fuzz");
  // What the probe accepts must open, and nothing else.
  const bool probed = llama2c::probe(source);
  bool opened = false;
  fuzz::open_and_touch([&] {
    Checkpoint checkpoint = llama2c::open(source, {});
    opened = true;
    return checkpoint;
  });
  if (opened != probed) __builtin_trap();
  return 0;
}
