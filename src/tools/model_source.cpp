#include "tools/model_source.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/fail.h"
#include "formats/mlx/mlx.h"
#include "models/config.h"
#include "models/weights.h"

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

// The dtype that a model's vectors were stored in, before GGUF widened them.
std::optional<DType> vector_dtype(const Checkpoint& checkpoint) {
  for (const NamedTensor& entry : checkpoint.tensors)
    if (entry.shape().rank() == 1 && is_floating(entry.dtype()) && !entry.is_quantized()) return entry.dtype();
  return {};
}

std::int64_t heads_of(Transform transform, const ModelConfig& config) {
  return transform == Transform::rotary_q ? config.heads : config.kv_heads;
}

// A composite as the blocks that hold its numbers, where there are such; other tensors as they are.
OutputTensor in_blocks_of(const NamedTensor& entry) {
  OutputTensor output = OutputTensor::of(entry);
  const auto blocks = mlx::blocks_of(entry);
  if (!blocks) return output;
  output.encoding = Encoding::of(blocks->scheme);
  output.rows = blocks->rows;
  return output;
}

}  // namespace

OutputTensor to_gguf_form(OutputTensor tensor, Transform transform, const ModelConfig& config) {
  switch (transform) {
    case Transform::none: break;
    case Transform::rotary_q:
    case Transform::rotary_k: tensor = to_interleaved(std::move(tensor), heads_of(transform, config)); break;
    case Transform::plus_one:
      tensor = converted(std::move(tensor), DType::f32);
      tensor.rows = [rows = std::move(tensor.rows)](std::int64_t first, std::int64_t last) {
        return add(rows(first, last), 1);
      };
      break;
    case Transform::widened: return converted(std::move(tensor), DType::f32);
    case Transform::transposed: return transposed(std::move(tensor));
    case Transform::stacked: break;  // by model_source(), of all experts
  }
  return tensor;
}

OutputTensor to_huggingface_form(OutputTensor tensor, Transform transform, const ModelConfig& config) {
  switch (transform) {
    case Transform::none: break;
    case Transform::rotary_q:
    case Transform::rotary_k: tensor = to_half_split(std::move(tensor), heads_of(transform, config)); break;
    case Transform::plus_one:
      tensor = converted(std::move(tensor), DType::f32);
      tensor.rows = [rows = std::move(tensor.rows)](std::int64_t first, std::int64_t last) {
        return subtract(rows(first, last), 1);
      };
      break;
    case Transform::transposed: return transposed(std::move(tensor));
    case Transform::widened:
    case Transform::stacked: break;
  }
  return tensor;
}

void record_i2s_packing(OutputPlan& plan) {
  plan.metadata.erase("ingot.i2_s.packing");
  for (const OutputTensor& tensor : plan.tensors)
    if (tensor.encoding && tensor.encoding->scheme() == Scheme::i2_s)
      plan.metadata.set("ingot.i2_s.packing", std::string(to_string(tensor.encoding->packing())));
}

std::uint32_t gguf_file_type(DType dtype) { return dtype == DType::f16 ? 1 : dtype == DType::bf16 ? 32 : 0; }

std::vector<SourceTensor> stored_tensors(const Checkpoint& checkpoint, bool bit_linear) {
  std::vector<SourceTensor> tensors;
  for (const NamedTensor& entry : checkpoint.tensors)
    tensors.push_back({OutputTensor::of(entry), bit_linear && is_bit_linear(entry.name)});
  return tensors;
}

void refuse_unknown(const std::vector<std::string>& names, const std::string& path, const Architecture& architecture) {
  if (names.empty()) return;
  constexpr std::size_t shown = 20;
  const std::span<const std::string> first(names.data(), std::min(names.size(), shown));
  fail(ErrorCode::invalid_file, "convert",
       "{}: {} tensors that {} does not have: {}{} (--keep-names converts tensor by tensor)", path, names.size(),
       architecture.huggingface_class, fmt::join(first, ", "), names.size() > shown ? ", …" : "");
}

ModelSource model_source(const Checkpoint& checkpoint, const std::string& tokenizer_path, bool in_blocks) {
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
  // Weights::check() found all experts of each.
  struct Stack {
    Stack(std::size_t at, std::int64_t count) : place(at), experts(static_cast<std::size_t>(count)) {}
    std::size_t place;  // in source.tensors
    std::vector<OutputTensor> experts;
  };
  std::map<std::string, Stack> stacks;
  for (const NamedTensor& entry : checkpoint.tensors) {
    const bool unused_head = config.tied_embeddings && entry.name == "lm_head.weight";
    if (entry.name.ends_with("rotary_emb.inv_freq") || unused_head || is_ignored(architecture, entry.name)) {
      source.dropped.push_back(entry.name);
      continue;
    }
    const auto known = gguf_name(architecture, entry.name);
    if (!known || known->expert >= config.experts) {
      unknown.push_back(entry.name);
      continue;
    }
    if (known->row->transform == Transform::stacked) {
      const auto [stack, first] = stacks.try_emplace(known->name, source.tensors.size(), config.experts);
      stack->second.experts.at(static_cast<std::size_t>(known->expert)) = OutputTensor::of(entry);
      if (first) source.tensors.emplace_back();
      continue;
    }
    const bool bit_linear = config.bit_linear != BitLinear::none && is_bit_linear(known->name);
    OutputTensor output = in_blocks ? in_blocks_of(entry) : OutputTensor::of(entry);
    output.name = known->name;
    const Transform transform = known->row->transform;
    source.tensors.push_back(
        {to_gguf_form(std::move(output), transform, config), bit_linear, transform == Transform::widened});
  }
  refuse_unknown(unknown, checkpoint.path, architecture);
  for (const auto& [name, stack] : stacks) source.tensors[stack.place].output = stacked(name, stack.experts);
  config.rope_layout = architecture.gguf_rope_layout;
  const RopeScaling& scaling = config.rope_scaling;
  const auto add_factors = [&](const char* name, const Tensor& factors) {
    source.tensors.push_back({OutputTensor::of(name, factors)});
  };
  if (scaling.kind == RopeScaling::Kind::llama3) add_factors("rope_freqs.weight", rope_factors(config));
  if (scaling.kind == RopeScaling::Kind::longrope) {
    add_factors("rope_factors_long.weight", astype(Tensor::from<double>(scaling.long_factors), DType::f32));
    add_factors("rope_factors_short.weight", astype(Tensor::from<double>(scaling.short_factors), DType::f32));
  }
  return source;
}

}  // namespace ingot
