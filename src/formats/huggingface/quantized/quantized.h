// Quantized checkpoints of other tools: what `quantization_config` of config.json says, and the tensors that one weight
// is held in, become composites. One file for each scheme.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parallel.h"
#include "ingot/checkpoint.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/manipulation.h"

namespace ingot::huggingface {

/// Replaces the tensors of weights that config.json's `quantization_config` names a scheme of by composites, each at
/// the place of its first part. Nothing changes without a `quant_method`. Throws invalid_file naming the tensor, what
/// was found and what was expected; NotImplemented naming a method or a setting that is not built.
void assemble_quantized(Checkpoint& checkpoint);

namespace quantized {

/// One way of quantizing weights that a configuration allows: codes, and the grid of their scales.
struct WeightRule {
  bool is_float = false;  // 8-bit floats, else integers
  int bits = 8;
  enum class Grid : std::uint8_t { tensor, channel, group, block } grid = Grid::tensor;
  std::int64_t block_rows = 1, block_columns = 1;  // of group (1, group size) and block
};

/// `quantization_config`, as far as a scheme's reader asks.
struct Config {
  std::string where;              // "DIR/config.json: quantization_config"
  std::string method;             // "quant_method"
  DType dtype = DType::bf16;      // the model's, by "torch_dtype" or "dtype"
  int bits = 4;                   // gptq, awq
  std::int64_t group_size = 128;  // gptq, awq: inputs that share a scale; -1: all
  bool act_order = false;         // gptq: groups follow the order of quantization
  bool whole_zeros = false;       // gptq: zero points are stored as they are, not less one
  bool mixed = false;             // gptq: modules have settings of their own
  std::vector<WeightRule> rules;  // compressed-tensors, fp8: what a weight may be held by
  bool scale_multiplies = false;  // bitnet: weights are t · weight_scale, not t / weight_scale
  bool master_weights = false;    // bitnet: nothing is packed
};

/// Parses it. None where config.json has none, or one without "quant_method" (MLX's).
std::optional<Config> read_config(const Checkpoint& checkpoint);

/// The JSON that bitsandbytes keeps in a tensor beside 4-bit weights.
struct FourBitState {
  std::string type;  // "nf4", "fp4"
  Shape shape;
  DType dtype = DType::f32;
  std::int64_t block_size = 0, nested_block_size = 0;  // nested: 0 where absmax is not quantized itself
  float nested_offset = 0;
};

/// `where` is what errors call the tensor. Throws invalid_file.
FourBitState parse_state(std::string_view text, const std::string& where);

/// A checkpoint's tensors with the checks that every scheme needs.
class Tensors {
 public:
  Tensors(const Checkpoint& checkpoint, const Config& config) : checkpoint_(checkpoint), config_(config) {}

  const Config& config() const noexcept { return config_; }

  /// Null where absent.
  const NamedTensor* find(const std::string& name) const noexcept { return checkpoint_.find(name); }
  /// Throws invalid_file where there is none: `first` is the part that wants it.
  const NamedTensor& need(const std::string& name, const NamedTensor& first) const;
  /// Throws invalid_file unless the part is plain, row-major, of one of these dtypes and of this shape.
  void check(const NamedTensor& part, std::initializer_list<DType> dtypes, const Shape& shape) const;
  /// The same for any shape of `rank` dimensions.
  void check_rank(const NamedTensor& part, std::initializer_list<DType> dtypes, int rank) const;
  /// Throws invalid_file: "PATH: tensor 'NAME': WHAT".
  [[noreturn]] void reject(const NamedTensor& part, std::string_view what) const;

 private:
  void check_plain(const NamedTensor& part, std::initializer_list<DType> dtypes) const;
  const Checkpoint& checkpoint_;
  const Config& config_;
};

/// The weight that begins with the part `first`; none where no weight does. Called for every tensor in file order.
using Reader = std::optional<NamedTensor> (*)(const Tensors& tensors, const NamedTensor& first);

std::optional<NamedTensor> read_awq(const Tensors& tensors, const NamedTensor& first);
std::optional<NamedTensor> read_bitnet(const Tensors& tensors, const NamedTensor& first);
std::optional<NamedTensor> read_bitsandbytes(const Tensors& tensors, const NamedTensor& first);
std::optional<NamedTensor> read_compressed(const Tensors& tensors, const NamedTensor& first);
std::optional<NamedTensor> read_fp8(const Tensors& tensors, const NamedTensor& first);
std::optional<NamedTensor> read_gptq(const Tensors& tensors, const NamedTensor& first);

/// "model.layers.0.mlp.up_proj" of "model.layers.0.mlp.up_proj.qweight"; none for a name that ends otherwise.
std::optional<std::string> stem_of(std::string_view name, std::string_view suffix);

/// "gptq 4-bit, group 128"; "…, per channel" for a group of -1.
std::string scheme_text(std::string_view method, int bits, std::int64_t group_size);

/// A list of groups (g_idx) as numbers below `groups`; throws invalid_file for any other.
std::shared_ptr<const std::vector<std::int32_t>> listed_groups(const Tensors& tensors, const NamedTensor& list,
                                                               std::int64_t groups);

/// A weight made of `composite`.
NamedTensor composed(std::string name, Composite composite);

/// Rows first … last of a matrix of `columns` columns as `dtype`: `decode(begin, end, out)` writes rows begin … end as
/// f32, which are rounded once. Ranges have `grain` rows and are decoded on several threads.
template <class Decode>
Tensor decoded_rows(std::int64_t first, std::int64_t last, std::int64_t columns, DType dtype, std::int64_t grain,
                    Decode&& decode) {
  const Tensor out = Tensor::empty({last - first, columns}, DType::f32);
  auto* values = out.mutable_data<float>();
  if (columns == 0) return astype(out, dtype);  // of which a file can claim any number of rows
  parallel_for(last - first, grain, [&](std::int64_t begin, std::int64_t end) {
    decode(first + begin, first + end, values + begin * columns);
  });
  return dtype == DType::f32 ? out : astype(out, dtype);
}

}  // namespace quantized
}  // namespace ingot::huggingface
