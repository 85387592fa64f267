// The JSON of SafeTensors: headers and shard indices. The only unit that includes simdjson here: it compiles slowly.
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <unordered_set>

#include "core/fail.h"
#include "formats/cursor.h"
#include "formats/extent.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"

namespace ingot::safetensors {
namespace {

namespace od = simdjson::ondemand;

constexpr const char* operation = "safetensors";
constexpr int max_json_depth = 32;

// JSON text of a file, with errors that name the byte of the file. The parser wants SIMDJSON_PADDING readable bytes
// behind the text: tensor data serves where the file goes on, else the text is copied.
class Json {
 public:
  Json(const Source& source, std::size_t begin, std::size_t size) : path_(source.path), begin_(begin) {
    const auto bytes = source.span();
    const char* text = reinterpret_cast<const char*>(bytes.data()) + begin;
    std::size_t capacity = bytes.size() - begin;
    if (capacity - size < simdjson::SIMDJSON_PADDING) {
      copy_ = simdjson::padded_string(text, size);
      text = copy_.data();
      capacity = size + simdjson::SIMDJSON_PADDING;
    }
    text_ = text;
    size_ = size;
    if (const auto error = parser_.iterate(text, size, capacity).get(document_)) reject(0, error);
  }

  od::object root() { return get<od::object>(document_.get_object(), "a JSON object"); }

  // After the root was walked.
  void finish() {
    const auto location = document_.current_location();
    if (location.error() == simdjson::OUT_OF_BOUNDS) return;
    reject_text(here(), "characters after the end of the JSON object");
  }

  template <class T, class R>
  T get(R&& result, std::string_view expected) {
    T value;
    if (const auto error = std::forward<R>(result).get(value)) {
      if (error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR ||
          error == simdjson::NUMBER_OUT_OF_RANGE)
        reject_text(here(), fmt::format("expected {}", expected));
      reject(here(), error);
    }
    return value;
  }

  // Keys name the entry whose value is wrong until the next is reached.
  std::string key(od::field& field) {
    at_ = static_cast<std::size_t>(field.key().raw() - text_);
    return std::string(get<std::string_view>(field.unescaped_key(), "a key"));
  }

  // Walks a value nobody asked for, because the parser checks only what is visited.
  void skip(od::value value, int depth = 0) {
    if (depth > max_json_depth) reject_text(here(), "nested too deeply");
    switch (get<od::json_type>(value.type(), "a value")) {
      case od::json_type::array:
        for (auto element : get<od::array>(value.get_array(), "an array"))
          skip(get<od::value>(element, "a value"), depth + 1);
        break;
      case od::json_type::object: {
        for (auto element : get<od::object>(value.get_object(), "an object")) {
          auto field = get<od::field>(std::move(element), "a key");
          key(field);
          skip(field.value(), depth + 1);
        }
        break;
      }
      case od::json_type::number: get<double>(value.get_double(), "a number"); break;
      case od::json_type::string: get<std::string_view>(value.get_string(), "a string"); break;
      case od::json_type::boolean: get<bool>(value.get_bool(), "a boolean"); break;
      case od::json_type::null:
        // Returns a plain bool in old releases, and an error for "nullx" in new ones.
        if (!get<bool>(simdjson::simdjson_result<bool>(value.is_null()), "null")) reject_text(here(), "expected null");
        break;
    }
  }

  std::size_t here() const noexcept { return at_; }
  void set_here(std::size_t at) noexcept { at_ = at; }

  [[noreturn]] void reject_text(std::size_t at, std::string_view why) const {
    fail(ErrorCode::invalid_file, operation, "{}, byte {}: {}", path_, begin_ + at, why);
  }

 private:
  [[noreturn]] void reject(std::size_t at, simdjson::error_code error) const {
    reject_text(at, fmt::format("not valid JSON: {}", simdjson::error_message(error)));
  }

  const std::string& path_;
  std::size_t begin_, at_ = 0, size_ = 0;
  const char* text_ = nullptr;
  simdjson::padded_string copy_;
  od::parser parser_;
  od::document document_;
};

Entry read_entry(Json& json, od::object object, std::string name, std::uint64_t data_begin, std::uint64_t data_size) {
  Entry entry;
  entry.name = std::move(name);
  const std::size_t at = json.here();
  const auto reject = [&](const std::string& why) {
    json.reject_text(at, fmt::format("tensor {}: {}", printable(entry.name), why));
  };
  bool has_shape = false, has_offsets = false;
  for (auto element : object) {
    auto field = json.get<od::field>(std::move(element), "a key");
    const std::string key = json.key(field);
    if (key == "dtype") {
      if (entry.type) reject("dtype twice");
      const auto dtype = json.get<std::string_view>(field.value().get_string(), "a string as dtype");
      entry.type = element_type(dtype);
      if (!entry.type) reject(fmt::format("unknown dtype {}", printable(dtype)));
    } else if (key == "shape") {
      if (std::exchange(has_shape, true)) reject("shape twice");
      for (auto dim : json.get<od::array>(field.value().get_array(), "an array as shape")) {
        const auto size = json.get<std::uint64_t>(dim.get_uint64(), "sizes that are non-negative integers");
        if (entry.shape.rank() == max_rank) reject(fmt::format("more than {} dimensions", max_rank));
        if (!std::in_range<std::int64_t>(size)) reject(fmt::format("a dimension of {}", size));
        entry.shape.push_back(static_cast<std::int64_t>(size));
      }
    } else if (key == "data_offsets") {
      if (std::exchange(has_offsets, true)) reject("data_offsets twice");
      std::size_t count = 0;
      for (auto offset : json.get<od::array>(field.value().get_array(), "an array as data_offsets")) {
        const auto value = json.get<std::uint64_t>(offset.get_uint64(), "offsets that are non-negative integers");
        if (count == 0) entry.begin = value;
        if (count == 1) entry.end = value;
        ++count;
      }
      if (count != 2) reject(fmt::format("{} data_offsets, expected 2", count));
    } else {
      json.skip(field.value());
    }
  }
  if (!entry.type) reject("no dtype");
  if (!has_shape) reject("no shape");
  if (!has_offsets) reject("no data_offsets");
  if (entry.begin > entry.end || entry.end > data_size)
    reject(fmt::format("data_offsets [{}, {}] in {} bytes of data", entry.begin, entry.end, data_size));

  const auto counted = extent_bits(entry.shape, entry.type->bits);
  if (!counted) reject(fmt::format("the size of {} {} overflows", entry.type->name, to_string(entry.shape)));
  const std::uint64_t bits = *counted;
  if (bits % 8 != 0)
    reject(fmt::format("{} {} does not end on a whole byte", entry.type->name, to_string(entry.shape)));
  if (entry.end - entry.begin != bits / 8)
    reject(fmt::format("data_offsets [{}, {}] hold {} bytes, but {} {} takes {}", entry.begin, entry.end,
                       entry.end - entry.begin, entry.type->name, to_string(entry.shape), bits / 8));
  entry.begin += data_begin;
  entry.end += data_begin;
  return entry;
}

void read_metadata(Json& json, od::object object, Metadata& metadata) {
  for (auto element : object) {
    auto field = json.get<od::field>(std::move(element), "a key");
    const std::string key = json.key(field);
    if (metadata.contains(key)) json.reject_text(json.here(), fmt::format("metadata key {} twice", printable(key)));
    metadata.set(key, std::string(json.get<std::string_view>(field.value().get_string(), "a string")));
  }
}

// Sorted by offset, each tensor must begin where the one before ends, and the last where the file does.
void check_layout(const Source& source, std::vector<Entry>& entries, std::uint64_t data_begin) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);  // empty ones share offsets
  });
  std::uint64_t expected = data_begin;
  std::string_view before = "the header";
  for (const Entry& entry : entries) {
    if (entry.begin != expected)
      fail(ErrorCode::invalid_file, operation, "{}: tensor {} begins at byte {}, {} ends at {}: {}", source.path,
           printable(entry.name), entry.begin, printable(before), expected,
           entry.begin < expected ? "they overlap" : "the bytes between belong to no tensor");
    expected = entry.end;
    before = entry.name;
  }
  if (expected != source.bytes->size())
    fail(ErrorCode::invalid_file, operation, "{}: the file has {} bytes, but its tensors end at byte {}", source.path,
         source.bytes->size(), expected);
}

}  // namespace

Header read_header(const Source& source) {
  Cursor cursor(operation, source.path, source.span());
  const auto length = cursor.read<std::uint64_t>("header length");
  if (length > max_header_bytes)
    cursor.reject(0, "header length", "found {}, expected at most {}", length, max_header_bytes);
  if (length > cursor.remaining())
    cursor.reject(0, "header length", "found {}, but {} bytes remain", length, cursor.remaining());
  if (length < 2) cursor.reject(0, "header length", "found {}, expected at least 2 for {{}}", length);
  const std::uint64_t data_begin = 8 + length, data_size = source.bytes->size() - data_begin;

  Header header;
  Json json(source, 8, static_cast<std::size_t>(length));
  std::unordered_set<std::string> seen;
  for (auto element : json.root()) {
    auto field = json.get<od::field>(std::move(element), "a key");
    std::string name = json.key(field);
    if (!seen.insert(name).second)
      json.reject_text(json.here(),
                       fmt::format("{} {} is there twice", name == "__metadata__" ? "key" : "tensor", printable(name)));
    // MLX writes null where there is none.
    if (name == "__metadata__" && json.get<bool>(simdjson::simdjson_result<bool>(field.value().is_null()), "null"))
      continue;
    auto object = json.get<od::object>(field.value().get_object(), "an object");
    if (name == "__metadata__")
      read_metadata(json, object, header.metadata);
    else
      header.entries.push_back(read_entry(json, object, std::move(name), data_begin, data_size));
  }
  json.finish();
  check_layout(source, header.entries, data_begin);
  return header;
}

Index read_index(const Source& source) {
  Index index;
  if (source.bytes->size() > max_header_bytes)
    fail(ErrorCode::invalid_file, operation, "{}: an index of {} bytes, expected at most {}", source.path,
         source.bytes->size(), max_header_bytes);
  Json json(source, 0, source.bytes->size());
  std::unordered_set<std::string> seen;
  bool has_map = false;
  for (auto element : json.root()) {
    auto field = json.get<od::field>(std::move(element), "a key");
    const std::string section = json.key(field);
    if (section == "weight_map") {
      if (std::exchange(has_map, true)) json.reject_text(json.here(), "weight_map is there twice");
      for (auto entry : json.get<od::object>(field.value().get_object(), "an object as weight_map")) {
        auto pair = json.get<od::field>(std::move(entry), "a tensor's name");
        std::string tensor = json.key(pair);
        std::string file(json.get<std::string_view>(pair.value().get_string(), "a file name"));
        // A name is looked up beside the index and nowhere else.
        if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos ||
            file.find('\0') != std::string::npos)
          json.reject_text(json.here(),
                           fmt::format("tensor {}: {} is not a file name", printable(tensor), printable(file)));
        if (!seen.insert(tensor).second)
          json.reject_text(json.here(), fmt::format("tensor {} is there twice", printable(tensor)));
        index.weight_map.emplace_back(std::move(tensor), std::move(file));
      }
    } else if (section == "metadata") {
      auto value = field.value();
      if (json.get<od::json_type>(value.type(), "a value") != od::json_type::object) {
        json.skip(value);
        continue;
      }
      for (auto entry : json.get<od::object>(value.get_object(), "an object")) {
        auto pair = json.get<od::field>(std::move(entry), "a key");
        const std::string key = json.key(pair);
        auto found = pair.value();
        std::uint64_t total;
        // Some writers store a float here; it is information only.
        if (key == "total_size" && found.get_uint64().get(total) == simdjson::SUCCESS)
          index.total_size = total;
        else
          json.skip(found);
      }
    } else {
      json.skip(field.value());
    }
  }
  json.finish();
  if (!has_map) json.reject_text(0, "no weight_map");
  return index;
}

}  // namespace ingot::safetensors
