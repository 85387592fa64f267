// Byte-pair merging in n log n, shared by both kinds of tokenizer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/index.h"

namespace ingot {

/// A stretch of text that has become one symbol.
struct Symbol {
  std::string_view text;
  std::int32_t id = -1;  // -1: no token
};

/// A join that may be done: smaller keys first.
template <class Key>
struct Join {
  Key key{};
  std::int32_t id = -1;  // -1: the two do not join
};

/// Joins neighbours until none is left: always the pair with the smallest key, the leftmost of equals. `lookup(left,
/// right)` returns a Join; symbols must be adjacent in memory. Members are scratch, kept to reuse their memory.
template <class Key>
class Merger {
 public:
  std::vector<Symbol> symbols;

  template <class Lookup>
  void merge(Lookup&& lookup) {
    const auto n = static_cast<std::int32_t>(symbols.size());
    links_.resize(symbols.size());
    queue_.clear();
    for (std::int32_t i = 0; i < n; ++i) links_[at(i)] = {i - 1, i + 1 < n ? i + 1 : -1};
    for (std::int32_t i = 0; i + 1 < n; ++i) push(i, lookup);
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), later);
      const Candidate best = queue_.back();
      queue_.pop_back();
      Symbol& left = symbols[at(best.left)];
      const std::int32_t next = links_[at(best.left)].next;
      // An entry is stale when either side has been joined since: then the two together are of another length.
      if (left.text.empty() || next < 0 || left.text.size() + symbols[at(next)].text.size() != best.size) continue;
      left = {std::string_view(left.text.data(), best.size), best.id};
      symbols[at(next)].text = {};
      const std::int32_t after = links_[at(next)].next;
      links_[at(best.left)].next = after;
      if (after >= 0) links_[at(after)].previous = best.left;
      if (links_[at(best.left)].previous >= 0) push(links_[at(best.left)].previous, lookup);
      push(best.left, lookup);
    }
    std::erase_if(symbols, [](const Symbol& s) { return s.text.empty(); });
  }

 private:
  struct Links {
    std::int32_t previous, next;
  };
  struct Candidate {
    Key key;
    std::int32_t left, id;
    std::size_t size;
  };
  static std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }
  static bool later(const Candidate& a, const Candidate& b) { return a.key != b.key ? a.key > b.key : a.left > b.left; }
  template <class Lookup>
  void push(std::int32_t left, Lookup& lookup) {
    const std::int32_t next = links_[at(left)].next;
    if (next < 0) return;
    const Join<Key> join = lookup(symbols[at(left)], symbols[at(next)]);
    if (join.id < 0) return;
    queue_.push_back({join.key, left, join.id, symbols[at(left)].text.size() + symbols[at(next)].text.size()});
    std::push_heap(queue_.begin(), queue_.end(), later);
  }
  std::vector<Links> links_;
  std::vector<Candidate> queue_;
};

}  // namespace ingot
