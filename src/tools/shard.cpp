#include "ingot/shard.h"

#include <algorithm>

#include "core/fail.h"
#include "formats/plan.h"

namespace ingot {
namespace {

// The least limit under which tensors, taken in their order, fill at most `count` files.
std::uint64_t limit_for(const std::vector<const OutputTensor*>& tensors, std::size_t count) {
  std::uint64_t low = 1, high = 1;
  for (const OutputTensor* tensor : tensors) {
    low = std::max(low, tensor->nbytes());
    high += tensor->nbytes();
  }
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (distribute(tensors, middle).size() <= count)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace

std::string shard_format(const Checkpoint& checkpoint) {
  if (checkpoint.format == "mlx") return "mlx";  // its parts stay as they are
  if (checkpoint.documents.contains("config.json")) return "huggingface";
  if (checkpoint.format == "gguf" || checkpoint.format == "safetensors" || checkpoint.format == "pytorch")
    return std::string(checkpoint.format);
  throw NotImplemented("shard", fmt::format("{}: {} files in shards", checkpoint.path, checkpoint.format));
}

OutputPlan plan_shard(const Checkpoint& checkpoint, const ShardOptions& options) {
  const auto tensors = static_cast<std::int64_t>(checkpoint.tensors.size());
  if (options.count < 0 || (options.count != 0 && options.max_bytes != 0))
    fail(ErrorCode::invalid_argument, "shard", "{} files of at most {} bytes: one of the two is expected",
         options.count, options.max_bytes);
  if (options.count > std::max<std::int64_t>(tensors, 1))
    fail(ErrorCode::invalid_argument, "shard", "{} files for the {} tensors of {}", options.count, tensors,
         checkpoint.path);
  ConversionReport unused;
  OutputPlan plan =
      plan_convert(checkpoint, {.to = shard_format(checkpoint), .max_shard_bytes = options.max_bytes}, unused);
  if (options.count > 0) {
    std::vector<const OutputTensor*> pointers;
    for (const OutputTensor& tensor : plan.tensors) pointers.push_back(&tensor);
    plan.max_shard_bytes = limit_for(pointers, static_cast<std::size_t>(options.count));
  }
  return plan;
}

}  // namespace ingot
