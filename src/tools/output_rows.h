// Output tensors made from others, by tiles of rows.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ingot/tools.h"

namespace ingot {

/// What all rows of a tensor share (a scale), computed when it is first asked for.
template <class T>
class Shared {
 public:
  explicit Shared(std::function<T()> compute) : state_(std::make_shared<State>()) {
    state_->compute = std::move(compute);
  }
  const T& get() const {
    std::call_once(state_->once, [this] { state_->value = state_->compute(); });
    return *state_->value;
  }

 private:
  struct State {
    std::once_flag once;
    std::function<T()> compute;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

/// Calls f(first, rows) with all rows in their order, some at a time.
void for_rows(const OutputTensor& source, const std::function<void(std::int64_t, const Tensor&)>& f);

/// `source` converted to a plain dtype; decoded first where encoded. Throws NotImplemented naming a tensor whose scheme
/// has no decoder, before any work is done. Where elements may be rounded `roundings`, if given, gets an entry.
OutputTensor converted(OutputTensor source, DType dtype,
                       std::vector<std::shared_ptr<const Rounding>>* roundings = nullptr);
void require_decoder(const OutputTensor& source);

/// `source` in a scheme that has an encoder; decoded first where encoded. I2_S in `packing`. `importance`: of its
/// columns, as ImportanceMatrix::of gives it, or undefined.
OutputTensor encoded(OutputTensor source, Scheme scheme, Packing packing, const Tensor& importance = {});

/// Of rows first … last − 1 of the `rows` of a tensor: (k) where all of them share it, else (last − first, k).
Tensor importance_of_rows(const Tensor& importance, std::int64_t rows, std::int64_t first, std::int64_t last);

/// BitNet's master weight as f32 t / s: what the model computes with (quant/ternary.h).
OutputTensor ternarized(OutputTensor source);

/// Rows of a q or k weight (heads·D, …) from Hugging Face's order of a head's rotary pairs (i, i + D/2) to Meta's
/// (2i, 2i + 1), and back. Plain, or in blocks.
OutputTensor to_interleaved(OutputTensor source, std::int64_t heads);
OutputTensor to_half_split(OutputTensor source, std::int64_t heads);

/// A matrix as (columns, rows), of plain elements that can be viewed; anything else as it is.
OutputTensor transposed(OutputTensor source);

/// Matrices of one shape as (experts, rows, columns), decoded where encoded, in the dtype of the first; and one of such
/// a stack.
OutputTensor stacked(std::string name, const std::vector<OutputTensor>& experts);
OutputTensor expert_of(const OutputTensor& stack, std::int64_t expert, std::string name);

/// Codes and scale of a ternary weight in Hugging Face's packed layout (quant/ternary.h), under the weight's name and
/// that name with "_scale" behind it. Throws invalid_argument where the rows are no multiple of 4.
std::array<OutputTensor, 2> packed_bitnet(const OutputTensor& weight);

}  // namespace ingot
