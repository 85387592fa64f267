// Encodes raw f32 from standard input into blocks on standard output, or back: what tests/python/test_blocks.py drives.
//   block_codec encode|decode SCHEME COLUMNS reference|cpu [IMPORTANCE]
// IMPORTANCE: a file of COLUMNS f32.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/quantize.h"

int main(int argc, char** argv) try {
  using namespace ingot;
  if (argc != 5 && argc != 6) return 2;
  const std::optional<Scheme> scheme = scheme_from_string(argv[2]);
  const std::int64_t columns = std::atoll(argv[3]);
  if (!scheme || columns <= 0) return 2;
  std::string input;
  char buffer[1 << 16];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) input.append(buffer, got);

  const ScopedColumn column(std::string_view(argv[4]) == "cpu" ? Column::cpu : Column::reference);
  Ref<Storage> storage = Storage::allocate(input.size());
  std::memcpy(storage->mutable_data(), input.data(), input.size());
  const SchemeInfo& row = info(*scheme);
  Tensor out;
  if (std::string_view(argv[1]) == "encode") {
    const auto elements = static_cast<std::int64_t>(input.size() / sizeof(float));
    const Tensor x = Tensor::view_of(std::move(storage), 0, {elements / columns, columns}, DType::f32);
    out = argc == 6 ? quantize_weighted(x, *scheme, Tensor::view_of(Storage::map(argv[5]), 0, {columns}, DType::f32))
                    : quantize(x, *scheme);
  } else {
    const auto blocks = static_cast<std::int64_t>(input.size()) / row.block_bytes;
    out = dequantize(Tensor::view_of(std::move(storage), 0, {blocks * row.block_elements / columns, columns},
                                     Encoding::of(*scheme)));
  }
  std::fwrite(out.bytes(), 1, out.nbytes(), stdout);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
