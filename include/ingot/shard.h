// The weights of a model in another number of files.
#pragma once

#include "ingot/tools.h"

namespace [[gnu::visibility("default")]] ingot {

struct ShardOptions {
  /// One of the two: at most so many bytes of tensors in each file (a larger tensor has a file to itself), or so many
  /// files at most, the largest of them as small as their order allows. Neither: one file.
  std::uint64_t max_bytes = 0;
  std::int64_t count = 0;
};

/// The checkpoint's tensors as they are, in its own format (GGUF, SafeTensors, a Hugging Face directory, PyTorch), in
/// other files. Throws invalid_argument for more files than tensors.
OutputPlan plan_shard(const Checkpoint& checkpoint, const ShardOptions& options);
/// The format plan_shard() writes. Throws NotImplemented for formats that come in one file only.
std::string shard_format(const Checkpoint& checkpoint);

}  // namespace ingot
