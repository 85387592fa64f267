// The inner part of attention: a block of query rows against one tile of keys, softmax kept online
// (Milakov & Gimelshein 2018; Dao et al. 2022, algorithm 1).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace ingot::cpu {

/// Keys of a tile: 64 rows of 128 floats fill half of a 64 KiB … 1 MiB L2's fastest part and amortise the rescaling.
inline constexpr std::int64_t attention_keys = 64;
/// Rows of a block, and what buffers are padded to: the widest vector has 16 floats.
inline constexpr std::int64_t attention_rows = 32, attention_padding = 16;
/// Blocks of fewer rows compute dot products along the width, others one row in each lane.
inline constexpr std::int64_t attention_few_rows = 4;

inline std::int64_t attention_padded(std::int64_t n) {
  return (n + attention_padding - 1) / attention_padding * attention_padding;
}

/// A block of query rows: row r sees keys first[r] … last[r] − 1.
template <class T>
struct AttentionBlock {
  AttentionBlock(std::int64_t block_rows, std::int64_t head_width)
      : rows(block_rows),
        width(head_width),
        padded_rows(attention_padded(rows)),
        padded_width(attention_padded(width)),
        few(rows < attention_few_rows),
        q(static_cast<std::size_t>(padded_rows * padded_width)),
        scores(static_cast<std::size_t>(padded_rows * attention_keys)),
        result(static_cast<std::size_t>(padded_rows * padded_width)),
        largest(static_cast<std::size_t>(padded_rows), -std::numeric_limits<T>::infinity()),
        sum(static_cast<std::size_t>(padded_rows)),
        first(static_cast<std::size_t>(padded_rows)),
        last(static_cast<std::size_t>(padded_rows)) {}

  /// Where element d of query row r goes: by rows for few of them, else by elements. Queries come already scaled.
  T& query(std::int64_t r, std::int64_t d) {
    return q[static_cast<std::size_t>(few ? r * padded_width + d : d * padded_rows + r)];
  }

  /// Where the score of row r with key j of a tile lies.
  std::size_t place(std::int64_t r, std::int64_t j) const noexcept {
    return static_cast<std::size_t>(few ? r * attention_keys + j : j * padded_rows + r);
  }

  std::int64_t rows, width, padded_rows, padded_width;
  bool few;
  std::vector<T> mask;               // empty, or what is added to a tile's scores, in their order
  std::vector<T> q, scores, result;  // result: rows × padded_width, not yet divided by sum
  std::vector<T> largest, sum;
  std::vector<std::int64_t> first, last;
};

/// Takes keys `key` … `key` + n − 1 (n ≤ attention_keys) into the block. k and v: rows `k_stride`, `v_stride` elements
/// apart, readable (v also meaningful: zero) up to padded_width.
template <class T>
void attention_tile(AttentionBlock<T>& block, const T* k, std::int64_t k_stride, const T* v, std::int64_t v_stride,
                    std::int64_t key, std::int64_t n);

}  // namespace ingot::cpu
