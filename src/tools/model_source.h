// A model's tensors under GGUF names and in GGUF's row order, whichever file they come from.
#pragma once

#include "ingot/model.h"
#include "ingot/tools.h"
#include "models/architectures/architecture.h"
#include "tools/output_rows.h"

namespace ingot {

struct SourceTensor {
  OutputTensor output;      // GGUF name; shape, dtype and encoding as made
  bool bit_linear = false;  // the weight of a linear layer of a BitNet model
  bool widened = false;     // F32 in GGUF, whatever the other matrices are
};

struct ModelSource {
  ModelConfig config;
  std::optional<Vocabulary> vocabulary;  // none where the checkpoint holds none: a note says so
  std::vector<SourceTensor> tensors;
  std::vector<std::string> dropped, notes;
};

/// Throws what ModelConfig::from and load_vocabulary throw (but for an absent vocabulary), and invalid_file naming all
/// tensors that the architecture does not have. `in_blocks`: composites whose numbers a block scheme holds come in its
/// blocks rather than decoded.
ModelSource model_source(const Checkpoint& checkpoint, const std::string& tokenizer_path, bool in_blocks = false);

/// Throws invalid_file with the names of tensors that no row of the architecture knows; does nothing where there are
/// none.
void refuse_unknown(const std::vector<std::string>& names, const std::string& path, const Architecture& architecture);

/// The tensors of a GGUF file as they stand, of any architecture. `bit_linear`: mark a BitNet model's linear layers.
std::vector<SourceTensor> stored_tensors(const Checkpoint& checkpoint, bool bit_linear);

/// A tensor of Hugging Face's in GGUF's form, and the inverse. Plain tensors only.
OutputTensor to_gguf_form(OutputTensor tensor, Transform transform, const ModelConfig& config);
OutputTensor to_huggingface_form(OutputTensor tensor, Transform transform, const ModelConfig& config);

/// The number of `general.file_type` (llama.cpp's enumeration).
std::uint32_t gguf_file_type(DType dtype);

/// Sets "ingot.i2_s.packing", which our reader believes, to what the plan's tensors have; removes it where none is
/// I2_S.
void record_i2s_packing(OutputPlan& plan);

}  // namespace ingot
