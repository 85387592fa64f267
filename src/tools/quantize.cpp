#include <map>

#include "core/fail.h"
#include "quant/block_format.h"
#include "quant/i2_s.h"
#include "quant/ternary.h"
#include "tools/model_source.h"

namespace ingot {
namespace {

bool fits(Scheme scheme, const Shape& shape, Packing packing) {
  if (scheme != Scheme::i2_s) return shape.back() % info(scheme).block_elements == 0;
  if (packing == Packing::i2s_rows) return shape.back() % 128 == 0 && shape[shape.rank() - 2] % 4 == 0;
  return shape.back() % 128 == 0;
}

// llama-quantize's next choice where rows are not a multiple of the block.
std::optional<Scheme> narrower(Scheme scheme) {
  if (info(scheme).block_elements == 32) return {};
  switch (scheme) {
    case Scheme::q4_k: return Scheme::q5_0;
    case Scheme::q5_k: return Scheme::q5_1;
    case Scheme::q6_k: return Scheme::q8_0;
    default: return Scheme::q4_0;
  }
}

// What a matrix becomes: a scheme, or F16 (none) where no block fits its rows.
std::optional<Scheme> choose(const Shape& shape, const QuantizeOptions& options) {
  if (fits(options.type, shape, options.i2s_packing)) return options.type;
  const std::optional<Scheme> next = narrower(options.type);
  return next && fits(*next, shape, Packing::none) ? next : std::nullopt;
}

bool has_encoder(Scheme scheme) { return scheme == Scheme::i2_s || block_format(scheme).encode; }

Tensor encode(const Tensor& tensor, Scheme scheme, const QuantizeOptions& options, const std::string& name) {
  const Tensor plain = tensor.is_quantized() ? dequantize(tensor) : tensor;
  const Tensor encoded = quantize(plain, scheme, name);
  return scheme == Scheme::i2_s ? repack_i2s(encoded, options.i2s_packing) : encoded;
}

std::uint64_t encoded_bytes(const Shape& shape, Scheme scheme) {
  const SchemeInfo& s = info(scheme);
  const auto blocks = static_cast<std::uint64_t>(shape.numel() / s.block_elements);
  return blocks * static_cast<std::uint64_t>(s.block_bytes) + (scheme == Scheme::i2_s ? 32 : 0);
}

}  // namespace

std::vector<Scheme> quantize_types() {
  std::vector<Scheme> types;
  for (const Scheme scheme : {
#define INGOT_X(id, ...) Scheme::id,
           INGOT_SCHEMES(INGOT_X)
#undef INGOT_X
       })
    if (has_encoder(scheme)) types.push_back(scheme);
  return types;
}

OutputPlan plan_quantize(const Checkpoint& checkpoint, const QuantizeOptions& options, QuantizeReport& report) {
  if (!has_encoder(options.type))
    throw NotImplemented("quantize", fmt::format("encoding to {}", to_string(options.type)));
  OutputPlan plan;
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
  report.dropped = source.dropped;
  report.notes = source.notes;
  const bool master = source.config.bit_linear == BitLinear::master;
  std::map<std::string_view, int> again;  // tensors by the scheme they come from
  std::vector<std::string> records;
  for (SourceTensor& tensor : source.tensors) {
    OutputTensor output = std::move(tensor.output);
    report.elements += static_cast<std::uint64_t>(output.shape.numel());
    if (output.shape.rank() < 2 || !is_floating(output.dtype)) {
      if (is_floating(output.dtype)) output = converted(std::move(output), DType::f32);
      report.bytes += static_cast<std::uint64_t>(output.shape.numel() * bit_width(output.dtype) / 8);
      plan.tensors.push_back(std::move(output));
      continue;
    }
    if (tensor.bit_linear && master)
      output.make = [make = output.make, name = output.name] { return ternarize(make(), name); };
    const std::optional<Scheme> scheme = choose(output.shape, options);
    if (scheme != options.type) {
      const std::string used(scheme ? to_string(*scheme) : "F16");
      report.substitutions.push_back({output.name, std::string(to_string(options.type)), used,
                                      fmt::format("rows of {} elements", output.shape.back())});
      records.push_back(output.name + "=" + used);
    }
    const bool same = output.encoding && scheme == output.encoding->scheme() && scheme != Scheme::i2_s;
    if (output.encoding && !same) {
      require_decoder(output);
      ++again[to_string(output.encoding->scheme())];
    }
    if (!scheme) {
      output = converted(std::move(output), DType::f16);
      report.bytes += static_cast<std::uint64_t>(output.shape.numel()) * 2;
    } else {
      report.bytes += encoded_bytes(output.shape, *scheme);
      if (!same)
        output.make = [make = output.make, scheme = *scheme, options, name = output.name] {
          return encode(make(), scheme, options, name);
        };
      output.dtype = DType::f32;
      // The I2_S scale is known only when its turn comes; its place in the file does not depend on it.
      output.encoding = *scheme == Scheme::i2_s ? Encoding::i2_s(options.i2s_packing, 1) : Encoding::of(*scheme);
    }
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
  plan.metadata.set("general.file_type", gguf_file_type(options.type));
  plan.metadata.set("general.quantization_version", std::uint32_t{2});
  plan.metadata.erase("ingot.quantize.substitutions");
  if (!records.empty()) plan.metadata.set("ingot.quantize.substitutions", Array{std::move(records)});
  record_i2s_packing(plan);
  if (source.vocabulary) source.vocabulary->to_metadata(plan.metadata);
  return plan;
}

}  // namespace ingot
