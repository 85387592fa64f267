#include <algorithm>
#include <unordered_set>

#include "formats/cursor.h"
#include "formats/gguf/gguf.h"
#include "formats/utf8.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "gguf";

// The specification allows arrays in arrays without a limit; recursion needs one.
constexpr int max_array_depth = 8;

// Metadata of real models is tens of megabytes (vocabularies). The bound keeps a sparse file of zeros, whose claims all
// fit into the bytes that remain, from filling memory.
constexpr std::uint64_t max_metadata_bytes = std::uint64_t{1} << 30;

enum ValueType : std::uint32_t {
  type_u8,
  type_i8,
  type_u16,
  type_i16,
  type_u32,
  type_i32,
  type_f32,
  type_bool,
  type_string,
  type_array,
  type_u64,
  type_i64,
  type_f64
};

class Reader {
 public:
  explicit Reader(const Source& source) : source_(source), cursor_(operation, source.path, source.span()) {}

  Header read() {
    const auto magic = cursor_.text(4, "magic");
    if (magic != "GGUF") cursor_.reject(0, "magic", "found \"{}\", expected \"GGUF\"", printable(magic));
    header_.version = cursor_.read<std::uint32_t>("version");
    // Files say nothing about their order but that the version looks wrong.
    if (header_.version != 0 && (header_.version & 0xFFFF) == 0) {
      header_.order = std::endian::big;
      cursor_.set_order(std::endian::big);
      header_.version = byteswap(header_.version);
    }
    if (header_.version < 1 || header_.version > 3)
      cursor_.reject(4, "version", "found {}, expected 1, 2 or 3", header_.version);

    const std::size_t tensors_at = cursor_.offset();
    const std::uint64_t tensor_count = read_size("tensor count");
    const std::uint64_t key_count = read_size("key count");
    const std::size_t length_bytes = header_.version == 1 ? 4 : 8;
    // A key takes its length, its type and one byte of value; a tensor its length, one byte, the number of
    // dimensions, its type and its offset.
    const std::size_t keys = cursor_.count(key_count, length_bytes + 5, "metadata keys");
    if (tensor_count > cursor_.remaining() / (length_bytes + 17))
      cursor_.reject(tensors_at, "tensor count", "found {}, but {} bytes remain", tensor_count, cursor_.remaining());

    for (std::size_t i = 0; i < keys; ++i) read_key();
    read_alignment();
    read_tensors(cursor_.count(tensor_count, length_bytes + 17, "tensors"));
    place_tensors();
    return std::move(header_);
  }

 private:
  // Counts, lengths and dimensions: 32 bits in version 1.
  std::uint64_t read_size(std::string_view what) {
    return header_.version == 1 ? cursor_.read<std::uint32_t>(what) : cursor_.read<std::uint64_t>(what);
  }

  std::string read_string(std::string_view what) {
    const std::size_t at = cursor_.offset();
    const std::uint64_t length = read_size(what);
    if (length > cursor_.remaining())
      cursor_.reject(at, what, "a length of {}, but {} bytes remain", length, cursor_.remaining());
    charge(length, what);
    const auto text = cursor_.text(length, what);
    if (!is_valid_utf8(text)) cursor_.reject(at, what, "\"{}\" is not valid UTF-8", printable(text));
    return std::string(text);
  }

  void charge(std::uint64_t bytes, std::string_view what) {
    metadata_bytes_ += bytes;  // cannot wrap: each charge is at most a few times the file
    if (metadata_bytes_ > max_metadata_bytes)
      cursor_.reject(cursor_.offset(), what, "the metadata takes more than {} bytes", max_metadata_bytes);
  }

  template <class T>
  T read_number(std::string_view what) {
    if constexpr (std::is_same_v<T, bool>) {
      const std::size_t at = cursor_.offset();
      const auto value = cursor_.read<std::uint8_t>(what);
      if (value > 1) cursor_.reject(at, what, "a bool of {}, expected 0 or 1", value);
      return value != 0;
    } else {
      return cursor_.read<T>(what);
    }
  }

  template <class T>
  std::vector<T> read_numbers(std::uint64_t n, std::size_t at, std::string_view what) {
    check_count(n, sizeof(T), sizeof(T), at, what);
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(n));
    for (std::uint64_t i = 0; i < n; ++i) values.push_back(read_number<T>(what));
    return values;
  }

  // Elements that take at least `least` bytes in the file and `held` in memory.
  void check_count(std::uint64_t n, std::size_t least, std::size_t held, std::size_t at, std::string_view what) {
    if (n > cursor_.remaining() / least)
      cursor_.reject(at, what, "an array of {} elements of at least {} bytes, but {} bytes remain", n, least,
                     cursor_.remaining());
    charge(n * held, what);
  }

  Array read_array(std::string_view what, int depth) {
    if (depth > max_array_depth)
      cursor_.reject(cursor_.offset(), what, "arrays nested deeper than {}", max_array_depth);
    const std::size_t at = cursor_.offset();
    const auto type = cursor_.read<std::uint32_t>(what);
    const std::uint64_t n = read_size(what);
    const std::size_t length_bytes = header_.version == 1 ? 4 : 8;
    switch (type) {
      case type_u8: return {read_numbers<std::uint8_t>(n, at, what)};
      case type_i8: return {read_numbers<std::int8_t>(n, at, what)};
      case type_u16: return {read_numbers<std::uint16_t>(n, at, what)};
      case type_i16: return {read_numbers<std::int16_t>(n, at, what)};
      case type_u32: return {read_numbers<std::uint32_t>(n, at, what)};
      case type_i32: return {read_numbers<std::int32_t>(n, at, what)};
      case type_f32: return {read_numbers<float>(n, at, what)};
      case type_bool: return {read_numbers<bool>(n, at, what)};
      case type_u64: return {read_numbers<std::uint64_t>(n, at, what)};
      case type_i64: return {read_numbers<std::int64_t>(n, at, what)};
      case type_f64: return {read_numbers<double>(n, at, what)};
      case type_string: {
        check_count(n, length_bytes, sizeof(std::string), at, what);
        std::vector<std::string> values;
        values.reserve(static_cast<std::size_t>(n));
        for (std::uint64_t i = 0; i < n; ++i) values.push_back(read_string(what));
        return {std::move(values)};
      }
      case type_array: {
        check_count(n, 4 + length_bytes, sizeof(Array), at, what);
        std::vector<Array> values;
        values.reserve(static_cast<std::size_t>(n));
        for (std::uint64_t i = 0; i < n; ++i) values.push_back(read_array(what, depth + 1));
        return {std::move(values)};
      }
      default: cursor_.reject(at, what, "array elements of unknown type {}", type);
    }
  }

  void read_key() {
    const std::size_t at = cursor_.offset();
    std::string key = read_string("key");
    if (key.empty()) cursor_.reject(at, "key", "found an empty one");
    if (key.size() > max_key_bytes)
      cursor_.reject(at, "key", "{} bytes, expected at most {}", key.size(), max_key_bytes);
    const std::string what = "key " + printable(key);
    if (header_.metadata.contains(key)) cursor_.reject(at, what, "is there twice");
    const std::size_t type_at = cursor_.offset();
    const auto type = cursor_.read<std::uint32_t>(what);
    if (key == "general.alignment") alignment_at_ = type_at;
    charge(64, what);
    header_.metadata.set(std::move(key), read_value(type, type_at, what));
  }

  Value read_value(std::uint32_t type, std::size_t at, std::string_view what) {
    switch (type) {
      case type_u8: return read_number<std::uint8_t>(what);
      case type_i8: return read_number<std::int8_t>(what);
      case type_u16: return read_number<std::uint16_t>(what);
      case type_i16: return read_number<std::int16_t>(what);
      case type_u32: return read_number<std::uint32_t>(what);
      case type_i32: return read_number<std::int32_t>(what);
      case type_f32: return read_number<float>(what);
      case type_bool: return read_number<bool>(what);
      case type_string: return read_string(what);
      case type_array: return read_array(what, 0);
      case type_u64: return read_number<std::uint64_t>(what);
      case type_i64: return read_number<std::int64_t>(what);
      case type_f64: return read_number<double>(what);
      default: cursor_.reject(at, what, "unknown value type {}", type);
    }
  }

  void read_alignment() {
    const Value* value = header_.metadata.find("general.alignment");
    if (!value) return;
    const auto* alignment = std::get_if<std::uint32_t>(value);
    if (!alignment) cursor_.reject(alignment_at_, "key general.alignment", "found {}, expected u32", describe(*value));
    if (!std::has_single_bit(*alignment) || *alignment > max_alignment)
      cursor_.reject(alignment_at_, "key general.alignment", "found {}, expected a power of two up to {}", *alignment,
                     max_alignment);
    alignment_ = *alignment;
  }

  void read_tensors(std::size_t count) {
    header_.tensors.reserve(count);
    places_.reserve(count);
    std::unordered_set<std::string_view> names;
    names.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = cursor_.offset();
      TensorInfo tensor;
      tensor.name = read_string("tensor name");
      if (tensor.name.empty()) cursor_.reject(at, "tensor name", "found an empty one");
      const std::string what = "tensor " + printable(tensor.name);
      read_dimensions(tensor, what);
      const std::size_t type_at = cursor_.offset();
      const auto number = cursor_.read<std::uint32_t>(what);
      const auto type = element_type(number);
      if (!type) {
        const auto known = removed_type(number);
        cursor_.reject(type_at, what, "type {} {}{}", number, known.empty() ? "is unknown" : "is not read: ", known);
      }
      tensor.type = *type;
      tensor.bytes = tensor_bytes(tensor, at, what);
      const std::size_t offset_at = cursor_.offset();
      tensor.offset = cursor_.read<std::uint64_t>(what);
      places_.push_back(offset_at);
      header_.tensors.push_back(std::move(tensor));
      // The vector's room is reserved, so that names stay where they are.
      if (!names.insert(header_.tensors.back().name).second) cursor_.reject(at, what, "is there twice");
    }
  }

  void read_dimensions(TensorInfo& tensor, const std::string& what) {
    const std::size_t at = cursor_.offset();
    const auto n = cursor_.read<std::uint32_t>(what);
    if (n > max_dims) cursor_.reject(at, what, "{} dimensions, expected at most {}", n, max_dims);
    std::uint64_t spanned = 1;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::size_t dim_at = cursor_.offset();
      const std::uint64_t dim = read_size(what);
      // A size of 0 does not excuse an overflow of the others: strides are their products.
      if (__builtin_mul_overflow(spanned, std::max<std::uint64_t>(dim, 1), &spanned) ||
          !std::in_range<std::int64_t>(spanned))
        cursor_.reject(dim_at, what, "dimension {} of {} makes more than 2^63 - 1 elements", i, dim);
      tensor.shape.insert(0, static_cast<std::int64_t>(dim));
    }
  }

  std::uint64_t tensor_bytes(const TensorInfo& tensor, std::size_t at, const std::string& what) const {
    const auto elements = static_cast<std::uint64_t>(tensor.shape.numel());
    std::uint64_t block = 1, block_bytes = 0, bytes = 0;
    bool tail = false;
    if (tensor.type.dtype) {
      block_bytes = static_cast<std::uint64_t>(bit_width(*tensor.type.dtype)) / 8;
    } else {
      const SchemeInfo& scheme = info(*tensor.type.scheme);
      block = static_cast<std::uint64_t>(scheme.block_elements);
      block_bytes = static_cast<std::uint64_t>(scheme.block_bytes);
      tail = *tensor.type.scheme == Scheme::i2_s;
      const auto row = tail ? elements : static_cast<std::uint64_t>(tensor.shape.empty() ? 1 : tensor.shape.back());
      if (row % block != 0)
        cursor_.reject(at, what, "{} {}: {} of {} elements is not a multiple of the block of {}", scheme.name,
                       to_string(tensor.shape), tail ? "the whole" : "a row", row, block);
    }
    if (__builtin_mul_overflow(elements / block, block_bytes, &bytes) ||
        __builtin_add_overflow(bytes, tail ? 32u : 0u, &bytes))
      cursor_.reject(at, what, "the size of {} overflows", to_string(tensor.shape));
    return bytes;
  }

  // Offsets are relative to the aligned end of the header. ggml wants tensors packed in order; the specification only
  // that each is aligned, which is what is asked here, and that no two share bytes.
  void place_tensors() {
    const std::uint64_t size = source_.bytes->size();
    const std::uint64_t end_of_header = cursor_.offset();
    const std::uint64_t data = end_of_header + (alignment_ - end_of_header % alignment_) % alignment_;
    for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
      TensorInfo& tensor = header_.tensors[i];
      const std::string what = "tensor " + printable(tensor.name);
      if (tensor.offset % alignment_ != 0)
        cursor_.reject(places_[i], what, "offset {} is not a multiple of the alignment {}", tensor.offset, alignment_);
      std::uint64_t begin, end;
      if (__builtin_add_overflow(data, tensor.offset, &begin) || __builtin_add_overflow(begin, tensor.bytes, &end) ||
          end > size)
        cursor_.reject(places_[i], what,
                       "{} bytes at offset {} of the data, which begins at byte {}, pass the end of "
                       "the file at {}",
                       tensor.bytes, tensor.offset, data, size);
      tensor.offset = begin;
    }
    std::vector<std::size_t> order(header_.tensors.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto& tensors = header_.tensors;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(tensors[a].offset, tensors[a].bytes) < std::pair(tensors[b].offset, tensors[b].bytes);
    });
    const TensorInfo* before = nullptr;
    for (const std::size_t i : order) {
      if (tensors[i].bytes == 0) continue;
      if (before && tensors[i].offset < before->offset + before->bytes)
        cursor_.reject(places_[i], "tensor " + printable(tensors[i].name), "its bytes {} to {} overlap those of {}",
                       tensors[i].offset, tensors[i].offset + tensors[i].bytes, printable(before->name));
      before = &tensors[i];
    }
  }

  const Source& source_;
  Cursor cursor_;
  Header header_;
  std::vector<std::size_t> places_;  // where each tensor's offset stands, for errors
  std::uint64_t metadata_bytes_ = 0;
  std::size_t alignment_at_ = 0;
  std::uint32_t alignment_ = default_alignment;
};

}  // namespace

Header read_header(const Source& source) { return Reader(source).read(); }

}  // namespace ingot::gguf
