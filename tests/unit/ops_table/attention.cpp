// What a transformer adds: embedding, rotary positions, attention.
#include "unit/ops_table/table.h"

namespace ingot::testing {

void embedding_table() {
  Random random(19);
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64})
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{3, 5}, Shape{1031}}) {
        const Tensor weight = make_tensor(random, Shape{13, 37}, dtype, pattern);
        Tensor ids = Tensor::empty(shape, DType::i32);
        for (std::int64_t i = 0; i < ids.numel(); ++i)
          ids.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(random.below(13));
        const auto table = doubles(weight);
        std::vector<double> oracle;
        for (const double id : doubles(ids))
          for (std::size_t i = 0; i < 37; ++i) oracle.push_back(table[static_cast<std::size_t>(id) * 37 + i]);
        const auto f = [&] { return embedding(weight, ids); };
        EXPECT_TRUE(doubles(in_column(Column::reference, f)) == oracle) << label(dtype, shape, pattern);
        EXPECT_TRUE(doubles(on_cpu(f, "embedding")) == oracle) << label(dtype, shape, pattern);
      }
  const Tensor encoded = quantize(make_tensor(random, Shape{6, 64}, DType::f32, Pattern::contiguous), Scheme::q4_0);
  const Tensor ids = Tensor::from<std::int64_t>({5, 0, 3, 3});
  const auto f = [&] { return embedding(encoded, ids); };
  const auto rows = doubles(dequantize(encoded));
  std::vector<double> oracle;
  for (const std::size_t id : {5, 0, 3, 3})
    oracle.insert(oracle.end(), rows.begin() + id * 64, rows.begin() + id * 64 + 64);
  EXPECT_TRUE(doubles(in_column(Column::reference, f)) == oracle);
  EXPECT_TRUE(doubles(on_cpu(f, "embedding Q4_0")) == oracle);
}

// Cosine and sine rounded (u each), two products and their sum: 4u (|a| + |b|).
void rope_table() {
  Random random(20);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{0, 8}, Shape{1, 2}, Shape{5, 40}, Shape{2, 3, 5, 34}, Shape{3, 129, 64}})
        for (const RopeLayout layout : {RopeLayout::interleaved, RopeLayout::half_split})
          for (const std::int64_t pairs : {shape.back() / 2, shape.back() / 4}) {
            const std::string what = "rope " + label(dtype, shape, pattern);
            const std::int64_t times = shape[shape.rank() - 2];
            const Tensor x = make_tensor(random, shape, dtype, pattern);
            Tensor positions = Tensor::empty(Shape{times}, DType::i64),
                   frequencies = Tensor::empty(Shape{pairs}, DType::f32);
            for (std::int64_t t = 0; t < times; ++t) positions.mutable_data<std::int64_t>()[t] = random.below(100000);
            for (std::int64_t i = 0; i < pairs; ++i)
              frequencies.mutable_data<float>()[i] = static_cast<float>(std::pow(10000, -random.uniform()));
            const auto f = [&] { return rope(x, positions, frequencies, layout); };
            const auto values = doubles(x), where = doubles(positions), turns = doubles(frequencies);
            std::vector<double> oracle = values, size(values.size(), 0);
            const auto width = static_cast<std::size_t>(shape.back());
            for (std::size_t row = 0; row * width < values.size(); ++row)
              for (std::size_t i = 0; i < turns.size(); ++i) {
                const double angle = where[row % static_cast<std::size_t>(times)] * turns[i];
                const std::size_t first = row * width + (layout == RopeLayout::interleaved ? 2 * i : i);
                const std::size_t second = first + (layout == RopeLayout::interleaved ? 1 : turns.size());
                const double a = values[first], b = values[second];
                oracle[first] = std::hypot(a, b) * std::cos(std::atan2(b, a) + angle);
                oracle[second] = std::hypot(a, b) * std::sin(std::atan2(b, a) + angle);
                size[first] = size[second] = std::fabs(a) + std::fabs(b);
              }
            const auto reference = doubles(in_column(Column::reference, f));
            // The oracle turns in polar form: an angle of up to 1e5 is known to 1e5·2^-53.
            expect_near(
                reference, oracle, [&](std::size_t i) { return 3e-11 * size[i] + ulp(dtype, oracle[i]); },
                what + " reference");
            expect_near(
                doubles(on_cpu(f, what)), reference,
                [&](std::size_t i) {
                  return 2 * working_epsilon(dtype) * size[i] + (size[i] > 0 ? ulp(dtype, reference[i]) : 0);
                },
                what + " cpu");
          }
}

// Scores: γ_{D+2} of A = max Σ|q·k|·scale, twice in a weight (its own and the maximum's), 2·|d| ≤ 4A for the rounded
// difference; S weights summed and multiplied: (S + 20)u. All relative to Σ weight·|v|.
void attention_table() {
  Random random(21);
  struct Sizes {
    std::int64_t heads, key_heads, length, keys, width;
  };
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Sizes& s : {Sizes{1, 1, 1, 1, 1},
                             {4, 2, 1, 67, 16},
                             {8, 1, 1, 130, 64},
                             {2, 2, 13, 13, 7},
                             {6, 3, 19, 83, 24},
                             {2, 1, 5, 3, 8},
                             {3, 3, 2, 0, 4},
                             {2, 1, 0, 5, 4}})
        for (AttentionOptions options :
             {AttentionOptions{}, AttentionOptions{true, 0, 0}, AttentionOptions{true, 5, 0.3},
              AttentionOptions{false, 9, 0}, AttentionOptions{false, 0, 0, Tensor::zeros(Shape{}, DType::bool_)},
              AttentionOptions{true, 0, 0, Tensor::zeros(Shape{}, dtype)}}) {
          if (sanitized && dtype != DType::f32 && pattern != Pattern::contiguous) continue;
          // A bool mask of keys alone, an added one for each head; −∞ hides a key.
          if (options.mask.defined()) {
            const bool truth = options.mask.dtype() == DType::bool_;
            options.mask =
                make_tensor(random, truth ? Shape{s.length, s.keys} : Shape{s.heads, 1, s.keys}, options.mask.dtype(),
                            pattern, [](Random& r) { return r.below(4) ? r.normal() : -HUGE_VAL; });
          }
          std::vector<double> added(static_cast<std::size_t>(2 * s.heads * s.length * s.keys), 0);
          if (options.mask.defined()) {
            added = doubles(options.mask.expand(Shape{2, s.heads, s.length, s.keys}));
            if (options.mask.dtype() == DType::bool_)
              for (double& value : added) value = value != 0 ? 0 : -HUGE_VAL;
          }
          const Tensor q = make_tensor(random, Shape{2, s.heads, s.length, s.width}, dtype, pattern);
          // Keys lie as in a cache: (S, Hkv, D), seen as (Hkv, S, D).
          const Tensor k = make_tensor(random, Shape{2, s.keys, s.key_heads, s.width}, dtype, pattern).transpose(1, 2);
          const Tensor v = make_tensor(random, Shape{2, s.key_heads, s.keys, s.width}, dtype, pattern);
          const std::string what = "attention " + label(dtype, q.shape(), pattern) + " " + describe(k) +
                                   (options.causal ? " causal" : "") + " window " + std::to_string(options.window);
          const auto f = [&] { return scaled_dot_product_attention(q, k, v, options); };
          const auto reference = doubles(in_column(Column::reference, f));
          const auto vq = doubles(q), vk = doubles(k), vv = doubles(v);
          const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(s.width));
          std::vector<double> oracle, size, factor;
          for (std::int64_t row = 0; row < 2 * s.heads * s.length; ++row) {
            const std::int64_t i = row % s.length, h = row / s.length % s.heads, b = row / s.length / s.heads;
            const std::int64_t key_base = (b * s.key_heads + h / (s.heads / s.key_heads)) * s.keys;
            std::vector<double> weight(static_cast<std::size_t>(s.keys), 0);
            double sum = 0, largest = 0;
            for (std::int64_t j = 0; j < s.keys; ++j) {
              const std::int64_t distance = i + s.keys - s.length - j;  // how far key j lies before query i
              if ((options.causal && distance < 0) || (options.window > 0 && distance >= options.window)) continue;
              double dot = 0, absolute = 0;
              for (std::int64_t d = 0; d < s.width; ++d) {
                const double product = vq[static_cast<std::size_t>(row * s.width + d)] *
                                       vk[static_cast<std::size_t>((key_base + j) * s.width + d)];
                dot += product;
                absolute += std::fabs(product);
              }
              const double more = added[static_cast<std::size_t>(row * s.keys + j)];
              sum += weight[static_cast<std::size_t>(j)] = std::exp(dot * scale + more);
              // Adding rounds once more, twice in a weight.
              if (more != -HUGE_VAL) largest = std::max(largest, absolute * scale + std::fabs(more));
            }
            for (std::int64_t d = 0; d < s.width; ++d) {
              double value = 0, absolute = 0;
              for (std::int64_t j = 0; j < s.keys && sum > 0; ++j) {
                const double part = weight[static_cast<std::size_t>(j)] / sum *
                                    vv[static_cast<std::size_t>((key_base + j) * s.width + d)];
                value += part;
                absolute += std::fabs(part);
              }
              oracle.push_back(value);
              size.push_back(absolute);
              factor.push_back(2 * static_cast<double>(s.width + 2) * largest + 4 * largest +
                               static_cast<double>(s.keys) + 20);
            }
          }
          const auto limit = [&](double u, std::size_t i) {
            return factor[i] * u * size[i] + (size[i] > 0 ? ulp(dtype, oracle[i]) : 0);
          };
          expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, i); }, what + " reference");
          expect_near(
              doubles(on_cpu(f, what)), reference, [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, i); },
              what + " cpu");
        }
}

}  // namespace ingot::testing
