// llama.cpp's vocabularies with the ids it expects, and other tokenizer files of others.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "ingot/checkpoint.h"
#include "ingot/tokenizer.h"
#include "support/paths.h"
#include "support/temporary_directory.h"

namespace ingot {

/// Every text of NAME.gguf.inp gives the ids of NAME.gguf.out (no BOS), and comes back from them; the same again after
/// the vocabulary has been through GGUF's keys.
inline void expect_vocab_cases(const std::string& name) {
  INGOT_TEST_DATA_OR_SKIP(path, "vocab/ggml-vocab-" + name + ".gguf");
  Vocabulary vocabulary = Vocabulary::from_metadata(open_checkpoint(path).metadata, path);
  Metadata metadata;
  vocabulary.to_metadata(metadata);
  const std::string texts = test::read_file(path + ".inp"), mark = "\n__ggml_vocab_test__\n";
  for (int round = 0; round < 2; ++round) {
    if (round == 1) vocabulary = Vocabulary::from_metadata(metadata, "metadata");
    const auto tokenizer = Tokenizer::make(vocabulary);
    std::istringstream expected(test::read_file(path + ".out"));
    int cases = 0;
    for (std::size_t at = 0; at < texts.size(); ++cases) {
      const std::size_t end = texts.find(mark, at);  // every text ends with a mark
      ASSERT_NE(end, std::string::npos);
      const std::string text = texts.substr(at, end - at);
      at = end + mark.size();
      std::string line;
      ASSERT_TRUE(std::getline(expected, line)) << "case " << cases;
      std::istringstream numbers(line);
      const std::vector<std::int32_t> ids(std::istream_iterator<std::int32_t>(numbers), {});
      EXPECT_EQ(tokenizer->encode(text, {false, false}), ids) << name << " case " << cases << ": '" << text << "'";
      EXPECT_EQ(tokenizer->decode(ids), text) << name << " case " << cases;
    }
    EXPECT_EQ(cases, 46);  // so many are in the files
  }
}

}  // namespace ingot
