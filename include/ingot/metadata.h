// Keys and values that weight files carry beside their tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "ingot/error.h"

namespace [[gnu::visibility("default")]] ingot {

struct Array;

/// Lets hash maps of strings be searched by string_view without a copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// GGUF's thirteen value types; other formats use the subset they know.
using Value = std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, float,
                           bool, std::string, Array, std::uint64_t, std::int64_t, double>;

/// Elements of one type. Nested arrays are legal in GGUF.
struct Array {
  std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
               std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>, std::vector<float>,
               std::vector<bool>, std::vector<std::string>, std::vector<Array>, std::vector<std::uint64_t>,
               std::vector<std::int64_t>, std::vector<double>>
      values;
  std::size_t size() const noexcept;
  bool operator==(const Array&) const = default;
};

/// Unique keys in file order.
class Metadata {
 public:
  /// Null where absent.
  const Value* find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// Adds the key, or replaces its value in place.
  void set(std::string key, Value value);
  void erase(std::string_view key);

  /// Typed access; integers of any width convert where the value fits. Throw not_found (the first group) and
  /// dtype_mismatch naming the key, what was found and what was expected.
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  const std::string& string(std::string_view key) const;
  const std::vector<std::string>& strings(std::string_view key) const;
  std::vector<float> floats(std::string_view key) const;           // from any number array
  std::vector<std::int64_t> integers(std::string_view key) const;  // from any integer array
  /// The same with an answer for absent keys.
  std::int64_t integer(std::string_view key, std::int64_t absent) const;
  double number(std::string_view key, double absent) const;
  bool boolean(std::string_view key, bool absent) const;
  std::string string(std::string_view key, std::string_view absent) const;

  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

 private:
  std::vector<std::pair<std::string, Value>> entries_;
  // Positions by key, so that files with very many keys open in linear time.
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> index_;
};

/// "u32", "string", "array of f32 (12)", …
std::string describe(const Value& value);

}  // namespace ingot
