// NumPy's files: .npy is one array, .npz a ZIP archive of them. Facts: numpy/lib/_format_impl.py.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/format.h"

namespace ingot::npy {

/// What an element of NumPy's `descr` is here: a dtype, or a scheme that is carried.
struct ElementType {
  std::string_view descr;  // without the byte order: "f4"
  int bytes;
  std::optional<DType> dtype;
  std::optional<Scheme> scheme;
  int number_bytes;  // of what the byte order applies to: half a complex number
};

/// `descr` with its byte order; null for what is not read.
const ElementType* element_type(std::string_view descr) noexcept;
/// Null where NumPy has no dtype.
const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept;

struct Header {
  const ElementType* type = nullptr;
  bool swapped = false;  // big-endian
  bool fortran = false;  // the first index runs fastest
  Shape shape;
  std::size_t data = 0;     // where the elements begin
  std::uint64_t bytes = 0;  // of the elements, which reach to the end
};

/// Reads the header of a whole array, `bytes`, that errors call `file`.
Header read_header(std::string_view file, std::span<const std::byte> bytes);
/// What numpy.save writes before the elements of a row-major array, a multiple of 64 bytes.
std::string header_text(const ElementType& type, const Shape& shape);

bool probe(const Source& source);
Checkpoint open(const Source& source, const OpenOptions& options);
/// One tensor; its name is lost.
void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);

bool probe_npz(const Source& source);
Checkpoint open_npz(const Source& source, const OpenOptions& options);
/// Stored entries, as numpy.savez; elements begin at multiples of 64.
void write_npz(const std::string& path, const OutputPlan& plan, const WriteOptions& options);

}  // namespace ingot::npy
