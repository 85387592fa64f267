// The table kernel[operation][column]. Every operation passes dispatch().
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <type_traits>

#include "ingot/tensor.h"

namespace ingot {

#define INGOT_OPERATIONS(X) \
  X(elementwise)            \
  X(select)                 \
  X(copy)                   \
  X(gather)                 \
  X(scatter)                \
  X(arange)                 \
  X(random)                 \
  X(reduce)                 \
  X(softmax)                \
  X(log_softmax)            \
  X(cross_entropy)          \
  X(layer_norm)             \
  X(rms_norm)               \
  X(argmax)                 \
  X(cumulate)               \
  X(sort)                   \
  X(argsort)                \
  X(searchsorted)           \
  X(matmul)                 \
  X(solve)                  \
  X(determinant)            \
  X(cholesky)               \
  X(qr)                     \
  X(svd)                    \
  X(eigh)                   \
  X(linear)                 \
  X(embedding)              \
  X(rope)                   \
  X(attention)              \
  X(quantize)               \
  X(dequantize)

enum class Op : std::uint8_t {
#define INGOT_X(id) id,
  INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X
      count_
};

/// `reference` is scalar with double accumulators: the oracle of every other column.
enum class Column : std::uint8_t { reference, cpu, cuda, metal, count_ };

std::string_view to_string(Op op) noexcept;
std::string_view to_string(Column column) noexcept;

/// What an operation passes beside its tensors: a trivially copyable struct of its own, held inline so that a
/// recorder can keep calls in a flat list.
class Params {
 public:
  Params() noexcept = default;
  template <class T>
    requires(std::is_trivially_copyable_v<T> && sizeof(T) <= 56 && !std::is_same_v<T, Params>)
  Params(const T& value) noexcept {  // NOLINT(google-explicit-constructor): dispatch(op, …, MyParams{…}) reads well
    std::memcpy(bytes_.data(), &value, sizeof value);
  }
  template <class T>
  T as() const noexcept {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 56);
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    return value;
  }

 private:
  alignas(8) std::array<std::byte, 56> bytes_{};
};

/// The tensors of a call, by address: copying a handle costs two atomic operations, a tenth of a small addition.
class TensorList {
 public:
  TensorList(std::span<const Tensor* const> tensors) noexcept  // NOLINT(google-explicit-constructor)
      : tensors_(tensors) {}
  const Tensor& operator[](std::size_t i) const noexcept { return *tensors_[i]; }
  std::size_t size() const noexcept { return tensors_.size(); }

 private:
  std::span<const Tensor* const> tensors_;
};

/// One call as a kernel sees it. Shapes and dtypes have been checked and outputs allocated by the operation.
/// Plain inputs arrive aligned; their strides are arbitrary.
struct Call {
  Op op;
  TensorList inputs, outputs;
  Params params;
};

using Kernel = void (*)(const Call&);

class KernelTable {
 public:
  void set(Op op, Column column, Kernel kernel) noexcept { cell(op, column) = kernel; }
  Kernel get(Op op, Column column) const noexcept { return const_cast<KernelTable*>(this)->cell(op, column); }

 private:
  Kernel& cell(Op op, Column column) noexcept {
    return cells_[static_cast<std::size_t>(op)][static_cast<std::size_t>(column)];
  }
  std::array<std::array<Kernel, static_cast<std::size_t>(Column::count_)>, static_cast<std::size_t>(Op::count_)>
      cells_{};
};

/// The process's table, filled on first use by the register_…() functions of the backends built in.
const KernelTable& kernel_table();
void register_reference(KernelTable& table);  // src/backends/reference
void register_cpu(KernelTable& table);        // src/backends/cpu

/// Runs op in the column of the outputs' device. An empty cell falls back to `reference` (counted), or throws
/// NotImplemented under INGOT_FALLBACK=error. Unaligned plain inputs are copied first.
void dispatch(Op op, std::span<const Tensor* const> inputs, std::span<const Tensor* const> outputs,
              const Params& params = {});
inline void dispatch(Op op, std::initializer_list<const Tensor*> inputs, std::initializer_list<const Tensor*> outputs,
                     const Params& params = {}) {
  dispatch(op, std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()), params);
}

/// How often an empty cell was met since the process began.
std::uint64_t fallback_count() noexcept;

/// Sends the operations of this thread to one column while it lives: how tests compare a column with the reference.
class ScopedColumn {
 public:
  explicit ScopedColumn(Column column) noexcept;
  ~ScopedColumn();
  ScopedColumn(const ScopedColumn&) = delete;
  ScopedColumn& operator=(const ScopedColumn&) = delete;

 private:
  Column before_;
};

}  // namespace ingot
