// How much the columns of each weight matter: llama.cpp's importance matrices.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/checkpoint.h"

namespace [[gnu::visibility("default")]] ingot {

/// Of one weight (n, k), or of a stack of experts (e, n, k).
struct ColumnImportance {
  std::vector<float> sums;    // Σ x² over the rows that were multiplied with it: k numbers, for each expert in turn
  std::vector<float> counts;  // those rows: one number for all experts, or one for each
};

struct ImportanceMatrix {
  std::map<std::string, ColumnImportance> weights;  // by GGUF name
  std::vector<std::string> datasets;
  std::uint32_t chunks = 0, chunk_size = 0;  // of the text, in tokens

  /// The mean of x² in each column of the weight `name` of `shape`, 1 for an expert that no row met: f32 (k), or
  /// (e, 1, k). Undefined where the matrix does not know the weight. Throws shape_mismatch with both shapes.
  Tensor of(const std::string& name, const Shape& shape) const;
};

/// Reads llama-imatrix's files: GGUF, and the older ".dat". Throws what open_checkpoint throws, and invalid_file naming
/// what is missing or contradicts itself.
ImportanceMatrix read_importance(const std::string& path);
/// Writes it as GGUF, as llama-imatrix does.
void write_importance(const std::string& path, const ImportanceMatrix& matrix, const WriteOptions& options = {});

struct CalibrateOptions {
  std::int64_t context = 512;   // tokens in a chunk
  std::int64_t chunks = 0;      // at most so many; 0: all of the text
  bool process_output = false;  // the head too, and not the layers' weights alone
  std::string dataset;          // recorded
  std::string tokenizer;        // path of a tokenizer.bin for llama2.c checkpoints; "": beside the file
};

/// Runs the model over `text` as perplexity() does and adds up x² in every input column of every linear layer, in
/// double. The same bits for any number of threads. Throws invalid_argument for a text of less than one chunk.
ImportanceMatrix calibrate(const Checkpoint& checkpoint, std::string_view text, const CalibrateOptions& options = {},
                           const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot
