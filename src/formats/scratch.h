// Bytes that a reader has to make while it opens a file (swapped, inflated), for tensors to be views of.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/storage.h"

namespace ingot {

/// Up to 64 MiB lie on the heap, more in an unlinked temporary file that is mapped, so that they need not fit into
/// memory. What is never written reads as zeros.
class Scratch {
 public:
  /// `purpose` ends errors: "the byte-swapped copy of a big-endian file". Throws io.
  Scratch(std::string_view operation, std::string_view purpose, std::uint64_t bytes);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// The bytes, once all are written.
  Ref<Storage> finish() const;

 private:
  [[noreturn]] void reject() const;
  std::string_view operation_, purpose_;
  Ref<Storage> heap_;
  std::string name_;
  int descriptor_ = -1;
};

/// Numbers of a file that has the other byte order, all in one Scratch.
class SwappedCopy {
 public:
  /// Plans numbers of `width` bytes each, which stay where they are until make(). Where they will lie in the copy.
  std::uint64_t add(std::span<const std::byte> numbers, std::size_t width);
  bool empty() const noexcept { return parts_.empty(); }
  Ref<Storage> make(std::string_view operation) const;

 private:
  struct Part {
    std::span<const std::byte> numbers;
    std::size_t width;
    std::uint64_t at;
  };
  std::vector<Part> parts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace ingot
