// What quantization did to a model, as a page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/diff.h"
#include "ingot/model.h"

namespace [[gnu::visibility("default")]] ingot {

struct QuantizedTensor {
  std::string name, from, to;  // what its elements were held as, and are
  Shape shape;
  double bits = 0;  // for an element
  Difference difference;
  TensorStats stats;  // of the quantized elements
};

/// The tensors of `result`, the file that the plan behind `report` was written to, against what they were made of.
std::vector<QuantizedTensor> quantization_quality(const QuantizeReport& report, const Checkpoint& result,
                                                  const Progress& progress = {});

struct QuantizationPage {
  std::string source, result;  // paths
  std::vector<QuantizedTensor> tensors;
  std::optional<PerplexityResult> before, after;
  std::string text;  // path of what the perplexities were measured on
};

/// One HTML file that needs no other: a table of the tensors with type, bits, relative error, signal-to-noise ratio and
/// histogram, and the perplexities where there are any.
void write_quantization_page(const std::string& path, const QuantizationPage& page, bool force = false);

}  // namespace ingot
