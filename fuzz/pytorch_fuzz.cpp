#include "formats/pytorch/pytorch.h"
#include "open_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ingot;
  const Source source = fuzz::source_of(data, size, "fuzz");
  fuzz::open_and_touch([&] { return pytorch::open(source, {}); });
  return 0;
}
