#include "ingot/metadata.h"

#include <limits>
#include <type_traits>

#include "core/fail.h"
#include "formats/utf8.h"

namespace ingot {
namespace {

// One name a value type, in the variants' order.
constexpr std::string_view type_names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                           "bool", "string", "array", "u64", "i64", "f64"};
static_assert(std::size(type_names) == std::variant_size_v<Value>);

template <class T>
constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

[[noreturn]] void fail_type(std::string_view key, const Value& value, std::string_view expected) {
  fail(ErrorCode::dtype_mismatch, "Metadata", "key {}: found {}, expected {}", printable(key), describe(value),
       expected);
}

std::int64_t to_integer(std::string_view key, const Value& value) {
  return std::visit(
      [&](const auto& v) -> std::int64_t {
        using T = std::decay_t<decltype(v)>;
        if constexpr (is_number<T> && std::is_integral_v<T>) {
          if (std::in_range<std::int64_t>(v)) return static_cast<std::int64_t>(v);
          fail(ErrorCode::out_of_range, "Metadata", "key {}: {} does not fit a signed 64-bit integer", printable(key),
               v);
        } else {
          fail_type(key, value, "an integer");
        }
      },
      value);
}

double to_number(std::string_view key, const Value& value) {
  return std::visit(
      [&](const auto& v) -> double {
        if constexpr (is_number<std::decay_t<decltype(v)>>)
          return static_cast<double>(v);
        else
          fail_type(key, value, "a number");
      },
      value);
}

template <class T>
const T& as(std::string_view key, const Value& value, std::string_view expected) {
  if (const T* found = std::get_if<T>(&value)) return *found;
  fail_type(key, value, expected);
}

const Value& require(const Metadata& metadata, std::string_view key) {
  if (const Value* value = metadata.find(key)) return *value;
  fail(ErrorCode::not_found, "Metadata", "no key {}", printable(key));
}

}  // namespace

std::size_t Array::size() const noexcept {
  return std::visit([](const auto& v) { return v.size(); }, values);
}

const Value* Metadata::find(std::string_view key) const noexcept {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

void Metadata::set(std::string key, Value value) {
  const auto [position, added] = index_.try_emplace(key, entries_.size());
  if (added)
    entries_.emplace_back(std::move(key), std::move(value));
  else
    entries_[position->second].second = std::move(value);
}

void Metadata::erase(std::string_view key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const std::size_t position = found->second;
  index_.erase(found);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(position));
  for (auto& [name, at] : index_)
    if (at > position) --at;
}

std::int64_t Metadata::integer(std::string_view key) const { return to_integer(key, require(*this, key)); }
double Metadata::number(std::string_view key) const { return to_number(key, require(*this, key)); }
bool Metadata::boolean(std::string_view key) const { return as<bool>(key, require(*this, key), "a bool"); }

const std::string& Metadata::string(std::string_view key) const {
  return as<std::string>(key, require(*this, key), "a string");
}

const std::vector<std::string>& Metadata::strings(std::string_view key) const {
  const Value& value = require(*this, key);
  const auto& array = as<Array>(key, value, "an array of strings");
  if (const auto* found = std::get_if<std::vector<std::string>>(&array.values)) return *found;
  fail_type(key, value, "an array of strings");
}

std::vector<float> Metadata::floats(std::string_view key) const {
  const Value& value = require(*this, key);
  return std::visit(
      [&]<class T>(const std::vector<T>& v) -> std::vector<float> {
        if constexpr (is_number<T>) {
          std::vector<float> out;
          out.reserve(v.size());
          for (const T x : v) out.push_back(static_cast<float>(x));
          return out;
        } else {
          fail_type(key, value, "an array of numbers");
        }
      },
      as<Array>(key, value, "an array of numbers").values);
}

std::vector<std::int64_t> Metadata::integers(std::string_view key) const {
  const Value& value = require(*this, key);
  return std::visit(
      [&]<class T>(const std::vector<T>& v) -> std::vector<std::int64_t> {
        if constexpr (is_number<T> && std::is_integral_v<T>) {
          std::vector<std::int64_t> out;
          out.reserve(v.size());
          for (const T x : v) out.push_back(to_integer(key, Value(x)));
          return out;
        } else {
          fail_type(key, value, "an array of integers");
        }
      },
      as<Array>(key, value, "an array of integers").values);
}

std::int64_t Metadata::integer(std::string_view key, std::int64_t absent) const {
  const Value* value = find(key);
  return value ? to_integer(key, *value) : absent;
}

double Metadata::number(std::string_view key, double absent) const {
  const Value* value = find(key);
  return value ? to_number(key, *value) : absent;
}

bool Metadata::boolean(std::string_view key, bool absent) const {
  const Value* value = find(key);
  return value ? as<bool>(key, *value, "a bool") : absent;
}

std::string Metadata::string(std::string_view key, std::string_view absent) const {
  const Value* value = find(key);
  return value ? as<std::string>(key, *value, "a string") : std::string(absent);
}

std::string describe(const Value& value) {
  const auto* array = std::get_if<Array>(&value);
  if (!array) return std::string(type_names[value.index()]);
  return fmt::format("array of {} ({})", type_names[array->values.index()], array->size());
}

}  // namespace ingot
