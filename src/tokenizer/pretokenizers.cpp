#include "tokenizer/pretokenizers.h"

#include <algorithm>

namespace ingot {

const std::string_view gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";

namespace {

#define INGOT_CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define INGOT_SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"
#define INGOT_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define INGOT_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"

const std::vector<PreTokenizer>& table() {
  const std::string gpt2(gpt2_pattern);
  static const std::string llama3 =
      INGOT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" INGOT_SPACES;
  static const std::string qwen2 =
      INGOT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" INGOT_SPACES;
  // The classes of the models' own tokenizer.json; llama.cpp writes "letter but a-z" and "letter but A-Z" instead,
  // which parts company only in words that mix cases outside ASCII or hold combining marks.
  static const std::string tekken =
      R"([^\r\n\p{L}\p{N}]?)" INGOT_UPPER "*" INGOT_LOWER R"(+|[^\r\n\p{L}\p{N}]?)" INGOT_UPPER "+" INGOT_LOWER
      R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" INGOT_SPACES;
  static const std::string gpt4o =
      R"([^\r\n\p{L}\p{N}]?)" INGOT_UPPER "*" INGOT_LOWER "+" INGOT_CONTRACTIONS R"(?|[^\r\n\p{L}\p{N}]?)" INGOT_UPPER
      "+" INGOT_LOWER "*" INGOT_CONTRACTIONS R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" INGOT_SPACES;
  // The cased letters that DeepSeek's first tokenizer.json lists.
  static const std::string deepseek_letters =
      R"(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF})"
      R"(\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1})"
      R"(\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5})"
      R"(\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77})"
      R"(\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D})"
      R"(\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE})"
      R"(\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC})"
      R"(\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124})"
      R"(\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E})"
      R"(\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D})"
      R"(\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})"
      R"(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F})"
      R"(\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF})"
      R"(\x{1E900}-\x{1E943})";
  static const std::string ideographs = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
  static const std::string bloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
  // Sources: the names and groups of llama.cpp (src/llama-vocab.cpp) and the patterns of
  // the models' tokenizer.json files. Of rows with equal patterns the first is the one that is written.
  static const std::vector<PreTokenizer> rows = {
      {"gpt-2", {gpt2}},
      {"phi-2", {gpt2}},
      {"mpt", {gpt2}},
      {"olmo", {gpt2}},
      {"jais", {gpt2}},
      {"trillion", {gpt2}},
      {"gigachat", {gpt2}},
      {"exaone4", {gpt2}},
      {"starcoder", {R"(\p{N})", gpt2}},
      {"refact", {R"(\p{N})", gpt2}},
      {"smollm", {R"(\p{N})", gpt2}},
      {"command-r", {R"(\p{N})", gpt2}},
      {"codeshell", {R"(\p{N})", gpt2}},
      {"exaone", {R"(\p{N})", gpt2}},
      {"minerva-7b", {R"(\p{N})", gpt2}},
      {"llama-bpe", {llama3}, true, true},
      {"llama3", {llama3}, true, true},
      {"llama-v3", {llama3}, true, true},
      {"falcon3", {llama3}, true, true},
      {"falcon-h1", {llama3}, true, true},
      {"pixtral", {llama3}, true, true},
      {"midm-2.0", {llama3}, true, true},
      {"lfm2", {llama3}, true, true},
      {"dbrx", {llama3}},
      {"smaug-bpe", {llama3}},
      {"glm4", {llama3}},
      {"chatglm-bpe", {llama3}},
      {"qwen2", {qwen2}},
      {"deepseek-r1-qwen", {qwen2}},
      {"stablelm2", {qwen2}},
      {"hunyuan", {qwen2}},
      {"megrez", {qwen2}},
      {"grok-2", {qwen2}},
      {"tekken", {tekken}, true, true},
      {"gpt-4o", {gpt4o}},
      {"llama4", {gpt4o}},
      {"bloom", {bloom}},
      {"poro-chat", {bloom}},
      {"gpt3-finnish", {bloom}},
      {"viking", {bloom, R"(\p{N})"}},
      {"default", {R"([\p{P}$+<=>^~|]+)", gpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {"falcon", {R"([\p{P}$+<=>^~|`]+)", gpt2, "[0-9][0-9][0-9]"}},
      {"deepseek-coder", {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", ideographs, R"(\p{N})"}},
      {"deepseek-llm",
       {R"([\r\n])", R"(\s?[)" + deepseek_letters + "]+",
        R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)", R"(\s+$)", ideographs,
        R"(\p{N}+)"}},
      {"deepseek-v3",
       {R"(\p{N}{1,3})", R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
        R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
        R"(| ?[\p{P}\p{S}]+[\r\n]*|)" INGOT_SPACES}},
  };
  return rows;
}

}  // namespace

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  const auto row = std::find_if(table().begin(), table().end(), [&](const PreTokenizer& r) { return r.name == name; });
  return row == table().end() ? nullptr : &*row;
}

const PreTokenizer* find_pre_tokenizer(std::span<const std::string> patterns, bool ignore_merges) {
  const auto row = std::find_if(table().begin(), table().end(), [&](const PreTokenizer& r) {
    return r.ignore_merges == ignore_merges &&
           std::equal(r.patterns.begin(), r.patterns.end(), patterns.begin(), patterns.end());
  });
  return row == table().end() ? nullptr : &*row;
}

}  // namespace ingot
