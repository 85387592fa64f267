// The structures of DLPack 1.1 (https://dmlc.github.io/dlpack/latest/c_api.html), whose layout is an ABI. Debian's
// header is of 0.6, before versions and flags.
#pragma once

#include <cstdint>

namespace ingot::python::dlpack {

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

struct Device {
  std::int32_t type, index;
};

struct DataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};

struct Array {
  void* data;
  Device device;
  std::int32_t rank;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: row-major, before 1.2
  std::uint64_t byte_offset;
};

struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
};

struct Version {
  std::uint32_t major, minor;
};

struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  Array array;
};

inline constexpr std::uint64_t flag_read_only = 1, flag_copied = 2, flag_padded = 4;
inline constexpr Version our_version{1, 1};
inline constexpr const char *capsule = "dltensor", *used_capsule = "used_dltensor",
                            *versioned_capsule = "dltensor_versioned",
                            *used_versioned_capsule = "used_dltensor_versioned";

}  // namespace ingot::python::dlpack
