// ZIP archives whose every offset is known before their first byte: stored entries at multiples of 64.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/output.h"

namespace ingot::zip {

class Writer {
 public:
  /// Plans an entry behind those before. Its number counts from 0.
  void add(std::string name, std::uint64_t bytes);
  /// Where an entry's bytes go.
  std::uint64_t offset(std::size_t entry) const noexcept { return entries_[entry].offset; }
  std::uint64_t file_bytes() const;

  void set_crc(std::size_t entry, std::uint32_t crc) noexcept { entries_[entry].crc = crc; }
  /// Writes what lies between and behind the entries' bytes, once their checksums are known.
  void finish(OutputFile& file) const;

 private:
  struct Entry {
    std::string name;
    std::uint64_t header, offset, bytes;
    std::uint32_t crc = 0;
  };
  std::string directory() const;
  std::vector<Entry> entries_;
  std::uint64_t end_ = 0;
};

}  // namespace ingot::zip
