#include "formats/huggingface/huggingface.h"
#include "formats/mlx/mlx.h"

namespace ingot::mlx {
namespace {

// Codes count for what they stand for; scales and biases do not.
std::uint64_t parameters_of(const OutputTensor& tensor, const std::optional<Quantization>& quantization) {
  const auto elements = static_cast<std::uint64_t>(tensor.shape.numel());
  if (!quantization) return elements;
  if (tensor.name.ends_with(".scales") || tensor.name.ends_with(".biases")) return 0;
  if (tensor.dtype != DType::u32) return elements;
  const std::string stem = tensor.name.substr(0, tensor.name.rfind('.'));
  const auto module = quantization->modules.find(stem);
  const bool named = module != quantization->modules.end() && module->second;
  return elements * 32 / static_cast<std::uint64_t>(named ? module->second->bits : quantization->scheme.bits);
}

}  // namespace

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  const auto config = plan.documents.find("config.json");
  const auto quantization =
      config == plan.documents.end() ? std::nullopt : read_quantization(config->second, path + "/config.json");
  std::uint64_t parameters = 0;
  for (const OutputTensor& tensor : plan.tensors) parameters += parameters_of(tensor, quantization);
  huggingface::write_with_index(path, plan, options, parameters);
}

}  // namespace ingot::mlx
