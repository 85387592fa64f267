#include "tools/model_source.h"

#include <fmt/format.h>

#include <cmath>

#include "core/fail.h"
#include "models/config.h"
#include "models/weights.h"
#include "quant/rows.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

bool is_bit_linear(std::string_view name) {
  for (const char* stem : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    if (name.starts_with("blk.") && name.ends_with("." + std::string(stem) + ".weight")) return true;
  return false;
}

// The factors that llama3's scaling divides frequencies by, as llama.cpp's converter stores them.
Tensor rope_factors(const ModelConfig& config) {
  ModelConfig plain = config;
  plain.rope_scaling = {};
  const Tensor unscaled = plain.inverse_frequencies(), scaled = config.inverse_frequencies();
  return divide(unscaled, scaled);
}

// A composite's rows rather than whole(), whose encoding would not be what was planned.
Tensor decoded(const NamedTensor& entry) {
  return entry.composite ? entry.rows(0, entry.row_count()).view(entry.shape()) : entry.tensor;
}

// The dtype that a model's vectors were stored in, before GGUF widened them.
std::optional<DType> vector_dtype(const Checkpoint& checkpoint) {
  for (const NamedTensor& entry : checkpoint.tensors)
    if (entry.shape().rank() == 1 && is_floating(entry.dtype()) && !entry.is_quantized()) return entry.dtype();
  return {};
}

// Rows of a q or k weight (heads·D, …) from Hugging Face's order of a head's rotary pairs (i, i + D/2) to Meta's
// (2i, 2i + 1), and back. Any dtype; plain tensors only.
Tensor to_interleaved(const Tensor& weight, std::int64_t heads) {
  const Tensor pairs = weight.view({heads, 2, weight.size(0) / heads / 2, -1}).transpose(1, 2);
  return reshape(pairs, weight.shape());
}

Tensor to_half_split(const Tensor& weight, std::int64_t heads) {
  const Tensor pairs = weight.view({heads, weight.size(0) / heads / 2, 2, -1}).transpose(1, 2);
  return reshape(pairs, weight.shape());
}

std::int64_t heads_of(Transform transform, const ModelConfig& config) {
  return transform == Transform::rotary_q ? config.heads : config.kv_heads;
}

}  // namespace

OutputTensor to_gguf_form(OutputTensor tensor, Transform transform, const ModelConfig& config) {
  switch (transform) {
    case Transform::none: break;
    case Transform::rotary_q:
    case Transform::rotary_k:
      tensor.make = [make = tensor.make, heads = heads_of(transform, config)] { return to_interleaved(make(), heads); };
      break;
    case Transform::plus_one:
      tensor = converted(std::move(tensor), DType::f32);
      tensor.make = [make = tensor.make] { return add(make(), 1); };
      break;
  }
  return tensor;
}

OutputTensor to_huggingface_form(OutputTensor tensor, Transform transform, const ModelConfig& config) {
  switch (transform) {
    case Transform::none: break;
    case Transform::rotary_q:
    case Transform::rotary_k:
      tensor.make = [make = tensor.make, heads = heads_of(transform, config)] { return to_half_split(make(), heads); };
      break;
    case Transform::plus_one:
      tensor = converted(std::move(tensor), DType::f32);
      tensor.make = [make = tensor.make] { return subtract(make(), 1); };
      break;
  }
  return tensor;
}

OutputTensor as_stored(const NamedTensor& entry) {
  return {.name = entry.name,
          .shape = entry.shape(),
          .dtype = entry.dtype(),
          .encoding = entry.composite ? nullptr : entry.tensor.meta().encoding,
          .make = [entry] { return decoded(entry); }};
}

void require_decoder(const OutputTensor& source) {
  if (!source.encoding) return;
  const Scheme scheme = source.encoding->scheme();
  if (!has_decoder(scheme))
    throw NotImplemented("convert", fmt::format("tensor '{}': decoding {}", source.name, to_string(scheme)));
}

void record_i2s_packing(OutputPlan& plan) {
  plan.metadata.erase("ingot.i2_s.packing");
  for (const OutputTensor& tensor : plan.tensors)
    if (tensor.encoding && tensor.encoding->scheme() == Scheme::i2_s)
      plan.metadata.set("ingot.i2_s.packing", std::string(to_string(tensor.encoding->packing())));
}

OutputTensor converted(OutputTensor source, DType dtype) {
  if (!source.encoding && source.dtype == dtype) return source;
  require_decoder(source);
  source.make = [make = std::move(source.make), dtype] {
    const Tensor tensor = make();
    return astype(tensor.is_quantized() ? dequantize(tensor) : tensor, dtype);
  };
  source.dtype = dtype;
  source.encoding = nullptr;
  return source;
}

std::uint32_t gguf_file_type(DType dtype) { return dtype == DType::f16 ? 1 : dtype == DType::bf16 ? 32 : 0; }

std::vector<SourceTensor> stored_tensors(const Checkpoint& checkpoint, bool bit_linear) {
  std::vector<SourceTensor> tensors;
  for (const NamedTensor& entry : checkpoint.tensors)
    tensors.push_back({as_stored(entry), bit_linear && is_bit_linear(entry.name)});
  return tensors;
}

ModelSource model_source(const Checkpoint& checkpoint, const std::string& tokenizer_path) {
  ModelSource source{.config = ModelConfig::from(checkpoint)};
  Weights(checkpoint, source.config).check();
  try {
    source.vocabulary = load_vocabulary(checkpoint, tokenizer_path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found || !tokenizer_path.empty()) throw;
    source.notes.push_back("written without a vocabulary: " + error.message());
  }
  ModelConfig& config = source.config;
  if (source.vocabulary) check_vocabulary(*source.vocabulary, config);
  if (!checkpoint.documents.contains("config.json")) {
    source.tensors = stored_tensors(checkpoint, config.bit_linear != BitLinear::none);
    return source;
  }
  config.dtype = vector_dtype(checkpoint);

  const Architecture& architecture = architecture_of(config);
  std::vector<std::string> unknown;
  for (const NamedTensor& entry : checkpoint.tensors) {
    const bool unused_head = config.tied_embeddings && entry.name == "lm_head.weight";
    if (entry.name.ends_with("rotary_emb.inv_freq") || unused_head) {
      source.dropped.push_back(entry.name);
      continue;
    }
    const auto known = gguf_name(architecture, entry.name);
    if (!known) {
      unknown.push_back(entry.name);
      continue;
    }
    const bool bit_linear = config.bit_linear != BitLinear::none && is_bit_linear(known->name);
    OutputTensor output = as_stored(entry);
    output.name = known->name;
    source.tensors.push_back({to_gguf_form(std::move(output), known->row->transform, config), bit_linear});
  }
  if (!unknown.empty())
    fail(ErrorCode::invalid_file, "convert",
         "{}: {} tensors that {} does not have: {} (--keep-names converts tensor "
         "by tensor)",
         checkpoint.path, unknown.size(), config.huggingface_class, fmt::join(unknown, ", "));
  config.rope_layout = architecture.gguf_rope_layout;
  const RopeScaling& scaling = config.rope_scaling;
  const auto add_factors = [&](const char* name, const Tensor& factors) {
    source.tensors.push_back({as_stored({.name = name, .tensor = factors})});
  };
  if (scaling.kind == RopeScaling::Kind::llama3) add_factors("rope_freqs.weight", rope_factors(config));
  if (scaling.kind == RopeScaling::Kind::longrope) {
    add_factors("rope_factors_long.weight", astype(Tensor::from<double>(scaling.long_factors), DType::f32));
    add_factors("rope_factors_short.weight", astype(Tensor::from<double>(scaling.short_factors), DType::f32));
  }
  return source;
}

}  // namespace ingot
