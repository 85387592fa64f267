// Compiled patterns; PCRE2 stays inside regex.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

class Regex {
 public:
  /// Unicode throughout (\s, \d, \p{…}), ^ and $ at lines as in Oniguruma. Throws invalid_argument naming the pattern.
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  ~Regex();

  /// Calls f(begin, end) for each match in valid UTF-8, in order; matches are not empty.
  void matches(std::string_view text, const std::function<void(std::size_t, std::size_t)>& f) const;
  /// Cuts a piece of valid UTF-8 into matches and the stretches between them, in order; appended to `pieces`.
  void split(std::string_view piece, std::vector<std::string_view>& pieces) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

/// A pattern that matches `text` alone.
std::string quote_regex(std::string_view text);

}  // namespace ingot
