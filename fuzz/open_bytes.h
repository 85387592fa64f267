// The body of the targets that open a file from memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "formats/format.h"

namespace ingot::fuzz {

/// The bytes as a file called `path`. A copy of the exact size, so that the sanitizer sees a read past the end.
inline Source source_of(const std::uint8_t* data, std::size_t size, std::string path) {
  auto* copy = new std::byte[size];
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, copy);
  return {std::move(path), Storage::borrow(copy, size, [](void* p) { delete[] static_cast<std::byte*>(p); }, true)};
}

/// Bytes from the first element to the last, by the tensor's strides.
inline std::size_t reach(const Tensor& x) {
  if (x.is_quantized() || x.numel() == 0) return x.nbytes();
  std::int64_t last = 0;
  for (int i = 0; i < x.rank(); ++i) last += (x.shape()[i] - 1) * x.strides()[i];
  return (static_cast<std::size_t>(last + 1) * static_cast<std::size_t>(bit_width(x.dtype())) + 7) / 8;
}

/// Opens with the functions of one format, whatever the content looks like, and touches every byte that the tensors
/// claim. Any ingot::Error is an answer; everything else is a finding.
template <class Open>
void open_and_touch(Open&& open) {
  try {
    const Checkpoint checkpoint = open();
    volatile unsigned sum = 0;
    for (const NamedTensor& t : checkpoint.tensors) {
      if (t.composite) {
        t.whole();
        continue;
      }
      const std::byte* bytes = t.tensor.bytes();
      const std::size_t size = reach(t.tensor);
      for (std::size_t i = 0; i < size; ++i) sum = sum + static_cast<unsigned>(bytes[i]);
      if (checkpoint.find(t.name) == nullptr) __builtin_trap();
    }
    for (const auto& [key, value] : checkpoint.metadata) {
      if (describe(value).empty()) __builtin_trap();
    }
  } catch (const Error&) {
  }
}

}  // namespace ingot::fuzz
