// Compiled patterns; PCRE2 stays inside regex.cpp.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace ingot {

class Regex {
 public:
  /// Unicode throughout (\s, \d, \p{…}), ^ and $ at lines as in Oniguruma. Throws invalid_argument naming the pattern.
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  ~Regex();

  /// Cuts a piece of valid UTF-8 into matches and the stretches between them, in order; appended to `pieces`.
  void split(std::string_view piece, std::vector<std::string_view>& pieces) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace ingot
