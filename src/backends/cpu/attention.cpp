// attention: heads × blocks of query rows are shared out; each block walks its keys tile by tile.
#include <algorithm>
#include <limits>

#include "backends/cpu/kernels.h"
#include "backends/cpu/line.h"
#include "backends/cpu/simd/attention.h"
#include "core/visit.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

// (…, H, S, D) of one tensor, counted in elements from its first byte.
struct Heads {
  explicit Heads(const Tensor& x)
      : base(x.bytes()),
        width(bit_width(x.dtype()) / 8),
        head(x.strides()[x.rank() - 3]),
        row(x.strides()[x.rank() - 2]),
        column(x.strides()[x.rank() - 1]) {}
  const std::byte* at(std::int64_t batch, std::int64_t h, std::int64_t i) const noexcept {
    return base + (batch + h * head + i * row) * width;
  }
  const std::byte* base;
  std::int64_t width, head, row, column;
};

// Tiles of keys or values as rows of T: where they lie if the kernel can read them there, else packed and padded.
template <class T>
class Tiles {
 public:
  Tiles(const Tensor& x, const Heads& heads, std::int64_t padded)
      : heads_(heads), size_(x.shape().back()), padded_(padded), line_(x.dtype(), size_) {
    direct_ = x.dtype() == dtype_of<T> && heads.column == 1 && padded == size_;
    if (!direct_) packed_.resize(static_cast<std::size_t>(attention_keys * padded));
  }
  const T* take(std::int64_t batch, std::int64_t head, std::int64_t key, std::int64_t n) {
    if (direct_) return reinterpret_cast<const T*>(heads_.at(batch, head, key));
    for (std::int64_t j = 0; j < n; ++j) {
      const T* line = line_.read(heads_.at(batch, head, key + j), heads_.column);
      std::copy(line, line + size_, packed_.begin() + j * padded_);
    }
    return packed_.data();
  }
  std::int64_t stride() const noexcept { return direct_ ? heads_.row : padded_; }

 private:
  const Heads& heads_;
  std::int64_t size_, padded_;
  LineBuffer<T> line_;
  bool direct_;
  std::vector<T> packed_;
};

// What a mask adds to the scores of one row with up to attention_keys keys.
template <class T>
class MaskLine {
 public:
  explicit MaskLine(DType dtype) : dtype_(dtype) {}
  const T* read(const std::byte* from, std::int64_t step, std::int64_t n) {
    if (dtype_ == DType::bool_) {
      for (std::int64_t j = 0; j < n; ++j)
        line_[static_cast<std::size_t>(j)] = from[j * step] != std::byte{} ? T{0} : -std::numeric_limits<T>::infinity();
    } else {
      visit_floating(dtype_, "scaled_dot_product_attention", [&]<class M>(M) {
        const M* values = reinterpret_cast<const M*>(from);
        for (std::int64_t j = 0; j < n; ++j)
          line_[static_cast<std::size_t>(j)] = static_cast<T>(to_double(values[j * step]));
      });
    }
    return line_.data();
  }

 private:
  DType dtype_;
  std::array<T, attention_keys> line_;
};

}  // namespace

void attention_kernel(const Call& call) {
  const Tensor &q = call.inputs[0], &k = call.inputs[1], &v = call.inputs[2], &out = call.outputs[0];
  const Tensor& mask = call.inputs[3];
  const auto params = call.params.as<AttentionParams>();
  if (out.numel() == 0) return;
  const int head = q.rank() - 3;
  const std::int64_t length = q.shape()[head + 1], width = q.shape()[head + 2], keys = k.shape()[head + 1];
  const std::int64_t key_heads = k.shape()[head], group = q.shape()[head] / key_heads;
  const auto batch = [&](Shape strides) {
    for (int i = 0; i < 3; ++i) strides.erase(head);
    return strides;
  };
  const Tensor& masked = mask.defined() ? mask : out;
  const StridedLoop<5> batches(batch(q.shape()), {batch(q.strides()), batch(k.strides()), batch(v.strides()),
                                                  batch(out.strides()), batch(masked.strides())});
  const Heads queries(q), key_rows(k), value_rows(v), results(out), masks(masked);
  std::byte* to = out.mutable_bytes();
  // The queries that share a key head are one list of rows, the group innermost: a block's rows see nearly the same
  // keys, and every key that is read serves the whole group.
  const std::int64_t rows = group * length, blocks = (rows + attention_rows - 1) / attention_rows;

  visit_computed(q.dtype(), [&]<class T>(T) {
    const auto run_block = [&](const std::array<std::int64_t, 5>& at, std::int64_t key_head, std::int64_t block_index) {
      const std::int64_t first_row = block_index * attention_rows;
      AttentionBlock<T> block(std::min(attention_rows, rows - first_row), width);
      LineBuffer<T> line(q.dtype(), width);
      const auto place = [&](std::int64_t r) {
        return std::pair{key_head * group + (first_row + r) % group, (first_row + r) / group};
      };
      std::int64_t lowest = keys, highest = 0;
      for (std::int64_t r = 0; r < block.rows; ++r) {
        const auto [h, i] = place(r);
        const T* query = line.read(queries.at(at[0], h, i), queries.column);
        for (std::int64_t d = 0; d < width; ++d) block.query(r, d) = query[d] * static_cast<T>(params.scale);
        const std::int64_t last = params.causal ? std::clamp<std::int64_t>(i + keys - length + 1, 0, keys) : keys;
        const std::int64_t first =
            params.window > 0 ? std::clamp<std::int64_t>(i + keys - length - params.window + 1, 0, keys) : 0;
        block.first[static_cast<std::size_t>(r)] = first;
        block.last[static_cast<std::size_t>(r)] = last;
        if (first < last) lowest = std::min(lowest, first), highest = std::max(highest, last);
      }
      MaskLine<T> mask_line(masked.dtype());
      if (mask.defined()) block.mask.resize(block.scores.size());
      Tiles<T> key_tiles(k, key_rows, block.padded_width), value_tiles(v, value_rows, block.padded_width);
      for (std::int64_t key = lowest; key < highest; key += attention_keys) {
        const std::int64_t n = std::min(attention_keys, highest - key);
        if (mask.defined()) {
          for (std::int64_t r = 0; r < block.rows; ++r) {
            const auto [h, i] = place(r);
            const T* added = mask_line.read(masks.at(at[4], h, i) + key * masks.column * masks.width, masks.column, n);
            for (std::int64_t j = 0; j < n; ++j) block.mask[block.place(r, j)] = added[j];
          }
        }
        attention_tile<T>(block, key_tiles.take(at[1], key_head, key, n), key_tiles.stride(),
                          value_tiles.take(at[2], key_head, key, n), value_tiles.stride(), key, n);
      }
      for (std::int64_t r = 0; r < block.rows; ++r) {
        const auto [h, i] = place(r);
        const T sum = block.sum[static_cast<std::size_t>(r)];
        T* row = block.result.data() + r * block.padded_width;
        for (std::int64_t d = 0; d < width; ++d) row[d] = sum == 0 ? T{0} : row[d] / sum;
        const std::int64_t offset = at[3] + h * results.head + i * results.row;
        std::byte* target = to + offset * results.width;
        if (T* plain = line.target(target, results.column); plain == reinterpret_cast<T*>(target))
          std::copy(row, row + width, plain);
        else
          line.write(row, target, results.column);
      }
    };
    const std::int64_t per_batch = key_heads * blocks;
    parallel_for(batches.size() * per_batch, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task)
        batches.run(task / per_batch, task / per_batch + 1,
                    [&](const auto& at, std::int64_t) { run_block(at, task % per_batch / blocks, task % blocks); });
    });
  });
}

}  // namespace ingot::cpu
