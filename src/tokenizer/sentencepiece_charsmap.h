// The normaliser's rules in a SentencePiece model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

/// Throws invalid_file where the library, which trusts the rules, would read outside them.
void check_charsmap(std::string_view charsmap, const std::string& source);

class Charsmap {
 public:
  /// Checks the rules first. "": no rules.
  Charsmap(std::string_view charsmap, const std::string& source);

  struct Rule {
    std::size_t length;  // of the text it stands for
    std::string_view replacement;
  };
  /// The rule for the longest, or the shortest, stretch that `rest` begins with.
  std::optional<Rule> longest(std::string_view rest) const;
  std::optional<Rule> shortest(std::string_view rest) const;

 private:
  template <class F>
  void rules(std::string_view rest, F&& f) const;
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace ingot
