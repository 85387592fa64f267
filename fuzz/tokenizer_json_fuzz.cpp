// tokenizer.json from bytes; what is accepted must encode and decode, and come back from GGUF's keys.
#include <cstdint>
#include <string_view>

#include "ingot/error.h"
#include "ingot/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A NUL separates the tokenizer from the texts of its configuration files.
  std::string_view rest(reinterpret_cast<const char*>(data), size), parts[3];
  for (std::string_view& part : parts) {
    part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(part.size() + (part.size() < rest.size()));
  }
  try {
    ingot::Vocabulary vocabulary = ingot::Vocabulary::from_tokenizer_json(parts[0], parts[1], parts[2], "fuzz");
    const auto direct = ingot::Tokenizer::make(vocabulary);
    const auto direct_ids = direct->encode(parts[0].substr(0, 4096));
    (void)direct->decode(direct_ids);
    if (!direct_ids.empty()) (void)direct->piece(direct_ids.back());
    (void)direct->encode("e\xCC\x81 \xE6\x97\xA5x12\xFF  !?<s>\n", {false, false});
    ingot::Metadata metadata;
    vocabulary.to_metadata(metadata);
    const auto tokenizer = ingot::Tokenizer::make(ingot::Vocabulary::from_metadata(metadata, "metadata"));
    const auto ids = tokenizer->encode(parts[0].substr(0, 256));
    (void)tokenizer->decode(ids);
    (void)tokenizer->encode("Hello, world  12 \xFF <s>\n", {false, false});
    for (const auto& [name, text] : vocabulary.to_huggingface())
      if (name == "tokenizer.json") (void)ingot::Vocabulary::from_tokenizer_json(text, "", "", "written");
  } catch (const ingot::Error&) {
  }
  return 0;
}
