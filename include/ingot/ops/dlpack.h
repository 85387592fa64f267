// Exchange of tensors with other libraries, without copying: DLPack 1.1
// (https://dmlc.github.io/dlpack/latest/c_api.html).
//
// The structures are those of dlpack.h under names of our own; their layout is an ABI, so pointers to one are pointers
// to the other. Debian's header is of 0.6, before versions and flags.
#pragma once

#include <optional>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

namespace dlpack {

enum DeviceType : std::int32_t { cpu = 1, cuda = 2, metal = 8 };
enum TypeCode : std::uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  floating = 2,
  brain_floating = 4,
  boolean = 6,
  float8_e4m3fn = 10,
  float8_e5m2 = 12,
};

struct Device {  // DLDevice
  std::int32_t type, index;
};

struct DataType {  // DLDataType
  std::uint8_t code, bits;
  std::uint16_t lanes;
};

struct Array {  // DLTensor
  void* data;
  Device device;
  std::int32_t rank;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: row-major, before 1.2
  std::uint64_t byte_offset;
};

struct Managed {  // DLManagedTensor
  Array array;
  void* context;
  void (*deleter)(Managed*);
};

struct Version {
  std::uint32_t major, minor;
};

struct ManagedVersioned {  // DLManagedTensorVersioned
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  Array array;
};

inline constexpr std::uint64_t flag_read_only = 1, flag_copied = 2, flag_padded = 4;
inline constexpr Version our_version{1, 1};

/// A device in DLPack's numbers.
Device device_of(ingot::Device device) noexcept;

}  // namespace dlpack

/// A tensor over strided memory of someone else's (strides in elements, of either sign). `release` is called when the
/// last tensor lets go, not where this throws: out_of_range for sizes that are negative or too large,
/// invalid_argument for packed elements that begin inside a byte.
Tensor borrow_strided(void* data, const Shape& shape, const Shape& strides, DType dtype, Storage::Deleter release,
                      bool read_only);

/// A tensor over memory that another library lends; its deleter, or `release` instead, is called when the last tensor
/// lets go. Where this throws the caller keeps it: dtype_mismatch for elements that are no dtype; invalid_argument for
/// memory that is not the CPU's, another major version, packed elements in a byte each, and other than 0 to 8
/// dimensions; and as borrow_strided.
Tensor from_dlpack(dlpack::ManagedVersioned* lent, Storage::Deleter release = {});
/// The same of libraries from before DLPack 1.0.
Tensor from_dlpack(dlpack::Managed* lent, Storage::Deleter release = {});

/// The tensor's memory for another library, which calls the deleter when done. A copy where `copy` asks for one, or
/// where elements begin at an unaligned place; that one throws invalid_argument where `copy` is false. Throws
/// dtype_mismatch for an encoded tensor.
dlpack::ManagedVersioned* to_dlpack(const Tensor& x, std::optional<bool> copy = {});
/// The same for libraries from before DLPack 1.0, which know no flags: throws invalid_argument for a read-only tensor
/// that is not copied.
dlpack::Managed* to_dlpack_unversioned(const Tensor& x, std::optional<bool> copy = {});

}  // namespace ingot
