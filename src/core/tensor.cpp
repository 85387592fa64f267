#include "ingot/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/checked.h"
#include "core/fail.h"
#include "core/resolve_shape.h"
#include "core/visit.h"

namespace ingot {
namespace {

// Counted once, under the type that the tensor holds: a second handle would cost two atomic operations, a tenth of a
// view.
Tensor row_major(Ref<Storage> storage, std::size_t byte_offset, const Shape& shape, DType dtype,
                 Ref<const Encoding> encoding = {}) {
  auto* fresh = new TensorMeta;
  Ref<const TensorMeta> meta(fresh);
  fresh->storage = std::move(storage);
  fresh->shape = shape;
  fresh->strides = contiguous_strides(shape);
  fresh->byte_offset = byte_offset;
  fresh->dtype = dtype;
  fresh->encoding = std::move(encoding);
  return Tensor(std::move(meta));
}

void check_inside(const Tensor& x, const char* operation) {
  const std::size_t end = checked_add(x.meta().byte_offset, x.nbytes(), operation);
  if (end > x.storage()->size())
    fail(ErrorCode::out_of_range, operation, "{} ends at byte {} of a storage of {}", describe(x), end,
         x.storage()->size());
}

void require_plain(const Tensor& x, const char* operation) {
  if (x.is_quantized())
    fail(ErrorCode::invalid_argument, operation, "{} can be viewed along its outer dimensions only", describe(x));
}

const Encoding* affine(const Encoding* encoding) noexcept {
  return encoding && affine_codes(encoding->scheme()) ? encoding : nullptr;
}

// What is done to an affine tensor's codes is done to its scales and zero points.
template <class View>
Ref<const Encoding> viewed(const Ref<const Encoding>& encoding, View&& view) {
  if (!affine(encoding.get())) return encoding;
  const Tensor zero_points = encoding->zero_points();
  return Encoding::affine(*affine_codes(encoding->scheme()), view(encoding->scales()),
                          zero_points.defined() ? view(zero_points) : zero_points);
}

// Scales and zero points of dtypes and shapes that belong to codes of `shape`.
void check_affine(const Encoding& encoding, const Shape& shape, const char* operation) {
  const Tensor scales = encoding.scales(), zero_points = encoding.zero_points();
  const auto refuse = [&](ErrorCode code, const char* why) {
    fail(code, operation, "{} {} with scales {} and zero points {}: {}", to_string(encoding.scheme()), to_string(shape),
         describe(scales), zero_points.defined() ? describe(zero_points) : "0", why);
  };
  if (!scales.defined()) refuse(ErrorCode::invalid_argument, "scales are missing");
  if (scales.is_quantized() || !is_floating(scales.dtype()) || bit_width(scales.dtype()) < 16 ||
      scales.dtype() == DType::f64)
    refuse(ErrorCode::dtype_mismatch, "scales are f16, bf16 or f32");
  if (zero_points.defined() &&
      (zero_points.is_quantized() ||
       zero_points.dtype() != (encoding.scheme() == Scheme::affine_u8 ? DType::u8 : DType::i8)))
    refuse(ErrorCode::dtype_mismatch, "zero points are i8, or u8 for codes of u8");
  bool fits = shape.rank() > 0 && scales.rank() == shape.rank() &&
              (!zero_points.defined() || zero_points.shape() == scales.shape());
  for (int axis = 0; fits && axis < shape.rank(); ++axis) {
    const std::int64_t n = shape[axis], count = scales.shape()[axis];
    fits = count == 1 || count == n || (count > 0 && n % count == 0);
  }
  if (!fits) refuse(ErrorCode::shape_mismatch, "along each axis there is one for all, for each element or for a group");
}

}  // namespace

Shape resolve_shape(const Tensor& x, const Shape& requested, const char* operation) {
  Shape target = requested;
  std::int64_t known = 1;
  int open = -1;
  for (int i = 0; i < target.rank(); ++i) {
    if (target[i] == -1 && open < 0)
      open = i;
    else if (target[i] < 0)
      fail(ErrorCode::invalid_argument, operation, "{} to {}", describe(x), to_string(requested));
    else
      known = checked_mul(known, target[i], operation);
  }
  if (open >= 0) {
    if (known == 0)
      fail(ErrorCode::invalid_argument, operation, "{} to {}: -1 could be any size", describe(x), to_string(requested));
    target[open] = x.numel() / known;
  }
  if (target.numel() != x.numel())
    fail(ErrorCode::shape_mismatch, operation, "{} cannot take shape {}", describe(x), to_string(requested));
  return target;
}

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  const std::size_t bits =
      checked_mul(static_cast<std::size_t>(shape.numel()), static_cast<std::size_t>(bit_width(dtype)), "Tensor::empty");
  Ref<Storage> storage = Storage::allocate((bits + 7) / 8, device);
  // The bits behind the last packed element belong to nobody: zero, so that equal tensors have equal bytes.
  if (bits % 8 != 0 && device == cpu_device) storage->mutable_data()[bits / 8] = std::byte{0};
  return row_major(std::move(storage), 0, shape, dtype);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor x = empty(shape, dtype, device);
  if (const std::size_t bytes = x.nbytes())
    std::memset(x.mutable_bytes(), 0, bytes);  // every dtype's zero is zero bits
  return x;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor x = empty(shape, dtype);
  visit_numeric(dtype, "Tensor::full", [&]<class T>(T) {
    T* out = x.mutable_data<T>();
    std::fill(out, out + x.numel(), from_double<T>(value));
  });
  return x;
}

Tensor Tensor::view_of(Ref<Storage> storage, std::size_t byte_offset, const Shape& shape, DType dtype) {
  Tensor x = row_major(std::move(storage), byte_offset, shape, dtype);
  check_inside(x, "Tensor::view_of");
  return x;
}

Tensor Tensor::view_of(Ref<Storage> storage, std::size_t byte_offset, const Shape& shape,
                       Ref<const Encoding> encoding) {
  const SchemeInfo& scheme = info(encoding->scheme());
  // I2_S packs the flattened matrix, as SafeTensors does its carried types; every other scheme packs rows.
  const bool flat = encoding->scheme() == Scheme::i2_s || scheme.ggml_type < 0;
  const std::int64_t unit = flat ? shape.numel() : (shape.empty() ? 1 : shape.back());
  if (unit % scheme.block_elements != 0 && !affine_codes(encoding->scheme()))
    fail(ErrorCode::shape_mismatch, "Tensor::view_of", "{} {}: rows are not a multiple of the block of {} elements",
         scheme.name, to_string(shape), scheme.block_elements);
  if (affine_codes(encoding->scheme())) check_affine(*encoding, shape, "Tensor::view_of");
  Tensor x = row_major(std::move(storage), byte_offset, shape, scheme.dtype, std::move(encoding));
  check_inside(x, "Tensor::view_of");
  return x;
}

std::int64_t Tensor::size(int axis) const { return shape()[normalize_axis(axis, rank(), "Tensor::size")]; }

bool Tensor::is_contiguous() const noexcept {
  if (std::find(shape().begin(), shape().end(), 0) != shape().end()) return true;
  std::int64_t expected = 1;
  for (int i = rank() - 1; i >= 0; --i) {
    if (shape()[i] != 1 && strides()[i] != expected) return false;
    expected *= shape()[i];
  }
  return true;
}

bool Tensor::is_aligned() const noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(meta_->storage->data()) + meta_->byte_offset;
  return is_quantized() || address % static_cast<std::uintptr_t>(std::max(1, bit_width(dtype()) / 8)) == 0;
}

namespace {

// What lies in the storage element by element: plain elements, or an affine tensor's codes.
std::optional<DType> plain_dtype(const TensorMeta& meta) noexcept {
  return meta.encoding ? affine_codes(meta.encoding->scheme()) : meta.dtype;
}

}  // namespace

std::size_t Tensor::nbytes() const {
  const auto elements = static_cast<std::size_t>(numel());
  const std::optional<DType> plain = plain_dtype(*meta_);
  if (plain) return (checked_mul(elements, static_cast<std::size_t>(bit_width(*plain)), "Tensor::nbytes") + 7) / 8;
  const SchemeInfo& scheme = info(encoding()->scheme());
  const std::size_t blocks = elements / static_cast<std::size_t>(scheme.block_elements);
  const std::size_t tail = encoding()->scheme() == Scheme::i2_s ? 32 : 0;
  return checked_mul(blocks, static_cast<std::size_t>(scheme.block_bytes), "Tensor::nbytes") + tail;
}

namespace {

std::size_t first_byte(const TensorMeta& meta) {
  if (const std::optional<DType> plain = plain_dtype(meta)) {
    const std::int64_t bits = meta.offset * bit_width(*plain);
    if (bits % 8 != 0)
      fail(ErrorCode::invalid_argument, "Tensor::bytes", "the view starts inside a byte of packed {}",
           to_string(*plain));
    return meta.byte_offset + static_cast<std::size_t>(bits / 8);
  }
  const SchemeInfo& scheme = info(meta.encoding->scheme());
  return meta.byte_offset +
         static_cast<std::size_t>(meta.offset / scheme.block_elements) * static_cast<std::size_t>(scheme.block_bytes);
}

}  // namespace

const std::byte* Tensor::bytes() const {
  meta_->storage->wait();
  return meta_->storage->data() + first_byte(*meta_);
}

std::byte* Tensor::mutable_bytes() const {
  meta_->storage->wait();
  return meta_->storage->mutable_data() + first_byte(*meta_);
}

void Tensor::check_access(DType expected, const char* operation) const {
  if (is_quantized() || dtype() != expected)
    fail(ErrorCode::dtype_mismatch, operation, "{} expected, found {}", to_string(expected), describe(*this));
  if (!is_aligned())
    fail(ErrorCode::invalid_argument, operation, "{} begins at an unaligned byte: use contiguous()", describe(*this));
}

double Tensor::item() const {
  if (numel() != 1) fail(ErrorCode::shape_mismatch, "Tensor::item", "one element expected, found {}", describe(*this));
  require_plain(*this, "Tensor::item");
  return visit_numeric(dtype(), "Tensor::item", [&]<class T>(T) {
    T value;
    std::memcpy(&value, bytes(), sizeof value);
    return to_double(value);
  });
}

Tensor Tensor::with(const Shape& shape, const Shape& strides, std::int64_t offset, Ref<const Encoding> encoding) const {
  auto* fresh = new TensorMeta;
  Ref<const TensorMeta> meta(fresh);
  fresh->storage = meta_->storage;
  fresh->shape = shape;
  fresh->strides = strides;
  fresh->offset = offset;
  fresh->byte_offset = meta_->byte_offset;
  fresh->dtype = meta_->dtype;
  fresh->encoding = std::move(encoding);
  return Tensor(std::move(meta));
}

Tensor Tensor::slice(int axis, std::int64_t start, std::int64_t stop, std::int64_t step) const {
  if (step == 0) fail(ErrorCode::invalid_argument, "Tensor::slice", "step 0");
  axis = normalize_axis(axis, rank(), "Tensor::slice");
  // I2_S packs the flattened matrix and keeps its scale behind it, so it cannot be cut at all; nor can rows that share
  // a block (SafeTensors' F4 of an odd width), or the groups of an affine tensor.
  const Encoding* affine_encoding = affine(encoding());
  const auto divided = [&] {
    if (!affine_encoding) return shape().back() % info(encoding()->scheme()).block_elements != 0;
    const std::int64_t scales = affine_encoding->scales().shape()[axis];
    return scales != 1 && scales != shape()[axis];
  };
  if (is_quantized() && (axis == rank() - 1 || encoding()->scheme() == Scheme::i2_s || divided()))
    require_plain(*this, "Tensor::slice");
  step = std::max(step, -std::numeric_limits<std::int64_t>::max());  // so that -step exists
  const std::int64_t n = shape()[axis];
  const auto clamp = [&](std::int64_t i) {
    if (i < 0) i += n;
    return step > 0 ? std::clamp<std::int64_t>(i, 0, n) : std::clamp<std::int64_t>(i, -1, n - 1);
  };
  Ref<const Encoding> held = meta_->encoding;
  if (affine_encoding)
    held = viewed(
        held, [&](const Tensor& part) { return part.shape()[axis] == n ? part.slice(axis, start, stop, step) : part; });
  start = clamp(start);
  stop = clamp(stop);
  const std::int64_t span = step > 0 ? stop - start : start - stop;
  const std::int64_t magnitude = step > 0 ? step : -step;
  const std::int64_t count = span > 0 ? (span - 1) / magnitude + 1 : 0;
  Shape new_shape = shape(), new_strides = strides();
  new_shape[axis] = count;
  if (count > 1) new_strides[axis] *= step;  // a step past the end may be any number
  // A view of nothing stays where it is: storage without bytes may have no address to count from.
  return with(new_shape, new_strides, meta_->offset + (new_shape.numel() ? start * strides()[axis] : 0),
              std::move(held));
}

Tensor Tensor::select(int axis, std::int64_t index) const {
  axis = normalize_axis(axis, rank(), "Tensor::select");
  const std::int64_t n = shape()[axis];
  if (index < -n || index >= n)
    fail(ErrorCode::out_of_range, "Tensor::select", "index {} of axis {} of {}", index, axis, describe(*this));
  if (index < 0) index += n;
  if (is_quantized()) return slice(axis, index, index + 1).squeeze(axis);
  Shape new_shape = shape(), new_strides = strides();
  new_shape.erase(axis);
  new_strides.erase(axis);
  return with(new_shape, new_strides, meta_->offset + index * strides()[axis], {});
}

Tensor Tensor::transpose(int axis0, int axis1) const {
  Shape axes;
  for (int i = 0; i < rank(); ++i) axes.push_back(i);
  std::swap(axes[normalize_axis(axis0, rank(), "Tensor::transpose")],
            axes[normalize_axis(axis1, rank(), "Tensor::transpose")]);
  return permute(axes);
}

Tensor Tensor::permute(const Shape& axes) const {
  if (axes.rank() != rank())
    fail(ErrorCode::invalid_argument, "Tensor::permute", "axes {} for {}", to_string(axes), describe(*this));
  Shape new_shape = shape(), new_strides = strides();
  unsigned seen = 0;
  for (int i = 0; i < rank(); ++i) {
    const int axis = normalize_axis(static_cast<int>(axes[i]), rank(), "Tensor::permute");
    if (seen >> axis & 1u) fail(ErrorCode::invalid_argument, "Tensor::permute", "axis {} twice", axis);
    seen |= 1u << axis;
    new_shape[i] = shape()[axis];
    new_strides[i] = strides()[axis];
    if (is_quantized() && i == rank() - 1 && axis != i) require_plain(*this, "Tensor::permute");
  }
  return with(new_shape, new_strides, meta_->offset,
              viewed(meta_->encoding, [&](const Tensor& part) { return part.permute(axes); }));
}

std::optional<Tensor> Tensor::try_view(const Shape& target) const {
  if (target.numel() != numel())
    fail(ErrorCode::shape_mismatch, "Tensor::view", "{} cannot take shape {}", describe(*this), to_string(target));
  if (target == shape()) return *this;
  if (is_quantized() && (affine(encoding()) || rank() == 0 || target.rank() == 0 || target.back() != shape().back()))
    require_plain(*this, "Tensor::view");
  if (is_contiguous()) return with(target, contiguous_strides(target), meta_->offset, meta_->encoding);

  // Walk both shapes from the left; each group of old dimensions with equal products must be contiguous in itself.
  Shape new_strides = Shape::filled(target.rank(), 1);
  int old_axis = 0, new_axis = 0;
  while (old_axis < rank() || new_axis < target.rank()) {
    int old_end = old_axis, new_end = new_axis;
    std::int64_t old_size = 1, new_size = 1;
    if (old_end < rank()) old_size = shape()[old_end++];
    if (new_end < target.rank()) new_size = target[new_end++];
    while (old_size != new_size) {
      if (old_size < new_size)
        old_size *= shape()[old_end++];
      else
        new_size *= target[new_end++];
    }
    std::optional<std::int64_t> innermost;
    std::int64_t expected = 0;
    for (int i = old_end - 1; i >= old_axis; --i) {
      if (shape()[i] == 1) continue;
      if (!innermost)
        innermost = strides()[i];
      else if (strides()[i] != expected)
        return {};
      expected = strides()[i] * shape()[i];
    }
    std::int64_t stride = innermost.value_or(1);
    for (int i = new_end - 1; i >= new_axis; --i) {
      new_strides[i] = stride;
      stride *= target[i];
    }
    old_axis = old_end;
    new_axis = new_end;
  }
  return with(target, new_strides, meta_->offset, meta_->encoding);
}

Tensor Tensor::view(const Shape& requested) const {
  const Shape target = resolve_shape(*this, requested, "Tensor::view");
  if (!is_quantized() && is_contiguous() && !(target == shape()))
    return with(target, contiguous_strides(target), meta_->offset, {});
  if (auto view = try_view(target)) return *std::move(view);
  fail(ErrorCode::invalid_argument, "Tensor::view", "{} with strides {} cannot take shape {} without a copy",
       describe(*this), to_string(strides()), to_string(requested));
}

Tensor Tensor::expand(const Shape& target) const {
  const int lead = target.rank() - rank();
  Shape new_strides = Shape::filled(target.rank(), 0);
  bool fits = lead >= 0;
  for (int i = 0; fits && i < rank(); ++i) {
    if (shape()[i] == target[lead + i])
      new_strides[lead + i] = strides()[i];
    else
      fits = shape()[i] == 1;
  }
  if (!fits) {
    broadcast_shapes(shape(), target, "Tensor::expand");  // has its own words where they do not fit at all
    fail(ErrorCode::shape_mismatch, "Tensor::expand", "{} does not expand to {}", describe(*this), to_string(target));
  }
  if (is_quantized() && target != shape() && (affine(encoding()) || rank() == 0 || target.back() != shape().back()))
    require_plain(*this, "Tensor::expand");
  return with(target, new_strides, meta_->offset, meta_->encoding);
}

Tensor Tensor::squeeze(std::optional<int> axis) const {
  Shape new_shape = shape(), new_strides = strides();
  Ref<const Encoding> held = meta_->encoding;
  const auto drop = [&](int i) {
    if (is_quantized() && i == new_shape.rank() - 1) require_plain(*this, "Tensor::squeeze");
    new_shape.erase(i);
    new_strides.erase(i);
    held = viewed(held, [&](const Tensor& part) { return part.squeeze(i); });
  };
  if (axis) {
    const int i = normalize_axis(*axis, rank(), "Tensor::squeeze");
    if (shape()[i] != 1)
      fail(ErrorCode::shape_mismatch, "Tensor::squeeze", "axis {} of {} is not 1", i, describe(*this));
    drop(i);
  } else {
    for (int i = rank() - 1; i >= 0; --i)
      if (shape()[i] == 1) drop(i);
  }
  return with(new_shape, new_strides, meta_->offset, std::move(held));
}

Tensor Tensor::unsqueeze(int axis) const {
  axis = normalize_axis(axis, rank() + 1, "Tensor::unsqueeze");
  Shape new_shape = shape(), new_strides = strides();
  if (is_quantized() && axis == rank()) require_plain(*this, "Tensor::unsqueeze");
  new_shape.insert(axis, 1);
  new_strides.insert(axis, 1);
  return with(new_shape, new_strides, meta_->offset,
              viewed(meta_->encoding, [&](const Tensor& part) { return part.unsqueeze(axis); }));
}

std::string describe(const Tensor& x) {
  if (!x.defined()) return "an undefined tensor";
  return std::string(x.is_quantized() ? to_string(x.encoding()->scheme()) : to_string(x.dtype())) + " " +
         to_string(x.shape());
}

}  // namespace ingot
