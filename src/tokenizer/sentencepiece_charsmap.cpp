// precompiled_charsmap: u32 size of the trie in bytes, the trie, the replacements, each ended by NUL. The trie is a
// Darts-clone double array of u32 units: bit 8 a value belongs to the node, bit 9 the offset is in blocks of 256, bits
// 10 … 30 the offset, bits 0 … 7 and 31 the label; a value's unit has bit 31 set and the place of the replacement
// below.
#include "tokenizer/sentencepiece_charsmap.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/fail.h"

namespace ingot {

namespace {

// The library keeps the rules that fit one place of a text in an array of this size and does not look at its end.
constexpr unsigned longest_chain = 32;
// Unicode's longest compatibility decomposition has 33 bytes; this bounds what a hostile rule makes of a text.
constexpr std::size_t longest_replacement = 1024;

constexpr std::uint32_t value_bit = 0x80000000u;
bool has_value(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t label(std::uint32_t unit) { return unit & (value_bit | 0xFF); }
std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

}  // namespace

void check_charsmap(std::string_view charsmap, const std::string& source) {
  const auto invalid = [&](std::string_view what) {
    fail(ErrorCode::invalid_file, "tokenizer", "{}: precompiled_charsmap: {}", source, what);
  };
  if (charsmap.empty()) return;
  std::uint32_t size = 0;
  if (charsmap.size() < sizeof size) invalid("the size of the trie is cut off");
  std::memcpy(&size, charsmap.data(), sizeof size);
  charsmap.remove_prefix(sizeof size);
  if (size == 0 || size % sizeof(std::uint32_t) != 0 || size >= charsmap.size())
    invalid(fmt::format("a trie of {} bytes in {}", size, charsmap.size()));
  std::vector<std::uint32_t> units(size / sizeof(std::uint32_t));
  std::memcpy(units.data(), charsmap.data(), size);
  const std::string_view replacements = charsmap.substr(size);
  if (replacements.back() != '\0') invalid("the last replacement has no end");

  // Depth first: a unit is `open` while it is on the way, and may be met again once done, as the builder shares equal
  // ends of keys.
  struct Node {
    std::uint32_t unit, next_byte;
  };
  enum class State : std::uint8_t { unseen, open, done };
  std::vector<State> states(units.size());
  std::vector<std::uint8_t> chains(units.size());  // the most values on a way from here on
  std::vector<Node> way;
  const auto enter = [&](std::uint32_t node) {
    const std::uint32_t unit = units[node], base = node ^ offset(unit);
    // Any byte may follow in a text, so the library may read all 256 units.
    if ((base | 0xFF) >= units.size()) invalid("the trie leaves its bounds");
    if (has_value(unit)) {
      const std::uint32_t at = units[base] & ~value_bit;
      if (at >= replacements.size()) invalid("a replacement lies outside the file");
      if (replacements.substr(at, longest_replacement + 1).find('\0') == std::string_view::npos)
        invalid("a replacement is longer than 1024 bytes");
    }
    states[node] = State::open;
    way.push_back({node, 0});
  };
  enter(0);
  while (!way.empty()) {
    auto& [node, byte] = way.back();
    const std::uint32_t unit = units[node], base = node ^ offset(unit);
    while (byte < 256 && label(units[base ^ byte]) != byte) ++byte;
    if (byte < 256) {
      const std::uint32_t child = base ^ byte;
      if (states[child] == State::open) invalid("the trie goes in a circle");
      if (states[child] == State::unseen) {
        enter(child);  // and come back to the same byte
        continue;
      }
      chains[node] = std::max(chains[node], chains[child]);
      ++byte;
      continue;
    }
    if (has_value(unit) && ++chains[node] > longest_chain) invalid("more than 32 rules fit one place");
    states[node] = State::done;
    way.pop_back();
  }
}

Charsmap::Charsmap(std::string_view charsmap, const std::string& source) {
  check_charsmap(charsmap, source);
  if (charsmap.empty()) return;
  std::uint32_t size = 0;
  std::memcpy(&size, charsmap.data(), sizeof size);
  units_.resize(size / sizeof(std::uint32_t));
  std::memcpy(units_.data(), charsmap.data() + sizeof size, size);
  replacements_ = charsmap.substr(sizeof size + size);
}

/// Calls f(rule) for each that fits, the shortest first, until it returns false.
template <class F>
void Charsmap::rules(std::string_view rest, F&& f) const {
  if (units_.empty()) return;
  std::uint32_t base = offset(units_[0]);
  for (std::size_t i = 0; i < rest.size() && rest[i] != '\0'; ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    const std::uint32_t node = base ^ byte, unit = units_[node];
    if (label(unit) != byte) return;
    base = node ^ offset(unit);
    if (!has_value(unit)) continue;
    const std::string_view from = std::string_view(replacements_).substr(units_[base] & ~value_bit);
    if (!f(Rule{i + 1, from.substr(0, from.find('\0'))})) return;
  }
}

std::optional<Charsmap::Rule> Charsmap::longest(std::string_view rest) const {
  std::optional<Rule> found;
  rules(rest, [&](const Rule& rule) { return found = rule, true; });
  return found;
}

std::optional<Charsmap::Rule> Charsmap::shortest(std::string_view rest) const {
  std::optional<Rule> found;
  rules(rest, [&](const Rule& rule) { return found = rule, false; });
  return found;
}

}  // namespace ingot
