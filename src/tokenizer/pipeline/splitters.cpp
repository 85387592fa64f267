#include "tokenizer/byte_alphabet.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/pretokenizers.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"
#include "tokenizer/wordpiece.h"

namespace ingot::pipeline {

namespace {

/// A stretch of a text, and whether the pattern matched it.
struct Stretch {
  std::size_t begin, end;
  bool match;
};
/// Stretches that cover the text, in order.
using Matcher = std::function<std::vector<Stretch>(std::string_view)>;

enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

Behavior read_behavior(Json part, const std::string& source) {
  const std::string_view name = json_string(part, "behavior", "Isolated");
  for (const auto& [text, value] : {std::pair("Removed", Behavior::removed),
                                    {"Isolated", Behavior::isolated},
                                    {"MergedWithPrevious", Behavior::merged_with_previous},
                                    {"MergedWithNext", Behavior::merged_with_next},
                                    {"Contiguous", Behavior::contiguous}})
    if (name == text) return value;
  invalid(source, fmt::format("pre_tokenizer behavior '{}'", name));
}

Matcher by_pattern(const std::string& pattern) {
  return [regex = std::make_shared<const Regex>(pattern)](std::string_view text) {
    std::vector<Stretch> out;
    std::size_t done = 0;
    regex->matches(text, [&](std::size_t begin, std::size_t end) {
      if (done < begin) out.push_back({done, begin, false});
      out.push_back({begin, end, true});
      done = end;
    });
    if (done < text.size()) out.push_back({done, text.size(), false});
    return out;
  };
}

/// Every character of the kind is a match of its own.
Matcher by_character(bool (*is)(char32_t)) {
  return [is](std::string_view text) {
    std::vector<Stretch> out;
    for_each_character(text, [&](char32_t c, std::string_view bytes) {
      const auto at = static_cast<std::size_t>(bytes.data() - text.data());
      const bool match = is(c);
      if (match || out.empty() || out.back().match)
        out.push_back({at, at + bytes.size(), match});
      else
        out.back().end = at + bytes.size();
    });
    return out;
  };
}

std::vector<Stretch> behave(std::vector<Stretch> stretches, Behavior behavior) {
  std::vector<Stretch> out;
  bool before = false;  // the stretch before was a match
  switch (behavior) {
    case Behavior::removed: std::erase_if(stretches, [](const Stretch& s) { return s.match; }); return stretches;
    case Behavior::isolated: return stretches;
    case Behavior::merged_with_next:
      for (std::size_t i = stretches.size(); i-- > 0;) {
        const Stretch& s = stretches[i];
        if (s.match && !before && !out.empty())
          out.back().begin = s.begin;
        else
          out.push_back(s);
        before = s.match;
      }
      return {out.rbegin(), out.rend()};
    case Behavior::merged_with_previous:
    case Behavior::contiguous:
      for (const Stretch& s : stretches) {
        const bool join = behavior == Behavior::contiguous ? s.match == before : s.match && !before;
        if (join && !out.empty())
          out.back().end = s.end;
        else
          out.push_back(s);
        before = s.match;
      }
      return out;
  }
  return out;
}

Splitter splitting(Matcher matcher, Behavior behavior, bool invert = false) {
  return [matcher = std::move(matcher), behavior, invert](std::vector<Piece>& pieces) {
    std::vector<Piece> out;
    for (const Piece& piece : pieces) {
      std::vector<Stretch> stretches = matcher(piece.text);
      if (invert)
        for (Stretch& s : stretches) s.match = !s.match;
      for (const Stretch& s : behave(std::move(stretches), behavior))
        out.push_back({piece.text.substr(s.begin, s.end - s.begin), piece.first && s.begin == 0});
    }
    pieces = std::move(out);
  };
}

/// Runs of word characters and runs of what is neither that nor white space.
void split_words(const Piece& piece, std::vector<Piece>& out) {
  enum class Kind { space, word, other } before = Kind::space;
  for_each_character(piece.text, [&](char32_t c, std::string_view bytes) {
    const Kind kind = is_word(c) ? Kind::word : is_space(c) ? Kind::space : Kind::other;
    if (kind != Kind::space && kind == before)
      out.back().text += bytes;
    else if (kind != Kind::space)
      out.push_back({std::string(bytes), piece.first && bytes.data() == piece.text.data()});
    before = kind;
  });
}

Splitter sequence(std::vector<Splitter> members) {
  return [members = std::move(members)](std::vector<Piece>& pieces) {
    for (const Splitter& member : members) member(pieces);
  };
}

Splitter byte_level(Json part) {
  const bool prefix = json_bool(part, "add_prefix_space", true);
  std::vector<Splitter> members;
  members.emplace_back([prefix](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces)
      if (prefix && !piece.text.starts_with(' ')) piece.text.insert(0, " ");
  });
  if (json_bool(part, "use_regex", true))
    members.push_back(splitting(by_pattern(std::string(gpt2_pattern)), Behavior::isolated));
  members.emplace_back([](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces) piece.text = to_byte_alphabet(piece.text);
  });
  return sequence(std::move(members));
}

Splitter metaspace(Json part, const std::string& source) {
  const std::string mark(json_string(part, "replacement", space_mark));
  if (mark.empty()) invalid(source, "pre_tokenizer Metaspace without replacement");
  const std::string_view scheme =
      json_string(part, "prepend_scheme", json_bool(part, "add_prefix_space", true) ? "always" : "never");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    invalid(source, fmt::format("pre_tokenizer Metaspace with prepend_scheme '{}'", scheme));
  std::vector<Splitter> members;
  members.emplace_back([mark, always = scheme == "always", never = scheme == "never"](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces) {
      piece.text = replace_all(piece.text, " ", mark);
      if ((always || (!never && piece.first)) && !piece.text.starts_with(mark)) piece.text.insert(0, mark);
    }
  });
  if (json_bool(part, "split", true))
    members.push_back(splitting(by_pattern(quote_regex(mark)), Behavior::merged_with_next));
  return sequence(std::move(members));
}

}  // namespace

Splitter read_splitter(Json part, const std::string& source) {
  const std::string_view type = json_string(part, "type", "");
  if (type == "Sequence") return sequence(read_sequence(part, "pretokenizers", source, read_splitter));
  if (type == "ByteLevel") return byte_level(part);
  if (type == "Metaspace") return metaspace(part, source);
  if (type == "Split")
    return splitting(by_pattern(read_pattern(part, source)), read_behavior(part, source),
                     json_bool(part, "invert", false));
  if (type == "Digits")
    return splitting(by_character([](char32_t c) { return is_number(c); }),
                     json_bool(part, "individual_digits", false) ? Behavior::isolated : Behavior::contiguous);
  if (type == "Punctuation")
    return splitting(by_character([](char32_t c) { return is_punctuation(c); }), read_behavior(part, source));
  if (type == "Whitespace")
    return [](std::vector<Piece>& pieces) {
      std::vector<Piece> out;
      for (const Piece& piece : pieces) split_words(piece, out);
      pieces = std::move(out);
    };
  if (type == "WhitespaceSplit")
    return splitting(by_character([](char32_t c) { return is_space(c); }), Behavior::removed);
  if (type == "BertPreTokenizer")
    return [](std::vector<Piece>& pieces) {
      std::vector<Piece> out;
      for (const Piece& piece : pieces)
        for (std::string_view word : bert_words(piece.text))
          out.push_back({std::string(word), piece.first && word.data() == piece.text.data()});
      pieces = std::move(out);
    };
  not_built(source, fmt::format("pre_tokenizer '{}'", type));
}

}  // namespace ingot::pipeline
