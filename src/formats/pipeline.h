// The way of every tensor into a file: tiles of rows, made and written by several threads in bounded memory.
#pragma once

#include <span>

#include "formats/output.h"
#include "formats/zip/zip.h"
#include "ingot/checkpoint.h"

namespace ingot {

/// A tensor and where it goes.
struct PlacedTensor {
  const OutputTensor* tensor;
  OutputFile* file;
  std::uint64_t offset;
  zip::Crc* crc = nullptr;  // gets the tensor's bytes where given
};

/// Asks every tensor for its rows, checks them against the plan, and writes them row-major. The bytes are the same for
/// any number of threads and any `options.memory`. Throws io where a file of `sources` changed meanwhile.
void write_tensors(std::span<const PlacedTensor> tensors, std::span<const SourceFile> sources,
                   const WriteOptions& options, WriteProgress& progress);

}  // namespace ingot
