// What writers share: checks of planned tensors, their rows, their distribution over shards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/output.h"
#include "ingot/checkpoint.h"

namespace ingot {

/// Every rule that holds for all formats: names unique, not empty, valid UTF-8, and without a NUL.
void check_plan(const OutputPlan& plan);

/// For formats that hold tensors alone. Throws invalid_argument naming `holder` and the first key.
void require_no_metadata(const OutputPlan& plan, std::string_view holder);

/// Consecutive tensors for each shard, at most `limit` bytes together unless one alone is larger; 0: all in one.
std::vector<std::vector<const OutputTensor*>> distribute(const std::vector<const OutputTensor*>& tensors,
                                                         std::uint64_t limit);

/// Of the tensor seen as (product of all axes but the last, last axis).
struct RowLayout {
  std::int64_t rows, columns;
  std::int64_t unit;  // rows between two places where ranges may begin
};
RowLayout row_layout(const OutputTensor& tensor);

/// "model-00001-of-00003.gguf": what GGUF and SafeTensors call a shard (counted from one).
std::string shard_name(std::string_view stem, std::size_t number, std::size_t count, std::string_view suffix);

}  // namespace ingot
