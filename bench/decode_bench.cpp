// Decoding one token after another is bound by reading the weights: the matrix × vector products of a Llama of 1.1 B
// parameters, against the speed at which the same memory can be read at all.
//
// Every tensor has its own memory, together far beyond the caches, so weights are cold. Products and plain reading
// alternate, and medians are compared, because machines drift within minutes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "core/parallel.h"
#include "ingot/ops.h"

namespace ingot {
namespace {

constexpr std::int64_t hidden = 2048, layers = 22, heads_kv = 4, head_size = 64, feed_forward = 5632,
                       vocabulary = 32000;
constexpr int repetitions = 9;

struct Product {
  Tensor weight, input;
};

class Model {
 public:
  explicit Model(Scheme scheme) : scheme_(scheme) {
    const std::int64_t kv = heads_kv * head_size;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (const std::int64_t rows : {hidden, kv, kv, hidden, feed_forward, feed_forward}) add(rows, hidden);
      add(hidden, feed_forward);
    }
    add(vocabulary, hidden);
  }

  std::size_t bytes() const noexcept { return bytes_; }

  /// Seconds for the products of one token.
  double token() const {
    const auto start = std::chrono::steady_clock::now();
    for (const Product& p : products_) linear(p.input, p.weight);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  /// Seconds to read every byte once: sums of 64-byte lines, asked for ahead of time.
  double read() const {
    const auto start = std::chrono::steady_clock::now();
    for (const Product& p : products_) {
      const std::byte* data = p.weight.bytes();
      const auto lines = static_cast<std::int64_t>(p.weight.nbytes() / 64);
      parallel_for(lines, 2048, [data](std::int64_t begin, std::int64_t end) {
        using Line = std::uint64_t __attribute__((vector_size(16)));
        Line sums[4] = {};
        for (const std::byte* at = data + begin * 64; at < data + end * 64; at += 64) {
          __builtin_prefetch(at + 4096);
          for (int i = 0; i < 4; ++i) {
            Line line;
            std::memcpy(&line, at + 16 * i, 16);
            sums[i] += line;
          }
        }
        const Line sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        asm volatile("" : : "r"(sum[0] + sum[1]));  // keeps the reading
      });
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  Scheme scheme() const noexcept { return scheme_; }

 private:
  /// Random codes, written directly, with one scale everywhere: what counts is where the bytes lie.
  void add(std::int64_t rows, std::int64_t columns) {
    const SchemeInfo& row = info(scheme_);
    const auto bytes = static_cast<std::size_t>(rows * columns / row.block_elements * row.block_bytes);
    Ref<Storage> storage = Storage::allocate(bytes);
    std::byte* data = storage->mutable_data();
    std::uint64_t state = 0x9E3779B97F4A7C15u + bytes_;
    for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      std::memcpy(data + i, &state, 8);
    }
    const std::uint16_t scale = 0x1400;  // f16 2⁻¹⁰
    for (std::size_t i = 0; i < bytes; i += static_cast<std::size_t>(row.block_bytes)) std::memcpy(data + i, &scale, 2);
    products_.push_back({Tensor::view_of(std::move(storage), 0, {rows, columns}, Encoding::of(scheme_)),
                         Tensor::full({1, columns}, 0.5)});
    bytes_ += bytes;
  }

  Scheme scheme_;
  std::size_t bytes_ = 0;
  std::vector<Product> products_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void compare(const Model& model, int threads) {
  set_num_threads(threads);
  model.token();
  std::vector<double> tokens, reads;
  for (int i = 0; i < repetitions; ++i) {
    tokens.push_back(model.token());
    reads.push_back(model.read());
  }
  const double token = median(tokens), read = median(reads), gigabytes = static_cast<double>(model.bytes()) * 1e-9;
  fmt::print("{:5} {:8} {:10.2f} {:12.2f} {:10.2f} {:8.0f} %\n", to_string(model.scheme()), threads, 1 / token,
             gigabytes / token, gigabytes / read, 100 * read / token);
}

}  // namespace
}  // namespace ingot

int main() {
  using namespace ingot;
  const Capabilities& cpu = capabilities(cpu_device);
  fmt::print("{}, {}: products of one token, Llama of 1.1 B parameters\n", cpu.name, cpu.instruction_set);
  fmt::print("type   threads   tokens/s   GB/s weights  GB/s read  of reading\n");
  for (const Scheme scheme : {Scheme::q8_0, Scheme::q4_0}) {
    const Model model(scheme);
    for (const int threads : {1, 2}) compare(model, threads);
  }
}
