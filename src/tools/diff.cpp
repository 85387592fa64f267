#include "ingot/diff.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>

#include "core/fail.h"
#include "core/parallel.h"
#include "formats/plan.h"
#include "ingot/ops.h"
#include "tools/model_source.h"
#include "tools/values.h"

namespace ingot {
namespace {

// Pieces of about this many elements, each by one thread, their sums added in their order.
constexpr std::int64_t piece_elements = 1 << 16;

struct Sums {
  std::int64_t unequal = 0;
  double maximum = 0, error = 0, aa = 0, bb = 0, ab = 0;

  void add(const Sums& other) {
    unequal += other.unequal;
    maximum = std::max(maximum, other.maximum);
    error += other.error, aa += other.aa, bb += other.bb, ab += other.ab;
  }
};

// Which elements of two pieces of an integer dtype differ: a double has no room for 64 bits.
std::int64_t unequal_integers(const Tensor& a, const Tensor& b) {
  const Tensor x = contiguous(a), y = contiguous(b);
  const auto size = static_cast<std::size_t>(bit_width(x.dtype()) / 8);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto at = static_cast<std::size_t>(i) * size;
    count += std::memcmp(x.bytes() + at, y.bytes() + at, size) != 0 ? 1 : 0;
  }
  return count;
}

Sums sums_of(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = as_doubles(a, "diff"), y = as_doubles(b, "diff");
  Sums sums;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) {
      if (!std::isfinite(x[i])) continue;
    } else {
      ++sums.unequal;
      const double miss = std::abs(x[i] - y[i]);
      sums.maximum = std::max(sums.maximum, std::isfinite(miss) ? miss : std::numeric_limits<double>::infinity());
      if (!std::isfinite(miss)) {
        sums.error = std::numeric_limits<double>::infinity();
        continue;
      }
      sums.error += miss * miss;
    }
    sums.aa += x[i] * x[i];
    sums.bb += y[i] * y[i];
    sums.ab += x[i] * y[i];
  }
  const bool wide = !a.is_quantized() && a.dtype() == b.dtype() && (a.dtype() == DType::i64 || a.dtype() == DType::u64);
  if (wide) sums.unequal = unequal_integers(a, b);
  return sums;
}

// The tensors under the names they are compared by.
std::vector<OutputTensor> tensors_of(const Checkpoint& checkpoint, bool under_gguf_names) {
  std::vector<OutputTensor> tensors;
  if (under_gguf_names && checkpoint.format != "gguf")
    for (SourceTensor& tensor : model_source(checkpoint, "").tensors) tensors.push_back(std::move(tensor.output));
  else
    for (const NamedTensor& entry : checkpoint.tensors) tensors.push_back(OutputTensor::of(entry));
  return tensors;
}

std::uint64_t bytes_of(const std::vector<OutputTensor>& tensors) {
  std::uint64_t bytes = 0;
  for (const OutputTensor& tensor : tensors) bytes += tensor.nbytes();
  return bytes;
}

}  // namespace

double Difference::signal_to_noise() const noexcept { return -20 * std::log10(relative); }

Difference compare(const OutputTensor& a, const OutputTensor& b) {
  if (a.shape != b.shape)
    fail(ErrorCode::shape_mismatch, "diff", "'{}' is {}, '{}' is {}", a.name, to_string(a.shape), b.name,
         to_string(b.shape));
  const RowLayout x = row_layout(a), y = row_layout(b);
  const std::int64_t unit = std::lcm(x.unit, y.unit);
  const std::int64_t step =
      std::max<std::int64_t>(1, piece_elements / std::max<std::int64_t>(1, x.columns) / unit) * unit;
  const std::int64_t pieces = x.columns == 0 ? 0 : (x.rows + step - 1) / step;
  if (pieces > 0) {  // what all rows share, before threads wait for it
    a.rows(0, std::min(x.rows, unit));
    b.rows(0, std::min(x.rows, unit));
  }
  std::vector<Sums> partial(static_cast<std::size_t>(pieces));
  parallel_for(pieces, 1, [&](std::int64_t piece, std::int64_t) {
    const SerialScope serial;
    const std::int64_t first = piece * step, last = std::min(x.rows, first + step);
    partial[static_cast<std::size_t>(piece)] = sums_of(a.rows(first, last), b.rows(first, last));
  });
  Sums all;
  for (const Sums& sums : partial) all.add(sums);
  Difference difference{.elements = a.shape.numel(), .unequal = all.unequal, .maximum = all.maximum};
  if (all.error > 0) difference.relative = std::sqrt(all.error / all.aa);
  if (all.aa > 0 || all.bb > 0)
    difference.cosine = all.aa > 0 && all.bb > 0 ? all.ab / (std::sqrt(all.aa) * std::sqrt(all.bb)) : 0;
  return difference;
}

DiffReport diff(const Checkpoint& a, const Checkpoint& b, const Progress& progress) {
  const bool a_gguf = a.format == "gguf", b_gguf = b.format == "gguf";
  const auto is_model = [](const Checkpoint& c) { return c.format == "gguf" || c.documents.contains("config.json"); };
  const bool under_gguf_names = a_gguf != b_gguf && is_model(a) && is_model(b);
  const std::vector<OutputTensor> left = tensors_of(a, under_gguf_names), right = tensors_of(b, under_gguf_names);
  std::map<std::string_view, const OutputTensor*> of_b;
  for (const OutputTensor& tensor : right) of_b.emplace(tensor.name, &tensor);
  const auto side = [](const OutputTensor& t) { return TensorDiff::Side{std::string(t.held_as()), t.shape}; };

  DiffReport report;
  const std::uint64_t total = bytes_of(left);
  std::uint64_t done = 0;
  for (const OutputTensor& tensor : left) {
    TensorDiff entry{.name = tensor.name, .a = side(tensor)};
    if (const auto found = of_b.find(tensor.name); found != of_b.end()) {
      const OutputTensor& other = *found->second;
      entry.b = side(other);
      try {
        if (tensor.shape == other.shape) entry.values = compare(tensor, other);
      } catch (const NotImplemented& error) {
        report.notes.push_back(fmt::format("{}: not compared: {}", tensor.name, error.message()));
      }
      of_b.erase(found);
    }
    report.tensors.push_back(std::move(entry));
    done += tensor.nbytes();
    if (progress) progress(done, total);
  }
  for (const OutputTensor& tensor : right)
    if (of_b.contains(tensor.name)) report.tensors.push_back({.name = tensor.name, .b = side(tensor)});
  return report;
}

bool DiffReport::same(std::optional<double> tolerance) const noexcept {
  return std::ranges::all_of(tensors, [&](const TensorDiff& t) {
    if (!t.values) return false;
    return tolerance ? t.values->relative <= *tolerance : t.a == t.b && t.values->unequal == 0;
  });
}

}  // namespace ingot
