#include <algorithm>

#include "core/fail.h"
#include "models/config.h"
#include "quant/mlx_blocks.h"
#include "tools/mlx.h"
#include "tools/model_source.h"
#include "tools/recipes.h"

namespace ingot {
namespace {

bool is_matrix(const OutputTensor& tensor) { return tensor.shape.rank() >= 2; }

void require_float(DType dtype) {
  if (!is_floating(dtype) || bit_width(dtype) < 16)
    fail(ErrorCode::invalid_argument, "convert", "dtype {}: f16, bf16, f32 and f64 are possible", to_string(dtype));
}

// Formats that keep a model's tensors under Hugging Face's names, or under whatever names they have.
bool keeps_names(std::string_view format) {
  constexpr std::string_view all[] = {"safetensors", "huggingface", "mlx", "pytorch", "npz", "npy"};
  return std::find(std::begin(all), std::end(all), format) != std::end(all);
}

// Directories with configuration and tokenizer.
bool is_directory(std::string_view format) { return format == "huggingface" || format == "mlx"; }

// SafeTensors' metadata are texts, PyTorch's and NumPy's files have none.
void fit_metadata(OutputPlan& plan, const ConvertOptions& options, ConversionReport& report) {
  if (options.to == "gguf" || options.to == "mlx") return;
  Metadata fitting;
  for (const auto& [key, value] : plan.metadata) {
    if (options.to == "safetensors" || options.to == "huggingface")
      fitting.set(key, std::visit(
                           []<class T>(const T& v) {
                             if constexpr (std::is_same_v<T, Array>)
                               return describe(v);
                             else
                               return fmt::format("{}", v);
                           },
                           value));
    else if (key != "format")  // of SafeTensors: "pt"
      report.notes.push_back(fmt::format("metadata not written, {} holds tensors alone: {}", options.to, key));
  }
  plan.metadata = std::move(fitting);
}

// Whether a composite goes into a directory as it came out of one: where its values stay, and always where they are
// ternary, since config.json has no other way to say what BitNet's layers compute with. Only MLX reads its own.
bool keeps_parts(const NamedTensor& entry, const ConvertOptions& options) {
  const std::string_view scheme = entry.composite->scheme;
  if (!is_directory(options.to) || (scheme.starts_with("mlx") && options.to != "mlx")) return false;
  return (!options.dtype && !options.mlx) || scheme.starts_with("bitnet");
}

// What quantized weights become before they are quantized anew: no more than f16 holds was ever in them.
DType decoded_dtype(const ConvertOptions& options) {
  return options.dtype.value_or(options.mlx ? DType::f16 : DType::f32);
}

// Whether blocks stay what they are, in MLX's form.
bool keeps_blocks(const OutputTensor& tensor, const ConvertOptions& options) {
  return options.to == "mlx" && !options.dtype && !options.mlx && tensor.encoding &&
         mlx_scheme_of(tensor.encoding->scheme());
}

// Names, metadata and documents stay; only floating matrices change their dtype.
OutputPlan recast(const Checkpoint& checkpoint, const ConvertOptions& options, ConversionReport& report) {
  OutputPlan plan{.metadata = checkpoint.metadata, .documents = checkpoint.documents};
  plan.documents.erase("model.safetensors.index.json");  // the writer makes its own
  bool decoded = false;
  for (const NamedTensor& entry : checkpoint.tensors) {
    if (entry.composite && keeps_parts(entry, options)) {
      for (const NamedTensor& part : entry.composite->parts) plan.tensors.push_back(OutputTensor::of(part));
      continue;
    }
    decoded |= entry.composite != nullptr;
    OutputTensor output = OutputTensor::of(entry);
    const bool convertible = is_floating(entry.dtype());
    // GGUF keeps vectors in F32 whatever the matrices are.
    if (options.dtype && convertible && (is_matrix(output) || options.to != "gguf"))
      output = converted(std::move(output), *options.dtype, &report.roundings);
    else if (options.mlx && entry.composite && entry.dtype() == DType::f32)
      output = converted(std::move(output), decoded_dtype(options), &report.roundings);
    else if (output.encoding && options.to != "gguf" && info(output.encoding->scheme()).ggml_type >= 0)
      output = converted(std::move(output), DType::f32, &report.roundings);
    plan.tensors.push_back(std::move(output));
  }
  if (options.to == "gguf" && options.dtype) {
    plan.metadata.set("general.file_type", gguf_file_type(*options.dtype));
    plan.metadata.erase("ingot.quantize.substitutions");
  }
  if (auto config = plan.documents.find("config.json"); config != plan.documents.end() && (options.dtype || decoded))
    config->second =
        config_json_with_dtype(config->second, decoded_dtype(options), decoded, checkpoint.path + "/config.json");
  return plan;
}

OutputPlan to_gguf(ModelSource source, const Checkpoint& checkpoint, const ConvertOptions& options,
                   ConversionReport& report) {
  OutputPlan plan;
  if (checkpoint.format == "gguf") plan.metadata = checkpoint.metadata;
  source.config.to_metadata(plan.metadata);
  DType widest = DType::f16;
  const Recipe* blocks = nullptr;  // those of the matrices, if any
  for (SourceTensor& tensor : source.tensors) {
    OutputTensor& output = tensor.output;
    if (output.encoding && is_matrix(output)) blocks = recipe_named(to_string(output.encoding->scheme()));
    if (is_floating(output.dtype) && !output.encoding) {
      if (!is_matrix(output) || tensor.widened)
        output = converted(std::move(output), DType::f32, &report.roundings);
      else if (options.dtype)
        output = converted(std::move(output), *options.dtype, &report.roundings);
      if (is_matrix(output) && !tensor.widened && (widest == DType::f16 || output.dtype == DType::f32))
        widest = output.dtype;
    }
    plan.tensors.push_back(std::move(output));
  }
  plan.metadata.set("general.file_type", blocks ? blocks->file_type : gguf_file_type(widest));
  if (source.vocabulary) source.vocabulary->to_metadata(plan.metadata);
  return plan;
}

OutputPlan to_huggingface(ModelSource source, const std::string& path, const ConvertOptions& options,
                          ConversionReport& report) {
  OutputPlan plan;
  ModelConfig& config = source.config;
  if (config.rope_factors.defined())
    throw NotImplemented("convert", "rope_freqs.weight without the parameters that config.json wants");
  const Architecture& architecture = architecture_of(config);
  const DType vectors = options.dtype.value_or(config.dtype.value_or(DType::f32));
  DType matrices = vectors;
  std::vector<std::string> unknown;
  for (SourceTensor& tensor : source.tensors) {
    OutputTensor output = std::move(tensor.output);
    if (output.name.starts_with("rope_f")) continue;  // config.json says it
    const auto known = huggingface_name(architecture, output.name);
    if (!known) {
      unknown.push_back(output.name);
      continue;
    }
    output.name = known->name;
    if (tensor.bit_linear && config.bit_linear == BitLinear::ternary) {
      for (OutputTensor& part : packed_bitnet(output)) plan.tensors.push_back(std::move(part));
      continue;
    }
    const Transform transform = known->row->transform;
    // Biases of transposed layers are vectors like others.
    const bool widened = !is_matrix(output) || transform == Transform::widened;
    const bool was_encoded = static_cast<bool>(output.encoding);
    const bool keeps = keeps_blocks(output, options) && transform != Transform::transposed;
    if (was_encoded && !widened && !keeps)
      output = converted(std::move(output), decoded_dtype(options), &report.roundings);
    output = to_huggingface_form(std::move(output), transform, config);
    // Columns of what is decoded row by row are wanted all at once.
    if (was_encoded && transform == Transform::transposed) output.row_unit = output.shape[0];
    if (widened)
      output = converted(std::move(output), vectors, &report.roundings);
    else if (options.dtype && !was_encoded)
      output = converted(std::move(output), *options.dtype, &report.roundings);
    if (!widened) matrices = output.dtype;
    if (transform == Transform::stacked)
      for (std::int64_t i = 0; i < output.shape[0]; ++i)
        plan.tensors.push_back(expert_of(output, i, expert_name(output.name, i)));
    else
      plan.tensors.push_back(std::move(output));
  }
  refuse_unknown(unknown, path, architecture);
  plan.metadata.set("format", std::string("pt"));
  if (!is_directory(options.to)) return plan;
  plan.documents["config.json"] = config.to_huggingface(source.vocabulary.value_or(Vocabulary{}), matrices);
  for (auto& [file, text] : sentence_transformers_documents(config)) plan.documents[file] = std::move(text);
  if (source.vocabulary)
    for (auto& [file, text] : source.vocabulary->to_huggingface()) plan.documents[file] = std::move(text);
  return plan;
}

ModelSource understood(const Checkpoint& checkpoint, const std::string& tokenizer, bool in_blocks) {
  try {
    return model_source(checkpoint, tokenizer, in_blocks);
  } catch (const NotImplemented& error) {
    throw NotImplemented("convert", error.message() + " (--keep-names converts tensor by tensor)");
  }
}

}  // namespace

OutputPlan plan_convert(const Checkpoint& checkpoint, const ConvertOptions& options, ConversionReport& report) {
  if (options.dtype) require_float(*options.dtype);
  const bool from_gguf = checkpoint.format == "gguf", to_gguf_file = options.to == "gguf";
  OutputPlan plan;
  if (options.keep_names || (from_gguf && to_gguf_file) || (keeps_names(checkpoint.format) && !to_gguf_file)) {
    plan = recast(checkpoint, options, report);
    if (!is_directory(options.to))
      plan.documents.clear();
    else if (!plan.documents.contains("config.json"))
      fail(ErrorCode::not_found, "convert", "{} has no config.json to write beside the weights", checkpoint.path);
  } else {
    ModelSource source = understood(checkpoint, options.tokenizer, to_gguf_file && !options.dtype);
    report.dropped = source.dropped;
    report.notes = source.notes;
    plan = to_gguf_file ? to_gguf(std::move(source), checkpoint, options, report)
                        : to_huggingface(std::move(source), checkpoint.path, options, report);
  }
  if (to_gguf_file) record_i2s_packing(plan);
  if (options.to == "mlx") finish_mlx(plan, options, checkpoint.path, report);
  fit_metadata(plan, options, report);
  plan.max_shard_bytes = options.max_shard_bytes;
  plan.sources = checkpoint.sources;
  return plan;
}

}  // namespace ingot
