#include "device/kernel_table.h"

#include <atomic>
#include <cstdlib>
#include <optional>
#include <vector>

#include "core/fail.h"
#include "device/backend.h"

namespace ingot {
namespace {

constexpr std::string_view op_names[] = {
#define INGOT_X(id) #id,
    INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X
};

std::atomic<std::uint64_t> fallbacks{0};
thread_local std::optional<Column> forced;

bool fallback_is_error() noexcept {
  static const bool error = [] {
    const char* value = std::getenv("INGOT_FALLBACK");
    return value && std::string_view(value) == "error";
  }();
  return error;
}

// Row-major copy of a plain tensor whose elements lie at unaligned addresses (mapped files may hold such), element by
// element through memcpy: no typed kernel may touch them.
Tensor aligned_copy(const Tensor& x) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  const std::size_t width = static_cast<std::size_t>(bit_width(x.dtype())) / 8;
  const std::int64_t count = x.numel();
  if (count == 0) return out;
  const std::byte* from = x.bytes();
  std::byte* to = out.mutable_bytes();
  if (x.is_contiguous()) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * width);
    return out;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0, rest = i;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      offset += rest % x.shape()[axis] * x.strides()[axis];
      rest /= x.shape()[axis];
    }
    std::memcpy(to + static_cast<std::size_t>(i) * width, from + offset * static_cast<std::int64_t>(width), width);
  }
  return out;
}

}  // namespace

std::string_view to_string(Op op) noexcept { return op_names[static_cast<std::size_t>(op)]; }

std::string_view to_string(Column column) noexcept {
  switch (column) {
    case Column::reference: return "reference";
    case Column::cpu: return "cpu";
    case Column::cuda: return "cuda";
    case Column::metal: return "metal";
    case Column::count_: break;
  }
  return "unknown";
}

const KernelTable& kernel_table() {
  static const KernelTable table = [] {
    KernelTable t;
    register_reference(t);
    register_cpu(t);
    return t;
  }();
  return table;
}

void dispatch(Op op, std::span<const Tensor* const> inputs, std::span<const Tensor* const> outputs,
              const Params& params) {
  const Column column = forced ? *forced : backend_of(outputs[0]->device()).column();
  Kernel kernel = kernel_table().get(op, column);
  if (!kernel) {
    if (fallback_is_error())
      throw NotImplemented(to_string(op), "no kernel in column " + std::string(to_string(column)));
    fallbacks.fetch_add(1, std::memory_order_relaxed);
    kernel = kernel_table().get(op, Column::reference);
    if (!kernel) throw NotImplemented(to_string(op), "no kernel in column reference");
  }
  bool aligned = true;
  for (const Tensor* x : inputs) aligned = aligned && (!x->defined() || x->is_aligned());
  if (aligned) return kernel({op, inputs, outputs, params});
  std::vector<Tensor> copies;
  copies.reserve(inputs.size());  // addresses below must stay
  std::vector<const Tensor*> list(inputs.begin(), inputs.end());
  for (const Tensor*& x : list)
    if (x->defined() && !x->is_aligned()) x = &copies.emplace_back(aligned_copy(*x));
  kernel({op, std::span<const Tensor* const>(list), outputs, params});
}

std::uint64_t fallback_count() noexcept { return fallbacks.load(std::memory_order_relaxed); }

ScopedColumn::ScopedColumn(Column column) noexcept : before_(forced.value_or(Column::count_)) { forced = column; }
ScopedColumn::~ScopedColumn() {
  if (before_ == Column::count_)
    forced.reset();
  else
    forced = before_;
}

}  // namespace ingot
