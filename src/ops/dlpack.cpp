#include "ingot/ops/dlpack.h"

#include <array>
#include <memory>

#include "core/int128.h"
#include "ingot/ops/dtypes.h"
#include "ops/check.h"

namespace ingot {
namespace {

std::uint8_t type_code(DType dtype) {
  switch (dtype) {
    case DType::bf16: return dlpack::brain_floating;
    case DType::f8_e4m3: return dlpack::float8_e4m3fn;
    case DType::f8_e5m2: return dlpack::float8_e5m2;
    default: break;
  }
  switch (kind(dtype)) {
    case Kind::boolean: return dlpack::boolean;
    case Kind::unsigned_integer: return dlpack::unsigned_integer;
    case Kind::signed_integer: return dlpack::signed_integer;
    case Kind::floating: return dlpack::floating;
  }
  return dlpack::floating;
}

DType dtype_of_dlpack(dlpack::DataType found) {
  if (found.lanes == 1)
    for (int i = 0; i < dtype_count; ++i) {
      const auto dtype = static_cast<DType>(i);
      if (type_code(dtype) == found.code && bit_width(dtype) == found.bits) return dtype;
    }
  fail(ErrorCode::dtype_mismatch, "from_dlpack", "type code {} of {} bits in {} lanes is no dtype of ingot", found.code,
       found.bits, found.lanes);
}

// What a lent array stands in; it keeps the tensor.
template <class M>
struct Lent {
  explicit Lent(Tensor x) : tensor(std::move(x)) {
    for (int i = 0; i < tensor.rank(); ++i) {
      shape[static_cast<std::size_t>(i)] = tensor.shape()[i];
      strides[static_cast<std::size_t>(i)] = tensor.strides()[i];
    }
    managed.array = {.data = tensor.numel() ? const_cast<std::byte*>(tensor.bytes()) : nullptr,
                     .device = dlpack::device_of(tensor.device()),
                     .rank = tensor.rank(),
                     .dtype = {type_code(tensor.dtype()), static_cast<std::uint8_t>(bit_width(tensor.dtype())), 1},
                     .shape = shape.data(),
                     .strides = strides.data(),
                     .byte_offset = 0};
    managed.context = this;
    managed.deleter = [](M* self) { delete static_cast<Lent*>(self->context); };
  }
  Tensor tensor;
  std::array<std::int64_t, max_rank> shape{}, strides{};
  M managed{};
};

// The tensor that is lent: x, or its copy.
Tensor lendable(const Tensor& x, std::optional<bool> copy) {
  check_inputs("to_dlpack", {&x});
  check_plain("to_dlpack", x);
  const bool packed = bit_width(x.dtype()) < 8;
  const bool needed = !x.is_aligned() || (packed && x.meta().offset * bit_width(x.dtype()) % 8 != 0);
  if (needed && copy == false)
    fail(ErrorCode::invalid_argument, "to_dlpack", "{} begins at an unaligned place and can only be lent as a copy",
         describe(x));
  return needed || copy == true ? astype(x, x.dtype(), true) : x;
}

}  // namespace

dlpack::Device dlpack::device_of(ingot::Device device) noexcept {
  switch (device.type) {
    case ingot::DeviceType::cpu: return {cpu, 0};
    case ingot::DeviceType::cuda: return {cuda, device.index};
    case ingot::DeviceType::metal: return {metal, device.index};
  }
  return {cpu, 0};
}

Tensor borrow_strided(void* data, const Shape& shape, const Shape& strides, DType dtype, Storage::Deleter release,
                      bool read_only) {
  constexpr const char* name = "borrow_strided";
  check_shape(name, shape);
  const bool empty = shape.numel() == 0;
  Int128 lowest = 0, highest = 0;  // offsets of the outermost elements
  for (int i = 0; i < shape.rank() && !empty; ++i) {
    const Int128 reach = Int128{shape[i] - 1} * strides[i];
    (reach < 0 ? lowest : highest) += reach;
  }
  const int bits = bit_width(dtype);
  if (highest - lowest >= Int128{1} << 60)
    fail(ErrorCode::out_of_range, name, "{} {} with strides {} reaches past all memory", to_string(dtype),
         to_string(shape), to_string(strides));
  const auto before = static_cast<std::int64_t>(-lowest);
  if (before * bits % 8 != 0)
    fail(ErrorCode::invalid_argument, name, "{} {} with strides {} begins inside a byte", to_string(dtype),
         to_string(shape), to_string(strides));
  auto* fresh = new TensorMeta;
  Ref<const TensorMeta> meta(fresh);
  fresh->shape = shape;
  fresh->strides = empty ? contiguous_strides(shape) : strides;
  fresh->dtype = dtype;
  fresh->offset = before;
  const auto bytes =
      empty ? 0 : static_cast<std::size_t>((static_cast<std::int64_t>(highest - lowest + 1) * bits + 7) / 8);
  fresh->storage =
      Storage::borrow(static_cast<std::byte*>(data) - before * bits / 8, bytes, std::move(release), read_only);
  return Tensor(std::move(meta));
}

namespace {

template <class M>
Tensor take(M* lent, Storage::Deleter release, bool read_only) {
  constexpr const char* name = "from_dlpack";
  const dlpack::Array& array = lent->array;
  if (array.device.type != dlpack::cpu)
    fail(ErrorCode::invalid_argument, name, "an array on device type {}; only the CPU's memory can be taken",
         array.device.type);
  const DType dtype = dtype_of_dlpack(array.dtype);
  if (array.rank < 0 || array.rank > max_rank)
    fail(ErrorCode::invalid_argument, name, "{} dimensions; 0 to {} can be taken", array.rank, max_rank);
  const auto rank = static_cast<std::size_t>(array.rank);
  const Shape shape(std::span<const std::int64_t>(array.shape, rank));
  check_shape(name, shape);
  const Shape strides =
      array.strides ? Shape(std::span<const std::int64_t>(array.strides, rank)) : contiguous_strides(shape);
  if (!release)
    release = [lent](void*) {
      if (lent->deleter) lent->deleter(lent);
    };
  return borrow_strided(static_cast<std::byte*>(array.data) + array.byte_offset, shape, strides, dtype,
                        std::move(release), read_only);
}

}  // namespace

Tensor from_dlpack(dlpack::ManagedVersioned* lent, Storage::Deleter release) {
  if (lent->version.major != dlpack::our_version.major)
    fail(ErrorCode::invalid_argument, "from_dlpack", "DLPack version {}.{} is not read", lent->version.major,
         lent->version.minor);
  if (lent->flags & dlpack::flag_padded)
    fail(ErrorCode::invalid_argument, "from_dlpack", "elements of less than a byte in a byte each are not read");
  return take(lent, std::move(release), lent->flags & dlpack::flag_read_only);
}

Tensor from_dlpack(dlpack::Managed* lent, Storage::Deleter release) { return take(lent, std::move(release), false); }

dlpack::ManagedVersioned* to_dlpack(const Tensor& x, std::optional<bool> copy) {
  const Tensor lent = lendable(x, copy);
  auto* owner = new Lent<dlpack::ManagedVersioned>(lent);
  const bool copied = !lent.same_storage(x);
  owner->managed.version = dlpack::our_version;
  owner->managed.flags =
      (lent.storage()->read_only() ? dlpack::flag_read_only : 0) | (copied ? dlpack::flag_copied : 0);
  return &owner->managed;
}

dlpack::Managed* to_dlpack_unversioned(const Tensor& x, std::optional<bool> copy) {
  const Tensor lent = lendable(x, copy);
  if (lent.storage()->read_only())
    fail(ErrorCode::invalid_argument, "to_dlpack",
         "a read-only tensor needs DLPack 1.0 (max_version=(1, 0)), or copy=True");
  return &(new Lent<dlpack::Managed>(lent))->managed;
}

}  // namespace ingot
