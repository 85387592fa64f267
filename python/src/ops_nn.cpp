// What networks are made of.
#include <string>
#include <string_view>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor rotated(const Tensor& x, const Tensor& positions, const Tensor& inverse_frequencies, std::string_view layout) {
  if (layout != "interleaved" && layout != "half_split")
    throw Error(ErrorCode::invalid_argument, "rope",
                "layout is 'interleaved' or 'half_split', found '" + std::string(layout) + "'");
  const RopeLayout order = layout == "interleaved" ? RopeLayout::interleaved : RopeLayout::half_split;
  return released([&] { return rope(x, positions, inverse_frequencies, order); });
}

Reduction to_reduction(std::string_view name) {
  if (name == "none") return Reduction::each;
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  throw Error(ErrorCode::invalid_argument, "cross_entropy",
              "reduction is 'mean', 'sum' or 'none', found '" + std::string(name) + "'");
}

// None: no tensor.
Tensor or_undefined(const std::optional<Tensor>& x) { return x.value_or(Tensor()); }

}  // namespace

void bind_nn(nb::module_& m) {
  m.def("softmax", without_gil(&softmax), "x"_a, "axis"_a = -1, R"(exp(x − max) / Σ along `axis`.

Floating dtypes; float16 and bfloat16 are computed in float32. Raises IndexError for an axis out of range, TypeError for
other dtypes.

>>> import ingot
>>> ingot.softmax(ingot.zeros((2,))).tolist()
[0.5, 0.5]
)");
  m.def("log_softmax", without_gil(&log_softmax), "x"_a, "axis"_a = -1, R"(x − max − log Σ exp(x − max) along `axis`.

Dtypes and errors as softmax's.

>>> import ingot
>>> ingot.log_softmax(ingot.asarray([0.0, -1000.0])).tolist()
[0.0, -1000.0]
)");
  m.def(
      "cross_entropy",
      [](const Tensor& logits, const Tensor& targets, int axis, std::string_view reduction, std::int64_t ignore_index,
         double label_smoothing) {
        const CrossEntropyOptions options{axis, to_reduction(reduction), ignore_index, label_smoothing};
        return released([&] { return cross_entropy(logits, targets, options); });
      },
      "logits"_a, "targets"_a, nb::kw_only(), "axis"_a = -1, "reduction"_a = "mean", "ignore_index"_a = -100,
      "label_smoothing"_a = 0.0,
      R"(−log_softmax(logits)[target], for integer targets 0 … C−1 of the logits' shape without `axis`, the classes'.

The classes' axis is the last, as language models have it; PyTorch's is 1. `reduction`: 'mean' over the targets that are
not ignore_index (NaN for none), 'sum' or 'none'. `label_smoothing` spreads this share of a target over all classes.
Floating dtypes; float16 and bfloat16 are computed and reduced in float32. Raises ValueError where the shapes do not fit,
IndexError for a target out of range, TypeError for other dtypes.

>>> import ingot
>>> loss = ingot.cross_entropy(ingot.zeros((2, 4)), ingot.asarray([1, 3]))
>>> round(loss.item(), 4)
1.3863
)");
  m.def(
      "layer_norm",
      [](const Tensor& x, const Shape& normalized_shape, const std::optional<Tensor>& weight,
         const std::optional<Tensor>& bias, double eps) {
        const Tensor factors = or_undefined(weight), shifts = or_undefined(bias);
        return released([&] { return layer_norm(x, normalized_shape, factors, shifts, eps); });
      },
      "x"_a, "normalized_shape"_a, "weight"_a = nb::none(), "bias"_a = nb::none(), "eps"_a = 1e-5,
      R"((x − mean) / √(variance + eps) · weight + bias over the last axes, whose sizes are `normalized_shape`.

`weight` and `bias` have that shape. Ba et al. 2016. Floating dtypes; float16 and bfloat16 are computed in float32. Raises
ValueError where the shapes do not fit, TypeError for other dtypes.

>>> import ingot
>>> ingot.layer_norm(ingot.asarray([1.0, 3.0]), 2, eps=0.0).tolist()
[-1.0, 1.0]
)");
  m.def(
      "rms_norm",
      [](const Tensor& x, const std::optional<Tensor>& weight, double eps) {
        const Tensor factors = or_undefined(weight);
        return released([&] { return rms_norm(x, factors, eps); });
      },
      "x"_a, "weight"_a = nb::none(), "eps"_a = 1e-5,
      R"(x / √(mean(x², last dimension) + eps) · weight, of the size of the last dimension.

Zhang & Sennrich 2019, equation 4. Raises ValueError where the sizes differ.

>>> import ingot
>>> ingot.rms_norm(ingot.full((4,), 2.0), ingot.full((4,), 1.0), eps=0.0).tolist()
[1.0, 1.0, 1.0, 1.0]
)");
  m.def(
      "linear",
      [](const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias, bool int8_activations) {
        const auto activations = int8_activations ? Activations::int8_per_row : Activations::as_is;
        const Tensor shifts = or_undefined(bias);
        return released([&] { return linear(x, weight, shifts, activations); });
      },
      "x"_a, "weight"_a, "bias"_a = nb::none(), nb::kw_only(), "int8_activations"_a = false,
      R"(x (…, k) · weightᵀ + bias (n) for weight (n, k), plain or quantized → (…, n) in x's dtype.

Block-quantized weights are multiplied by x in blocks of int8. `int8_activations` rounds each row of x to int8 first, as
BitNet b1.58 does. Raises ValueError where the shapes do not fit.

>>> import ingot
>>> ingot.linear(ingot.asarray([1.0, 2.0]), ingot.asarray([[3.0, 4.0], [5.0, 6.0]])).tolist()
[11.0, 17.0]
)");
  m.def("embedding", without_gil(&embedding), "weight"_a, "ids"_a,
        R"(The rows of weight (n, k), plain or quantized, at `ids` (any shape, integers in 0 … n−1) → (…, k).

float32 where `weight` is quantized. Raises IndexError for an id out of range.

>>> import ingot
>>> ingot.embedding(ingot.asarray([[1.0], [2.0], [3.0]]), ingot.asarray([2, 0])).tolist()
[[3.0], [1.0]]
)");
  m.def("rope", &rotated, "x"_a, "positions"_a, "inverse_frequencies"_a, nb::kw_only(), "layout"_a = "interleaved",
        R"(Rotary embedding of x (…, T, D): pair i of position p turns by p · inverse_frequencies[i]. Su et al. 2021.

positions: int64 (T); inverse_frequencies: float32 (R/2), R ≤ D: elements past R stay. `layout`: 'interleaved' pairs are
(2i, 2i+1), 'half_split' ones (i, i + R/2).

>>> import ingot
>>> x = ingot.asarray([[1.0, 0.0]])
>>> ingot.rope(x, ingot.asarray([0]), ingot.asarray([1.0])).tolist()
[[1.0, 0.0]]
)");
  m.def(
      "scaled_dot_product_attention",
      [](const Tensor& query, const Tensor& key, const Tensor& value, const std::optional<Tensor>& attn_mask,
         bool is_causal, double scale, std::int64_t window) {
        const AttentionOptions options{
            .causal = is_causal, .window = window, .scale = scale, .mask = or_undefined(attn_mask)};
        return released([&] { return scaled_dot_product_attention(query, key, value, options); });
      },
      "query"_a, "key"_a, "value"_a, "attn_mask"_a = nb::none(), nb::kw_only(), "is_causal"_a = false, "scale"_a = 0.0,
      "window"_a = 0,
      R"(softmax(q kᵀ · scale) v; 0 for a query that sees no key.

query (…, H, T, D), key and value (…, Hkv, S, D), H a multiple of Hkv → (…, H, T, D). `is_causal`: the last query sees
all keys and each earlier one a key less; `window` > 0: only that many last keys; `scale` 0: 1/√D.
`attn_mask` broadcasts to (…, H, T, S): of bool, what is seen; of the query's dtype, added to the scores. All that is
given holds at once.

>>> import ingot
>>> one = ingot.full((1, 1, 2), 1.0)
>>> ingot.scaled_dot_product_attention(one, one, one).tolist()
[[[1.0, 1.0]]]
)");
}

}  // namespace ingot::python
