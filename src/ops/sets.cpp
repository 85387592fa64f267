// Sets: x sorted, and one pass over neighbours. Their sizes depend on the elements, so the pass is the host's.
#include "ingot/ops/sets.h"

#include <vector>

#include "core/visit.h"
#include "ingot/ops/manipulation.h"
#include "ingot/ops/sorting.h"
#include "ops/check.h"

namespace ingot {
namespace {

template <class T>
bool equal_elements(T a, T b) noexcept {
  if constexpr (std::is_arithmetic_v<T>)
    return a == b;
  else
    return to_float(a) == to_float(b);
}

// Where in `sorted` each group of equal elements begins, and the end.
std::vector<std::int64_t> group_begins(const Tensor& sorted, const char* name) {
  std::vector<std::int64_t> begins;
  visit_numeric(sorted.dtype(), name, [&]<class T>(T) {
    const T* x = sorted.data<T>();
    for (std::int64_t i = 0; i < sorted.numel(); ++i)
      if (i == 0 || !equal_elements(x[i], x[i - 1])) begins.push_back(i);
  });
  begins.push_back(sorted.numel());
  return begins;
}

Tensor flattened(const char* name, const Tensor& x) {
  check_inputs(name, {&x});
  check_unpacked(name, x);
  return reshape(x, Shape{-1});
}

// The first element of each group.
Tensor firsts(const Tensor& from, const std::vector<std::int64_t>& begins, const char* name) {
  const auto n = static_cast<std::int64_t>(begins.size()) - 1;
  const Tensor out = Tensor::empty(Shape{n}, from.dtype());
  visit_numeric(from.dtype(), name, [&]<class T>(T) {
    const T* x = from.data<T>();
    T* to = out.mutable_data<T>();
    for (std::int64_t i = 0; i < n; ++i) to[i] = x[begins[static_cast<std::size_t>(i)]];
  });
  return out;
}

Tensor sizes(const std::vector<std::int64_t>& begins) {
  const Tensor out = Tensor::empty(Shape{static_cast<std::int64_t>(begins.size()) - 1}, DType::i64);
  auto* to = out.mutable_data<std::int64_t>();
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) to[i] = begins[i + 1] - begins[i];
  return out;
}

UniqueAll unique(const char* name, const Tensor& x) {
  const Tensor flat = flattened(name, x);
  const auto [sorted, order] = topk(flat, flat.numel(), 0, false);
  const std::vector<std::int64_t> begins = group_begins(sorted, name);
  const Tensor inverse = Tensor::empty(flat.shape(), DType::i64);
  const auto* from = order.data<std::int64_t>();
  auto* to = inverse.mutable_data<std::int64_t>();
  for (std::size_t group = 0; group + 1 < begins.size(); ++group)
    for (std::int64_t i = begins[group]; i < begins[group + 1]; ++i) to[from[i]] = static_cast<std::int64_t>(group);
  return {firsts(sorted, begins, name), firsts(order, begins, name), inverse.view(x.shape()), sizes(begins)};
}

}  // namespace

Tensor unique_values(const Tensor& x) {
  const char* name = "unique_values";
  const Tensor sorted = sort(flattened(name, x));
  return firsts(sorted, group_begins(sorted, name), name);
}

UniqueCounts unique_counts(const Tensor& x) {
  const char* name = "unique_counts";
  const Tensor sorted = sort(flattened(name, x));
  const std::vector<std::int64_t> begins = group_begins(sorted, name);
  return {firsts(sorted, begins, name), sizes(begins)};
}

UniqueInverse unique_inverse(const Tensor& x) {
  const UniqueAll all = unique("unique_inverse", x);
  return {all.values, all.inverse_indices};
}

UniqueAll unique_all(const Tensor& x) { return unique("unique_all", x); }

}  // namespace ingot
