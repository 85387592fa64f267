// config.json for the hooks of architectures: nlohmann-json, which is dear to compile, stays in one file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ingot {

/// Typed access to one object of config.json, with errors that name file and key. null counts as absent.
class JsonReader {
 public:
  JsonReader(const nlohmann::ordered_json& object, std::string where);

  bool has(const char* key) const;
  bool is_null(const char* key) const;
  const nlohmann::ordered_json& at(const char* key) const;
  JsonReader child(const char* key) const { return {at(key), where_ + ": " + key}; }

  std::int64_t integer(const char* key) const;
  double number(const char* key) const;
  bool boolean(const char* key) const;
  std::string string(const char* key) const;
  std::vector<double> numbers(const char* key) const;
  std::vector<std::string> strings(const char* key) const;
  std::int64_t integer(const char* key, std::int64_t absent) const { return has(key) ? integer(key) : absent; }
  double number(const char* key, double absent) const { return has(key) ? number(key) : absent; }
  bool boolean(const char* key, bool absent) const { return has(key) ? boolean(key) : absent; }
  std::string string(const char* key, std::string absent) const { return has(key) ? string(key) : std::move(absent); }

  const std::string& where() const noexcept { return where_; }

 private:
  template <class T>
  T get(const char* key, bool is, const char* wanted) const;
  const nlohmann::ordered_json& object_;
  std::string where_;
};

/// One object of config.json that is being written. Numbers are written as the shortest text of the float that GGUF
/// keeps: 1e-05 comes back as 1e-05.
class JsonWriter {
 public:
  explicit JsonWriter(nlohmann::ordered_json& object) : object_(object) {}
  void null(const char* key);
  void integer(const char* key, std::int64_t value);
  void number(const char* key, double value);
  void exact_number(const char* key, double value);
  void boolean(const char* key, bool value);
  void string(const char* key, std::string_view value);
  void numbers(const char* key, const std::vector<double>& values);
  void strings(const char* key, const std::vector<std::string>& values);
  JsonWriter child(const char* key);

 private:
  nlohmann::ordered_json& object_;
};

}  // namespace ingot
