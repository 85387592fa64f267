// Texts by their first bytes: which of many begin at a place, in one step a byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/index.h"

namespace ingot {

class Trie {
 public:
  /// `bytes`: no less than the lengths of all texts together.
  explicit Trie(std::size_t bytes) : slots_(table_size(bytes)), values_(1, -1) {}

  /// The first value of a text stays.
  void add(std::string_view text, std::int32_t value) {
    std::uint32_t node = 0;
    for (char c : text) {
      Slot& slot = find_slot(edge(node, c));
      if (slot.child == 0) {
        slot = {edge(node, c), static_cast<std::uint32_t>(values_.size())};
        values_.push_back(-1);
      }
      node = slot.child;
    }
    if (values_[node] < 0) values_[node] = value;
  }

  /// Calls f(length, value) for each text that `rest` begins with, the shortest first; "" never.
  template <class F>
  void prefixes(std::string_view rest, F&& f) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      node = const_cast<Trie*>(this)->find_slot(edge(node, rest[i])).child;
      if (node == 0) return;
      if (values_[node] >= 0) f(i + 1, values_[node]);
    }
  }

 private:
  struct Slot {
    std::uint64_t edge = 0;
    std::uint32_t child = 0;  // 0: empty, as no edge leads to the root
  };
  static std::uint64_t edge(std::uint32_t node, char c) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
  }
  Slot& find_slot(std::uint64_t edge) {
    const std::uint64_t h = edge * 0x9E3779B97F4A7C15ull;  // Fibonacci hashing
    std::size_t i = (h ^ h >> 32) & (slots_.size() - 1);
    while (slots_[i].child != 0 && slots_[i].edge != edge) i = (i + 1) & (slots_.size() - 1);
    return slots_[i];
  }
  std::vector<Slot> slots_;
  std::vector<std::int32_t> values_;  // by node; -1: none
};

}  // namespace ingot
