#include <algorithm>
#include <map>

#include "core/fail.h"
#include "tools/bit_budget.h"
#include "tools/output_rows.h"
#include "tools/recipes.h"

namespace ingot {
namespace {

bool is_ternary(Scheme scheme) { return scheme == Scheme::tq1_0 || scheme == Scheme::tq2_0 || scheme == Scheme::i2_s; }

// What is written of `source` where `type` was decided. `importance` of its columns may be undefined.
OutputTensor as_decided(OutputTensor source, const std::optional<TensorType>& type, Packing packing,
                        const Tensor& importance) {
  const Scheme* scheme = type ? std::get_if<Scheme>(&*type) : nullptr;
  const bool same = scheme && source.encoding && *scheme == source.encoding->scheme() && *scheme != Scheme::i2_s;
  if (same) return source;
  if (scheme) return encoded(std::move(source), *scheme, packing, importance);
  if (type) return converted(std::move(source), std::get<DType>(*type));
  return source.shape.rank() < 2 && is_floating(source.dtype) ? converted(std::move(source), DType::f32) : source;
}

[[noreturn]] void refuse_again(const OutputTensor& tensor, std::string_view to) {
  fail(ErrorCode::invalid_argument, "quantize",
       "tensor '{}' is {} already, and would be quantized again to {}: that loses more than quantizing the original "
       "(--allow-requantize to do it all the same)",
       tensor.name, tensor.held_as(), to);
}

Tensor importance_of(const QuantizeOptions& options, const OutputTensor& tensor) {
  return options.importance ? options.importance->of(tensor.name, tensor.shape) : Tensor();
}

std::vector<Decision> decide_by_errors(const std::vector<SourceTensor>& tensors, const QuantizeOptions& options,
                                       QuantizeReport& report) {
  auto [decisions, open, has_output] = fixed_types(tensors, options);
  std::vector<bool> measured(tensors.size());
  for (const std::size_t i : open) {
    measured[i] = true;
    require_decoder(tensors[i].output);
    if (tensors[i].output.encoding && !options.allow_requantize) refuse_again(tensors[i].output, "another type");
    importance_of(options, tensors[i].output);  // its shape is checked before any work
  }
  std::uint64_t elements = 0, others = 0, total = 0, done = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const OutputTensor& tensor = tensors[i].output;
    const auto n = static_cast<std::uint64_t>(tensor.shape.numel());
    elements += n;
    if (measured[i])
      total += n;
    else
      others += as_decided(tensor, decisions[i].type, options.i2s_packing, {}).nbytes();
  }
  const auto budget = static_cast<std::uint64_t>(options.bits * static_cast<double>(elements) / 8);
  if (others > budget)
    fail(ErrorCode::invalid_argument, "quantize", "{} bits allow {} bytes: tensors whose types are given take {}",
         options.bits, budget, others);
  std::vector<std::vector<Candidate>> candidates;
  std::vector<double> weights;
  for (const std::size_t i : open) {
    const OutputTensor& tensor = tensors[i].output;
    candidates.push_back(measure_candidates(tensor, importance_of(options, tensor)));
    // All products count alike; the embedding that is the head too is used twice.
    weights.push_back(tensor.name == "token_embd.weight" && !has_output ? 2 : 1);
    done += static_cast<std::uint64_t>(tensor.shape.numel());
    if (options.measuring) options.measuring(done, total);
  }
  const std::vector<std::size_t> chosen = choose_within(candidates, weights, budget - others);
  for (std::size_t k = 0; k < open.size(); ++k) {
    const OutputTensor& tensor = tensors[open[k]].output;
    const Candidate& choice = candidates[k][chosen[k]];
    decisions[open[k]].type = choice.type;
    report.choices.push_back({tensor.name, name_of(choice.type),
                              8 * static_cast<double>(choice.bytes) / static_cast<double>(tensor.shape.numel()),
                              choice.error});
  }
  return decisions;
}

// general.file_type of a mixture: of the recipe whose scheme holds the most elements.
std::uint32_t commonest_file_type(const OutputPlan& plan) {
  std::map<std::uint32_t, std::int64_t> elements;
  for (const OutputTensor& tensor : plan.tensors) {
    if (tensor.shape.rank() < 2) continue;
    std::uint32_t type = gguf_file_type(tensor.dtype);
    if (tensor.encoding)
      for (const Recipe& recipe : recipes())
        if (recipe.base == tensor.encoding->scheme()) type = recipe.file_type;
    elements[type] += tensor.shape.numel();
  }
  return elements.empty() ? 0 : std::ranges::max_element(elements, {}, [](const auto& e) { return e.second; })->first;
}

void record_importance(Metadata& metadata, const QuantizeOptions& options) {
  for (const char* key : {"file", "dataset", "entries_count", "chunks_count"})
    metadata.erase(fmt::format("quantize.imatrix.{}", key));
  if (!options.importance) return;
  const ImportanceMatrix& matrix = *options.importance;
  metadata.set("quantize.imatrix.file", options.importance_file);
  if (!matrix.datasets.empty()) metadata.set("quantize.imatrix.dataset", matrix.datasets[0]);
  metadata.set("quantize.imatrix.entries_count", static_cast<std::uint32_t>(matrix.weights.size()));
  metadata.set("quantize.imatrix.chunks_count", matrix.chunks);
}

}  // namespace

OutputPlan plan_quantize(const Checkpoint& checkpoint, const QuantizeOptions& options, QuantizeReport& report) {
  const std::optional<QuantizeTarget> target = options.bits > 0 ? std::nullopt : std::optional<QuantizeTarget>(options);
  if (!(options.bits >= 0 && options.bits <= 32))
    fail(ErrorCode::invalid_argument, "quantize", "{} bits: a number up to 32 was expected", options.bits);
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
  const bool master = source.config.bit_linear == BitLinear::master;
  for (SourceTensor& tensor : source.tensors)
    if (tensor.bit_linear && master) tensor.output = ternarized(std::move(tensor.output));
  const std::vector<Decision> decisions = target ? decide_types(source.tensors, plan.metadata, *target, options)
                                                 : decide_by_errors(source.tensors, options, report);
  report.dropped = source.dropped;
  report.notes = source.notes;
  std::size_t unknown = 0;                // to the importance matrix
  std::map<std::string_view, int> again;  // tensors by the scheme they come from
  std::vector<std::string> records;
  for (std::size_t i = 0; i < source.tensors.size(); ++i) {
    OutputTensor& output = source.tensors[i].output;
    report.elements += static_cast<std::uint64_t>(output.shape.numel());
    const auto& [type, substitution] = decisions[i];
    if (substitution) {
      report.substitutions.push_back(*substitution);
      records.push_back(output.name + "=" + substitution->used);
    }
    const Scheme* scheme = type ? std::get_if<Scheme>(&*type) : nullptr;
    const bool same = scheme && output.encoding && *scheme == output.encoding->scheme() && *scheme != Scheme::i2_s;
    if (type && output.encoding && !same) {
      require_decoder(output);
      const bool repacked = scheme && is_ternary(*scheme) && is_ternary(output.encoding->scheme());
      if (!options.allow_requantize && !repacked) refuse_again(output, scheme ? to_string(*scheme) : "a float");
      ++again[to_string(output.encoding->scheme())];
    }
    Tensor importance;
    if (scheme && options.importance) {
      importance = importance_of(options, output);
      unknown += importance.defined() ? 0 : 1;
    }
    report.sources.push_back(output);
    plan.tensors.push_back(as_decided(std::move(output), type, options.i2s_packing, importance));
    report.bytes += plan.tensors.back().nbytes();
  }
  if (unknown != 0)
    report.notes.push_back(fmt::format("{} quantized tensors are not in the importance matrix", unknown));
  for (const auto& [from, count] : again)
    report.notes.push_back(fmt::format("{} tensors are quantized again, from {}", count, from));
  if (master) {
    source.config.bit_linear = BitLinear::ternary;
    plan.metadata.erase("ingot.bitnet.master_weights");
    report.notes.emplace_back("the linear layers' master weights were ternarized (absmean) first");
  }
  if (!from_gguf) source.config.to_metadata(plan.metadata);
  plan.metadata.set("general.file_type", target ? target->file_type : commonest_file_type(plan));
  plan.metadata.set("general.quantization_version", std::uint32_t{2});
  plan.metadata.erase("ingot.quantize.substitutions");
  if (!records.empty()) plan.metadata.set("ingot.quantize.substitutions", Array{std::move(records)});
  record_importance(plan.metadata, options);
  record_i2s_packing(plan);
  if (source.vocabulary) source.vocabulary->to_metadata(plan.metadata);
  return plan;
}

}  // namespace ingot
