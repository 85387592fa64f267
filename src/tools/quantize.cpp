#include <map>

#include "core/fail.h"
#include "tools/quantize_types.h"

namespace ingot {
namespace {

bool is_ternary(Scheme scheme) { return scheme == Scheme::tq1_0 || scheme == Scheme::tq2_0 || scheme == Scheme::i2_s; }

std::uint64_t encoded_bytes(const Shape& shape, Scheme scheme) {
  const SchemeInfo& s = info(scheme);
  const auto blocks = static_cast<std::uint64_t>(shape.numel() / s.block_elements);
  return blocks * static_cast<std::uint64_t>(s.block_bytes) + (scheme == Scheme::i2_s ? 32 : 0);
}

}  // namespace

OutputPlan plan_quantize(const Checkpoint& checkpoint, const QuantizeOptions& options, QuantizeReport& report) {
  const QuantizeTarget target(options);
  OutputPlan plan;
  plan.sources = checkpoint.sources;
  ModelSource source;
  // From GGUF to GGUF neither model nor vocabulary needs to be understood: the keys stay.
  const bool from_gguf = checkpoint.format == "gguf";
  if (from_gguf) {
    plan.metadata = checkpoint.metadata;
    if (plan.metadata.boolean("ingot.bitnet.master_weights", false)) source.config.bit_linear = BitLinear::master;
    source.tensors = stored_tensors(checkpoint, source.config.bit_linear == BitLinear::master);
  } else {
    source = model_source(checkpoint, options.tokenizer);
  }
  if (!from_gguf) source.config.to_metadata(plan.metadata);
  const std::vector<Decision> decisions = decide_types(source.tensors, plan.metadata, target, options);
  report.dropped = source.dropped;
  report.notes = source.notes;
  const bool master = source.config.bit_linear == BitLinear::master;
  std::map<std::string_view, int> again;  // tensors by the scheme they come from
  std::vector<std::string> records;
  for (std::size_t i = 0; i < source.tensors.size(); ++i) {
    SourceTensor& tensor = source.tensors[i];
    OutputTensor output = std::move(tensor.output);
    report.elements += static_cast<std::uint64_t>(output.shape.numel());
    const auto& [type, substitution] = decisions[i];
    if (substitution) {
      report.substitutions.push_back(*substitution);
      records.push_back(output.name + "=" + substitution->used);
    }
    if (type && tensor.bit_linear && master) output = ternarized(std::move(output));
    const Scheme* scheme = type ? std::get_if<Scheme>(&*type) : nullptr;
    const bool same = scheme && output.encoding && *scheme == output.encoding->scheme() && *scheme != Scheme::i2_s;
    if (type && output.encoding && !same) {
      require_decoder(output);
      const bool repacked = scheme && is_ternary(*scheme) && is_ternary(output.encoding->scheme());
      if (!options.allow_requantize && !repacked)
        fail(ErrorCode::invalid_argument, "quantize",
             "tensor '{}' is {} already, and would be quantized again to {}: that loses more than quantizing the "
             "original (--allow-requantize to do it all the same)",
             output.name, to_string(output.encoding->scheme()), scheme ? to_string(*scheme) : "a float");
      ++again[to_string(output.encoding->scheme())];
    }
    if (scheme && !same) {
      output = encoded(std::move(output), *scheme, options.i2s_packing);
    } else if (type && !scheme) {
      output = converted(std::move(output), std::get<DType>(*type));
    } else if (!type && output.shape.rank() < 2 && is_floating(output.dtype)) {
      output = converted(std::move(output), DType::f32);
    }
    report.bytes += output.encoding ? encoded_bytes(output.shape, output.encoding->scheme())
                                    : static_cast<std::uint64_t>(output.shape.numel() * bit_width(output.dtype) / 8);
    plan.tensors.push_back(std::move(output));
  }
  for (const auto& [from, count] : again)
    report.notes.push_back(fmt::format("{} tensors are quantized again, from {}", count, from));
  if (master) {
    source.config.bit_linear = BitLinear::ternary;
    plan.metadata.erase("ingot.bitnet.master_weights");
    report.notes.emplace_back("the linear layers' master weights were ternarized (absmean) first");
  }
  if (!from_gguf) source.config.to_metadata(plan.metadata);
  plan.metadata.set("general.file_type", target.file_type);
  plan.metadata.set("general.quantization_version", std::uint32_t{2});
  plan.metadata.erase("ingot.quantize.substitutions");
  if (!records.empty()) plan.metadata.set("ingot.quantize.substitutions", Array{std::move(records)});
  record_i2s_packing(plan);
  if (source.vocabulary) source.vocabulary->to_metadata(plan.metadata);
  return plan;
}

}  // namespace ingot
