// What two checkpoints differ in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/tools.h"

namespace [[gnu::visibility("default")]] ingot {

/// b against a, in double, encoded elements decoded.
struct Difference {
  std::int64_t elements = 0, unequal = 0;  // NaN equals NaN; integers of 64 bits are compared exactly
  double maximum = 0;   // of |a − b|; infinite where one alone is NaN, or they differ and one is infinite
  double relative = 0;  // ‖a − b‖ / ‖a‖; 0 where they are equal, infinite where only a is zero
  double cosine = 1;    // of the angle between them; 1 for two zeros, 0 for one

  /// 10 log₁₀ (‖a‖² / ‖a − b‖²), in dB.
  double signal_to_noise() const noexcept;
};

/// Of two tensors of one shape, in pieces. The same bits for any number of threads. Throws shape_mismatch naming both,
/// NotImplemented for a scheme that is only carried.
Difference compare(const OutputTensor& a, const OutputTensor& b);

struct TensorDiff {
  std::string name;
  /// What the elements are held as, and the shape; none where the tensor is in the other file only.
  struct Side {
    std::string held_as;
    Shape shape;
    bool operator==(const Side&) const = default;
  };
  std::optional<Side> a, b;
  std::optional<Difference> values;  // where both are there with one shape
};

struct DiffReport {
  std::vector<TensorDiff> tensors;  // in a's order, then those of b alone
  std::vector<std::string> notes;

  /// Whether all tensors are in both with one shape, and either are held alike with equal elements, or have a relative
  /// error of at most `tolerance`.
  bool same(std::optional<double> tolerance = {}) const noexcept;
};

/// Compares tensors of one name. Where one is a GGUF file and the other a model under Hugging Face's names, GGUF's
/// names and order of rows are used for both.
DiffReport diff(const Checkpoint& a, const Checkpoint& b, const Progress& progress = {});

}  // namespace ingot
