#include "tokenizer/unigram.h"

#include <algorithm>
#include <numeric>

#include "tokenizer/utf8.h"

namespace ingot {

Unigram::Unigram(std::span<const Entry> entries, double least)
    : trie_(std::accumulate(entries.begin(), entries.end(), std::size_t{0},
                            [](std::size_t n, const Entry& e) { return n + e.text.size(); })),
      unknown_score_(least - 10) {
  for (const Entry& e : entries) {
    if (scores_.size() <= static_cast<std::size_t>(e.id)) scores_.resize(static_cast<std::size_t>(e.id) + 1);
    scores_[static_cast<std::size_t>(e.id)] = e.score;
    trie_.add(e.text, e.id);
  }
}

void Unigram::split(std::string_view text, std::vector<Part>& parts) const {
  struct Best {
    double score = 0;
    std::size_t length = 0;  // of the last token on the best way here; 0: no way yet
    std::int32_t id = -1;
  };
  std::vector<Best> best(text.size() + 1);
  for (std::size_t at = 0; at < text.size();) {
    const double here = best[at].score;
    const std::size_t character = utf8_step(text, at).length;
    bool known = false;
    const auto offer = [&](std::size_t length, double score, std::int32_t id) {
      Best& there = best[at + length];
      if (there.length == 0 || here + score > there.score) there = {here + score, length, id};
    };
    trie_.prefixes(text.substr(at), [&](std::size_t length, std::int32_t id) {
      offer(length, scores_[static_cast<std::size_t>(id)], id);
      known |= length == character;
    });
    if (!known) offer(character, unknown_score_, -1);
    at += character;
  }
  const std::size_t before = parts.size();
  for (std::size_t end = text.size(); end > 0; end -= best[end].length)
    parts.push_back({text.substr(end - best[end].length, best[end].length), best[end].id});
  std::reverse(parts.begin() + static_cast<std::ptrdiff_t>(before), parts.end());
}

}  // namespace ingot
