// ZIP archives as NumPy and PyTorch use them: stored or deflated entries, ZIP64, one disk, no encryption.
// Facts: PKWARE's APPNOTE 6.3.10.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace ingot::zip {

struct Entry {
  std::string name;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;  // of the data in the archive
  std::uint64_t bytes = 0;   // uncompressed
  Ref<Storage> storage;      // the archive; of a deflated entry a copy that was inflated
  std::uint64_t begin = 0;   // of the uncompressed bytes in `storage`

  std::span<const std::byte> span() const noexcept {
    return {storage->data() + begin, static_cast<std::size_t>(bytes)};
  }
};

struct Archive {
  std::vector<Entry> entries;  // in the directory's order, directories left out
  bool inflated = false;       // some were deflated

  /// Null where absent.
  const Entry* find(std::string_view name) const noexcept;
};

/// Whether the file begins as an archive does.
bool probe(const Source& source) noexcept;
/// The name that the first bytes of an archive give its first entry; empty where there is none.
std::string_view first_name(const Source& source) noexcept;

/// Reads the directory, which must account for the whole end of the file, and every local header, which must agree with
/// it; entries may not overlap. Deflated entries are inflated, all into one Scratch, and their checksums compared;
/// stored ones stay where they are. `operation` is the reader's name. Throws invalid_file.
Archive open(std::string_view operation, const Source& source);

/// Compares the checksum of an entry, reading it whole. Throws invalid_file.
void check_crc(std::string_view operation, std::string_view path, const Entry& entry);

/// CRC-32 of what is added, in the order of the bytes.
class Crc {
 public:
  void add(std::span<const std::byte> bytes) noexcept;
  /// The same as adding `bytes` bytes whose checksum is `crc`.
  void append(std::uint32_t crc, std::uint64_t bytes) noexcept;
  std::uint32_t value() const noexcept { return value_; }

 private:
  std::uint32_t value_ = 0;
};

/// A deflated entry in the archive.
struct Deflated {
  std::string_view name;
  std::span<const std::byte> packed;
  std::uint64_t offset;  // of `packed` in the archive
  std::uint64_t bytes;   // inflated
  std::uint32_t crc;
};
/// Calls `write` with the inflated bytes, piece by piece. Throws invalid_file where they are not as many as announced,
/// or have another checksum.
void inflate(std::string_view operation, std::string_view path, const Deflated& entry,
             const std::function<void(std::uint64_t at, std::span<const std::byte>)>& write);

}  // namespace ingot::zip
