// The tensor: an 8-byte value handle to immutable metadata over shared storage.
#pragma once

#include <optional>
#include <string>

#include "ingot/dtype.h"
#include "ingot/encoding.h"
#include "ingot/error.h"
#include "ingot/shape.h"
#include "ingot/storage.h"

namespace [[gnu::visibility("default")]] ingot {

/// Everything about a tensor but its bytes. Never changes after construction, so handles may be shared by threads.
struct TensorMeta final : RefCounted {
  Ref<Storage> storage;
  Shape shape, strides;         // strides in elements
  std::int64_t offset = 0;      // in elements from `byte_offset`
  std::size_t byte_offset = 0;  // where the tensor's data begins in the storage; may be unaligned in mapped files
  DType dtype = DType::f32;
  Ref<const Encoding> encoding;  // null: plain elements
};

class Tensor {
 public:
  /// No tensor: only defined() and assignment are allowed on it.
  Tensor() noexcept = default;

  /// Uninitialised elements, row-major.
  static Tensor empty(const Shape& shape, DType dtype, Device device = cpu_device);
  static Tensor zeros(const Shape& shape, DType dtype, Device device = cpu_device);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
  /// A 1-D copy of `values`, or one of `shape`. Throws shape_mismatch where the counts differ.
  template <class T>
  static Tensor from(std::span<const T> values, std::optional<Shape> shape = {});
  template <class T>
  static Tensor from(std::initializer_list<T> values, std::optional<Shape> shape = {}) {
    return from(std::span<const T>(values.begin(), values.size()), shape);
  }
  /// Row-major elements that begin `byte_offset` bytes into `storage`, aligned or not.
  /// Throws out_of_range where they pass its end.
  static Tensor view_of(Ref<Storage> storage, std::size_t byte_offset, const Shape& shape, DType dtype);
  /// Encoded rows in the file's layout. The last dimension must be a multiple of the block; for I2_S and the schemes
  /// SafeTensors carries, which pack the flattened tensor, the number of elements. Affine codes may be any number;
  /// their scales and zero points must fit the shape (Encoding::scales).
  static Tensor view_of(Ref<Storage> storage, std::size_t byte_offset, const Shape& shape,
                        Ref<const Encoding> encoding);

  bool defined() const noexcept { return static_cast<bool>(meta_); }
  const Shape& shape() const noexcept { return meta_->shape; }
  const Shape& strides() const noexcept { return meta_->strides; }
  int rank() const noexcept { return meta_->shape.rank(); }
  /// Size of one dimension; negative axes count from the end. Throws out_of_range.
  std::int64_t size(int axis) const;
  std::int64_t numel() const { return meta_->shape.numel(); }
  DType dtype() const noexcept { return meta_->dtype; }
  Device device() const noexcept { return meta_->storage->device(); }
  const Ref<Storage>& storage() const noexcept { return meta_->storage; }
  /// Null for a plain tensor.
  const Encoding* encoding() const noexcept { return meta_->encoding.get(); }
  bool is_quantized() const noexcept { return static_cast<bool>(meta_->encoding); }
  const TensorMeta& meta() const noexcept { return *meta_; }

  /// Row-major without gaps.
  bool is_contiguous() const noexcept;
  /// The first element lies on a multiple of the element's size (of 1 for encoded tensors).
  bool is_aligned() const noexcept;
  /// Bytes the elements take when row-major (for I2_S with its tail; of an affine tensor the codes').
  std::size_t nbytes() const;
  /// Address of the first element; waits for the last writer. Packed i4/i2 views start on a whole byte.
  const std::byte* bytes() const;
  /// Throws invalid_argument on read-only storage.
  std::byte* mutable_bytes() const;
  /// Typed access to the first element. Throws dtype_mismatch for another type, invalid_argument where unaligned.
  template <class T>
  const T* data() const {
    check_access(dtype_of<T>, "Tensor::data");
    return reinterpret_cast<const T*>(bytes());
  }
  template <class T>
  T* mutable_data() const {
    check_access(dtype_of<T>, "Tensor::mutable_data");
    return reinterpret_cast<T*>(mutable_bytes());
  }
  /// The only element of a tensor with one, as double. Throws shape_mismatch for any other number.
  double item() const;

  // Views: never copy. Encoded tensors can be viewed along their outer dimensions, in whole rows; affine ones with
  // their scales and zero points, where the axis is not divided into groups.

  /// x[..., start:stop:step, ...] along `axis`, with Python's clamping; step ≠ 0, negative steps allowed.
  Tensor slice(int axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1) const;
  /// x[..., index, ...]: removes `axis`.
  Tensor select(int axis, std::int64_t index) const;
  Tensor transpose(int axis0, int axis1) const;
  Tensor permute(const Shape& axes) const;
  /// One size may be -1. Throws invalid_argument where the strides do not allow it without a copy (ops.h: reshape).
  Tensor view(const Shape& shape) const;
  /// The same for a complete shape; none where a copy would be needed.
  std::optional<Tensor> try_view(const Shape& shape) const;
  /// Broadcast to `shape`, with stride 0 where a dimension stretches.
  Tensor expand(const Shape& shape) const;
  /// Removes `axis`, which must have size 1; without an axis, all of size 1.
  Tensor squeeze(std::optional<int> axis = {}) const;
  Tensor unsqueeze(int axis) const;

  bool same_storage(const Tensor& other) const noexcept { return meta_->storage == other.meta_->storage; }

  explicit Tensor(Ref<const TensorMeta> meta) noexcept : meta_(std::move(meta)) {}

 private:
  void check_access(DType dtype, const char* operation) const;
  Tensor with(const Shape& shape, const Shape& strides, std::int64_t offset, Ref<const Encoding> encoding) const;
  Ref<const TensorMeta> meta_;
};

static_assert(sizeof(Tensor) == 8);

/// "f32 (2, 3)", "Q8_0 (32, 64)": for messages.
std::string describe(const Tensor& x);

template <class T>
Tensor Tensor::from(std::span<const T> values, std::optional<Shape> shape) {
  const auto count = static_cast<std::int64_t>(values.size());
  Tensor x = empty(shape.value_or(Shape{count}), dtype_of<T>);
  if (x.numel() != count)
    throw Error(ErrorCode::shape_mismatch, "Tensor::from",
                std::to_string(count) + " values for shape " + to_string(x.shape()));
  T* out = x.mutable_data<T>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return x;
}

}  // namespace ingot
