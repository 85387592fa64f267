// Text to token ids and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/metadata.h"

namespace [[gnu::visibility("default")]] ingot {

enum class TokenType : std::uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

/// A tokenizer as data, independent of the file it came from. Ids index `tokens`.
struct Vocabulary {
  /// "llama": score-ordered merging with byte fallback (SentencePiece BPE); "gpt2": byte-level BPE by merge rank;
  /// "bert": WordPiece behind BERT's normalizer; "t5": SentencePiece's normaliser and unigram model; "sentencepiece":
  /// any other SentencePiece model, through its library; "huggingface": any other tokenizer.json, part by part.
  std::string kind;
  /// As stored: "▁the" (llama, t5, sentencepiece), "Ġthe" in the byte alphabet (gpt2), "##ing" (bert).
  std::vector<std::string> tokens;
  std::vector<float> scores;     // llama, t5, sentencepiece; empty otherwise
  std::vector<TokenType> types;  // one per token
  /// "a b", best first. gpt2 always; llama where a tokenizer.json gives them: they then order the merging, and only
  /// pairs they name are joined.
  std::vector<std::string> merges;
  std::string model;  // sentencepiece: the bytes of the `.model` file; huggingface: those of the tokenizer.json
  /// gpt2: a named pre-tokenizer of GGUF ("llama-bpe", "gpt-2", "qwen2", …), or "regex" with `patterns`.
  std::string pre;
  std::vector<std::string> patterns;
  bool ignore_merges = false;                                    // gpt2: a piece that is a token is taken whole
  std::optional<std::int32_t> bos, eos, unknown, padding, mask;  // bert: bos is [CLS], eos is [SEP]
  std::vector<std::int32_t> end_of_generation;                   // eos and its like (<|eot_id|>, …)
  bool add_bos = false, add_eos = false;
  /// gpt2: texts are brought into normalisation form C.
  bool nfc = false;
  /// A space is put in front of the text. llama by default; gpt2 only where a tokenizer.json asks for it.
  bool add_space_prefix = true;
  // How tokenizer.json files of the llama kind vary. GGUF has no keys for these.
  bool space_after_special = true;  // the prefix also after every special token
  bool prefix_before_space = true;  // the prefix also where the text begins with a space
  bool split_words = false;         // nothing joins across the start of a word
  bool fuse_unknown = true;         // neighbouring unknown characters are one unknown token
  // bert: what its normalizer does.
  bool clean_text = true, chinese_characters = true, lower_case = true, strip_accents = true;
  // t5: SentencePiece's rules ("": none), and whether white space is joined and trimmed.
  std::string charsmap;
  bool remove_extra_spaces = true;
  std::string chat_template;  // Jinja; "" where there is none
  /// Special tokens that swallow the white space before or after them.
  std::vector<std::int32_t> strip_left, strip_right;

  /// Throws invalid_file naming `source`, the key and the index where lists differ in length, an id lies outside, ….
  void check(const std::string& source) const;

  /// From and to GGUF's tokenizer.ggml.* keys.
  static Vocabulary from_metadata(const Metadata& metadata, const std::string& source);
  /// Throws NotImplemented for what GGUF has no keys for: SentencePiece models that are neither unigram nor BPE without
  /// normalisation rules, parts of a tokenizer.json. User-defined pieces of others become user-defined tokens; they end
  /// a stretch in GGUF, and a space is put in front of what follows.
  void to_metadata(Metadata& metadata) const;
  /// Hugging Face tokenizer.json of model types BPE, WordPiece and Unigram; of kind huggingface where no other kind
  /// gives the same ids. `config`, `generation` are the texts of tokenizer_config.json and generation_config.json (""
  /// where absent). Throws NotImplemented naming a part that is not built.
  static Vocabulary from_tokenizer_json(std::string_view json, std::string_view config, std::string_view generation,
                                        const std::string& source);
  /// The bytes of a SentencePiece `.model` file: kind llama where it says all (BPE without normalisation rules and
  /// user-defined pieces), else sentencepiece.
  static Vocabulary from_sentencepiece(std::string_view model, std::string_view config, const std::string& source);
  /// BERT's vocab.txt, a token a line; `config` says what the normalizer does. Kind bert.
  static Vocabulary from_vocab_txt(std::string_view text, std::string_view config, const std::string& source);
  /// llama2.c's tokenizer.bin for a vocabulary of `size` tokens.
  static Vocabulary from_llama2c(std::string_view bytes, std::int64_t size, const std::string& source);
  /// For a Hugging Face directory: the files to write, by name (tokenizer.json or tokenizer.model,
  /// tokenizer_config.json; of bert also vocab.txt).
  std::vector<std::pair<std::string, std::string>> to_huggingface() const;
};

class Tokenizer {
 public:
  /// Compiles the vocabulary. Throws NotImplemented naming an unknown kind or pre-tokenizer.
  static std::unique_ptr<Tokenizer> make(Vocabulary vocabulary);
  virtual ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  struct EncodeOptions {
    bool add_special = true;    // BOS, EOS as the vocabulary asks
    bool parse_special = true;  // control tokens written out in the text become their ids
  };
  /// Ids of UTF-8 text; invalid bytes are encoded as bytes where the vocabulary can (sentencepiece: as U+FFFD each).
  virtual std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options) const = 0;
  std::vector<std::int32_t> encode(std::string_view text) const { return encode(text, {}); }
  /// The bytes a token stands for; control tokens give "". Throws out_of_range for an id outside the vocabulary.
  virtual std::string piece(std::int32_t id) const = 0;
  /// The text of a whole sequence, without the space that the encoder put in front.
  virtual std::string decode(std::span<const std::int32_t> ids) const;

  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  bool ends_generation(std::int32_t id) const noexcept;

 protected:
  explicit Tokenizer(Vocabulary vocabulary);
  void check_id(std::int32_t id) const;
  static void check_length(std::string_view text);
  const Vocabulary vocabulary_;
};

/// Joins token pieces into valid UTF-8: bytes of an unfinished character wait for the next piece.
class Utf8Stream {
 public:
  /// The characters completed by `piece`; invalid bytes become U+FFFD.
  std::string push(std::string_view piece);
  /// What is left at the end, as U+FFFD where incomplete.
  std::string finish();

 private:
  std::string pending_;
};

}  // namespace ingot
