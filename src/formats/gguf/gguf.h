// GGUF, ggml's format. Facts: ggml/docs/gguf.md and ggml's reader; what the two disagree on is said where it matters.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/format.h"

namespace ingot::gguf {

inline constexpr int max_dims = 4;
inline constexpr std::size_t max_key_bytes = 65535;
/// ggml's array for a name, with its NUL: longer names are read, but not written.
inline constexpr std::size_t max_written_name_bytes = 63;
inline constexpr std::uint32_t default_alignment = 32;
/// The largest alignment with a use is a huge page's; more is a damaged file.
inline constexpr std::uint32_t max_alignment = 2u << 20;

/// A type number: a dtype, or a scheme.
struct ElementType {
  std::optional<DType> dtype;
  std::optional<Scheme> scheme;
};
std::optional<ElementType> element_type(std::uint32_t number) noexcept;
/// None where GGUF has no number.
std::optional<std::uint32_t> type_number(DType dtype, const Encoding* encoding) noexcept;
/// What a number meant that is not read any more, or that only forks know; empty where there is nothing to say.
std::string_view removed_type(std::uint32_t number) noexcept;

struct TensorInfo {
  std::string name;
  Shape shape;  // outermost first: the reverse of the file's order
  ElementType type;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t bytes = 0;   // with I2_S's tail
};

struct Header {
  std::uint32_t version = 3;
  std::endian order = std::endian::little;
  Metadata metadata;
  std::vector<TensorInfo> tensors;
};

/// Reads and checks everything before the tensor data, and that the data lies in the file without overlaps.
Header read_header(const Source& source);

/// The tensors of a big-endian file in this machine's order, at the same distances as in the file, as Scratch bytes.
/// `begin` receives the file offset of the copy's first byte.
Ref<Storage> swapped_copy(const Source& source, const std::vector<TensorInfo>& tensors, std::uint64_t& begin);
/// Swaps the numbers inside whole blocks, in place: for the tensor's part `bytes` that is a multiple of the unit.
void swap_fields(const ElementType& type, std::span<std::byte> bytes) noexcept;

bool probe(const Source& source);
/// With all parts of a split model, whichever is named.
Checkpoint open(const Source& source, const OpenOptions& options);
void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);

/// "NAME-00001-of-00003.gguf".
struct PartName {
  std::string stem;  // with the directory
  int number = 0, count = 0;
};
std::optional<PartName> part_name(std::string_view path);

}  // namespace ingot::gguf
