// What a BitNet b1.58 layer computes (Ma et al. 2024): weights of −1, 0 and 1 times one scale, activations of 8 bits
// with a scale for each token, and products of integers. Prints the bytes that the weights take, the time of a product
// and its error, beside those of the float product.
//
//   bitnet_operations_demo [--quick]     0: done; 1: an error, named on stderr; 2: an argument that is none
#include <ingot/ops.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using namespace ingot;

// The layer's weights as they are trained, "absmean": the mean magnitude is the scale, and each weight the nearest of
// −scale, 0, scale.
struct Ternary {
  Tensor values;  // i8: −1, 0, 1
  double scale;
  Tensor weights() const { return multiply(astype(values, DType::f32), scale); }
};
Ternary ternarize(const Tensor& master) {
  const double scale = mean(abs(master)).item();
  return {astype(clip(round(divide(master, scale)), -1, 1), DType::i8), scale};
}

// Activations as integers: each row by 127 / its largest magnitude.
struct Integers {
  Tensor values, scales;  // i8 (tokens, k); f32 (tokens, 1)
};
Integers to_int8(const Tensor& x) {
  const Tensor scales = divide(127, maximum(max(abs(x), -1, true), 1e-5));
  return {astype(clip(round(multiply(x, scales)), -128, 127), DType::i8), scales};
}

// ‖found − expected‖ / ‖expected‖
double error(const Tensor& found, const Tensor& expected) {
  return vector_norm(subtract(found, expected)).item() / vector_norm(expected).item();
}

template <class F>
double milliseconds(int rounds, F&& f) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Tensor result = f();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

void run(bool quick) {
  // The feed-forward's first matrix of BitNet b1.58 2B-4T is (6912, 2560).
  const std::int64_t n = quick ? 96 : 6912, k = quick ? 512 : 2560, tokens = quick ? 4 : 32;
  const int rounds = quick ? 1 : 11;
  Generator generator(7);
  const Ternary layer = ternarize(normal(generator, {n, k}, 0, 0.02));
  const Tensor weights = layer.weights(), x = normal(generator, {tokens, k}), token = x.slice(0, 0, 1);
  const double zeros = 1 - static_cast<double>(count_nonzero(layer.values).item()) / static_cast<double>(n * k);
  std::printf("weights (%lld, %lld), scale %.6f, %.1f %% zeros; %lld tokens, %d threads\n\n", static_cast<long long>(n),
              static_cast<long long>(k), layer.scale, 100 * zeros, static_cast<long long>(tokens), num_threads());

  const Tensor expected = linear(x, weights);
  std::printf("%-8s %12s %12s %14s %14s %14s %14s\n", "weights", "bytes", "bits/weight", "weights' error",
              "product's error", "1 token, ms", "all tokens, ms");
  const auto row = [&](const char* name, const Tensor& held, Activations activations) {
    const Tensor decoded = held.is_quantized() ? dequantize(held) : astype(held, DType::f32);
    std::printf("%-8s %12zu %12.3f %14.1e %14.1e %14.3f %14.3f\n", name, held.nbytes(),
                8.0 * static_cast<double>(held.nbytes()) / static_cast<double>(n * k), error(decoded, weights),
                error(linear(x, held, activations), expected),
                milliseconds(rounds, [&] { return linear(token, held, activations); }),
                milliseconds(rounds, [&] { return linear(x, held, activations); }));
  };
  row("f32", weights, Activations::as_is);
  row("bf16", astype(weights, DType::bf16), Activations::as_is);
  const Tensor tq2 = quantize(weights, Scheme::tq2_0), tq1 = quantize(weights, Scheme::tq1_0);
  row("TQ2_0", tq2, Activations::int8_per_row);
  row("TQ1_0", tq1, Activations::int8_per_row);

  // The same product spelled out: int8 times int8 summed in int32, without an error; then both scales.
  const Integers q = to_int8(x);
  const Tensor sums = matmul(q.values, matrix_transpose(layer.values));
  const Tensor product = multiply(divide(astype(sums, DType::f32), q.scales), layer.scale);
  std::printf(
      "\nThe product of integers, int8 to int32, spelled out in operations: error %.1e; the layer's with TQ2_0 is "
      "%.1e from it\n",
      error(product, expected), error(linear(x, tq2, Activations::int8_per_row), product));
  std::printf("Rounding the activations alone gives %.1e\n", error(divide(astype(q.values, DType::f32), q.scales), x));
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc == 2 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 1 && !quick) {
    std::fprintf(stderr, "usage: bitnet_operations_demo [--quick]\n");
    return 2;
  }
  try {
    run(quick);
  } catch (const Error& error) {
    std::fprintf(stderr, "bitnet_operations_demo: %s\n", error.what());
    return 1;
  }
}
