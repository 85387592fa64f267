#include "formats/pipeline.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/fail.h"
#include "core/int128.h"
#include "core/parallel.h"
#include "formats/plan.h"
#include "formats/utf8.h"
#include "ingot/device.h"
#include "ingot/ops/manipulation.h"
#include "quant/i2_s.h"

namespace ingot {
namespace {

constexpr const char* operation = "write_checkpoint";

// A tile on its way may be decoded to f32, permuted, converted and compared: four elements of 4 bytes for each of its
// own.
constexpr std::uint64_t working_bytes = 16;
// Enough for one write to the page cache, and few enough to stay in the second cache on their way.
constexpr std::uint64_t most_elements = std::uint64_t{1} << 18;
// What a progress bar sees of a row that is larger than a tile.
constexpr std::size_t piece_bytes = std::size_t{8} << 20;

struct Tile {
  const PlacedTensor* placed;
  std::int64_t first, last;
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;
};

std::vector<Tile> tiles_of(std::span<const PlacedTensor> tensors, std::uint64_t elements) {
  std::vector<Tile> tiles;
  for (const PlacedTensor& placed : tensors) {
    const auto [rows, columns, unit] = row_layout(*placed.tensor);
    if (rows == 0 || columns == 0) continue;
    const std::int64_t fitting = static_cast<std::int64_t>(elements) / columns;
    const std::int64_t step = std::max(fitting / unit, std::int64_t{1}) * unit;
    for (std::int64_t first = 0; first < rows; first += std::min(step, rows - first))
      tiles.push_back({&placed, first, first + std::min(step, rows - first)});
  }
  return tiles;
}

bool same_encoding(const Encoding* planned, const Encoding* made) {
  if (!planned || !made) return planned == made;
  return planned->scheme() == made->scheme() && planned->packing() == made->packing();
}

Tensor rows_of(const Tile& tile) {
  const OutputTensor& planned = *tile.placed->tensor;
  const Shape shape{tile.last - tile.first, planned.shape.empty() ? 1 : planned.shape.back()};
  Tensor made = planned.rows(tile.first, tile.last);
  if (!made.defined() || made.shape() != shape || made.dtype() != planned.dtype ||
      !same_encoding(planned.encoding.get(), made.encoding()))
    fail(ErrorCode::internal, operation, "tensor {}: rows {} to {} planned as {} {}, made as {}",
         printable(planned.name), tile.first, tile.last, planned.held_as(), to_string(shape), describe(made));
  if (made.is_contiguous()) return made;
  // Encoded tensors are viewed in whole rows only, and their rows lie behind one another unless a view left some out.
  if (made.is_quantized())
    fail(ErrorCode::invalid_argument, operation, "tensor {}: {} is not row-major", printable(planned.name),
         describe(made));
  return contiguous(made);
}

void write_tile(Tile& tile, WriteProgress& progress) {
  const PlacedTensor& placed = *tile.placed;
  const Tensor made = rows_of(tile);
  const std::int64_t rows = row_layout(*placed.tensor).rows;
  const auto whole = placed.tensor->nbytes();
  const bool i2_s = made.is_quantized() && made.encoding()->scheme() == Scheme::i2_s;
  const auto codes = whole - (i2_s ? i2s_tail_bytes : 0);
  // Exact, since ranges begin at units.
  const auto begin_of = [&](std::int64_t row) {
    return static_cast<std::uint64_t>(static_cast<UInt128>(codes) * static_cast<std::uint64_t>(row) /
                                      static_cast<std::uint64_t>(rows));
  };
  const std::uint64_t begin = begin_of(tile.first), end = begin_of(tile.last);
  zip::Crc crc;
  const auto write = [&](std::uint64_t at, std::span<const std::byte> bytes) {
    for (std::size_t done = 0; done < bytes.size(); done += piece_bytes) {
      const auto piece = bytes.subspan(done, std::min(piece_bytes, bytes.size() - done));
      placed.file->write(placed.offset + at + done, piece);
      if (placed.crc) crc.add(piece);
      progress.add(piece.size());
    }
  };
  write(begin, {made.bytes(), static_cast<std::size_t>(end - begin)});
  if (i2_s && tile.last == rows) {
    std::byte tail[i2s_tail_bytes]{};
    const float scale = made.encoding()->scale();
    std::memcpy(tail, &scale, sizeof scale);
    write(codes, tail);
  }
  tile.crc = crc.value();
  tile.bytes = end - begin + (tile.last == rows ? whole - codes : 0);
}

}  // namespace

void write_tensors(std::span<const PlacedTensor> tensors, std::span<const SourceFile> sources,
                   const WriteOptions& options, WriteProgress& progress) {
  const auto threads = static_cast<std::uint64_t>(num_threads());
  std::vector<Tile> tiles =
      tiles_of(tensors, std::clamp<std::uint64_t>(options.memory / threads / working_bytes, 1, most_elements));
  parallel_for(static_cast<std::int64_t>(tiles.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    // One tile a thread: what a tile's operations wait for would otherwise be filled with other tiles.
    const SerialScope serial;
    for (std::int64_t i = begin; i < end; ++i) write_tile(tiles[static_cast<std::size_t>(i)], progress);
  });
  progress.add(0);  // the last tile may have been another thread's
  for (const Tile& tile : tiles)
    if (tile.placed->crc) tile.placed->crc->append(tile.crc, tile.bytes);
  for (const SourceFile& source : sources)
    if (const SourceFile now = SourceFile::at(source.path); now != source)
      fail(ErrorCode::io, operation, "{} changed while it was read: {} bytes, {} when it was opened{}", source.path,
           now.bytes, source.bytes, now.bytes == source.bytes ? ", but a later time" : "");
}

}  // namespace ingot
