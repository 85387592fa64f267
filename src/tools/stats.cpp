#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/fail.h"
#include "core/parallel.h"
#include "ingot/ops.h"
#include "ingot/tools.h"
#include "tools/values.h"

namespace ingot {
namespace {

// Elements are read in ranges of this many, each by one thread, and the ranges' results joined in their order: memory
// stays small and the sums do not depend on the number of threads.
constexpr std::int64_t range_elements = 1 << 16;

struct Partial {
  std::int64_t finite = 0, zeros = 0, nans = 0, infinities = 0;
  double min = std::numeric_limits<double>::infinity(), max = -std::numeric_limits<double>::infinity();
  double mean = 0, squares = 0;  // squares: Σ (x − mean)²

  // Chan, Golub, LeVeque 1979: means and squared deviations of two halves give those of the whole without
  // cancellation.
  void join(const Partial& other) {
    zeros += other.zeros, nans += other.nans, infinities += other.infinities;
    if (other.finite == 0) return;
    const auto a = static_cast<double>(finite), b = static_cast<double>(other.finite);
    const double delta = other.mean - mean;
    mean += delta * b / (a + b);
    squares += other.squares + delta * delta * a * b / (a + b);
    finite += other.finite;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
};

Partial summarize(const std::vector<double>& values) {
  Partial p;
  double sum = 0;
  for (const double x : values) {
    if (std::isnan(x))
      ++p.nans;
    else if (std::isinf(x))
      ++p.infinities;
    else {
      if (x == 0) ++p.zeros;
      ++p.finite;
      sum += x;
      p.min = std::min(p.min, x);
      p.max = std::max(p.max, x);
    }
  }
  if (p.finite == 0) return p;
  p.mean = sum / static_cast<double>(p.finite);
  for (const double x : values)
    if (std::isfinite(x)) p.squares += (x - p.mean) * (x - p.mean);
  return p;
}

// Tensors as a row of pieces, each decodable on its own to at most range_elements (or one row of an encoded tensor).
class Pieces {
 public:
  explicit Pieces(const NamedTensor& entry) : entry_(entry), total_(entry.shape().numel()) {
    if (entry.composite) {
      rows_ = std::max<std::int64_t>(1, range_elements / std::max<std::int64_t>(1, entry.shape().back()));
      count_ = (entry.row_count() + rows_ - 1) / rows_;
      return;
    }
    const Tensor& tensor = entry.tensor;
    whole_ = tensor.encoding() && tensor.encoding()->scheme() == Scheme::i2_s ? dequantize(tensor) : tensor;
    if (whole_.is_quantized()) {
      whole_ = whole_.view({-1, whole_.size(-1)});
      rows_ = std::max<std::int64_t>(1, range_elements / whole_.size(-1));
      count_ = (whole_.size(0) + rows_ - 1) / rows_;
    } else {
      whole_ = (whole_.is_contiguous() ? whole_ : contiguous(whole_)).view({-1});
      count_ = (total_ + range_elements - 1) / range_elements;
    }
  }
  std::int64_t count() const noexcept { return total_ ? count_ : 0; }

  std::vector<double> get(std::int64_t i) const { return as_doubles(at(i), "tensor_stats"); }

 private:
  Tensor at(std::int64_t i) const {
    if (entry_.composite) return entry_.rows(i * rows_, std::min((i + 1) * rows_, entry_.row_count())).view({-1});
    if (whole_.is_quantized()) return dequantize(whole_.slice(0, i * rows_, (i + 1) * rows_)).view({-1});
    return whole_.slice(0, i * range_elements, (i + 1) * range_elements);
  }

  const NamedTensor& entry_;
  Tensor whole_;
  std::int64_t total_, rows_ = 1, count_ = 0;
};

}  // namespace

TensorStats tensor_stats(const Tensor& tensor) { return tensor_stats(NamedTensor{.name = "", .tensor = tensor}); }

TensorStats tensor_stats(const NamedTensor& entry) {
  TensorStats stats{.count = entry.shape().numel()};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (stats.count == 0) {
    stats.min = stats.max = stats.mean = stats.std = nan;
    return stats;
  }
  const Pieces pieces(entry);
  std::vector<Partial> partials(static_cast<std::size_t>(pieces.count()));
  parallel_for(pieces.count(), 1, [&](std::int64_t begin, std::int64_t) {
    partials[static_cast<std::size_t>(begin)] = summarize(pieces.get(begin));
  });
  Partial all;
  for (const Partial& p : partials) all.join(p);
  stats.zeros = all.zeros, stats.nans = all.nans, stats.infinities = all.infinities;
  stats.min = all.finite ? all.min : nan;
  stats.max = all.finite ? all.max : nan;
  stats.mean = all.finite ? all.mean : nan;
  stats.std = all.finite ? std::sqrt(all.squares / static_cast<double>(all.finite)) : nan;
  if (all.finite == 0) return stats;

  // numpy.histogram's edges: a constant tensor gets the range ±½ around its value; the last bin is closed.
  const bool constant = all.min == all.max;
  const double low = constant ? all.min - 0.5 : all.min, high = constant ? all.max + 0.5 : all.max;
  const double width = high - low, scale = TensorStats::bins / width;
  // Where double has no 32 bins between them (NumPy refuses these) all elements share the middle one.
  if (!std::isfinite(width) || !std::isfinite(scale)) {
    stats.histogram[TensorStats::bins / 2] = all.finite;
    return stats;
  }
  std::vector<std::array<std::int64_t, TensorStats::bins>> counts(partials.size());
  parallel_for(pieces.count(), 1, [&](std::int64_t begin, std::int64_t) {
    auto& bins = counts[static_cast<std::size_t>(begin)];
    for (const double x : pieces.get(begin))
      if (std::isfinite(x)) {
        auto bin = std::clamp<std::int64_t>(static_cast<std::int64_t>((x - low) * scale), 0, TensorStats::bins - 1);
        // As NumPy: the product may round across an edge, so the edges themselves decide.
        const auto edge = [&](std::int64_t i) { return low + static_cast<double>(i) * width / TensorStats::bins; };
        if (x < edge(bin))
          --bin;
        else if (bin != TensorStats::bins - 1 && x >= edge(bin + 1))
          ++bin;
        ++bins[static_cast<std::size_t>(bin)];
      }
  });
  for (const auto& bins : counts)
    for (std::size_t i = 0; i < bins.size(); ++i) stats.histogram[i] += bins[i];
  return stats;
}

}  // namespace ingot
