// ZIP archives made by hand, each header's fields open to damage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/bytes.h"

namespace ingot::test {

/// CRC-32 by its definition (ISO 3309): bit by bit, the polynomial 0xEDB88320 reflected.
inline std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

struct ZipFields {
  std::string name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0, packed = 0, bytes = 0;
  std::string extra;
};

struct ZipEntry {
  explicit ZipEntry(std::string name, std::string content) : data(std::move(content)) {
    local = {.name = name, .crc = crc32_of(data)};
    local.packed = local.bytes = static_cast<std::uint32_t>(data.size());
    central = local;
  }
  ZipFields local, central;
  std::string data, behind;         // `behind`: a data descriptor
  std::int64_t header_offset = -1;  // -1: where it is
};

struct ZipEnd {
  std::uint16_t disk = 0;
  std::int64_t entries = -1, bytes = -1, offset = -1;
  std::string comment;
};

inline std::string zip_bytes(const std::vector<ZipEntry>& entries, const ZipEnd& end = {}) {
  Bytes out, directory;
  for (const ZipEntry& e : entries) {
    const std::size_t at = out.size();
    out.u32(0x04034b50).u16(20).u16(e.local.flags).u16(e.local.method).u32(0x210000).u32(e.local.crc);
    out.u32(e.local.packed).u32(e.local.bytes).u16(static_cast<unsigned>(e.local.name.size()));
    out.u16(static_cast<unsigned>(e.local.extra.size())).raw(e.local.name).raw(e.local.extra).raw(e.data).raw(e.behind);
    directory.u32(0x02014b50).u16(20).u16(20).u16(e.central.flags).u16(e.central.method).u32(0x210000);
    directory.u32(e.central.crc).u32(e.central.packed).u32(e.central.bytes);
    directory.u16(static_cast<unsigned>(e.central.name.size())).u16(static_cast<unsigned>(e.central.extra.size()));
    directory.u16(0).u16(0).u16(0).u32(0);
    directory.u32(static_cast<std::uint32_t>(e.header_offset < 0 ? static_cast<std::int64_t>(at) : e.header_offset));
    directory.raw(e.central.name).raw(e.central.extra);
  }
  const auto or_else = [](std::int64_t given, std::size_t found) {
    return static_cast<std::uint32_t>(given < 0 ? static_cast<std::int64_t>(found) : given);
  };
  const std::size_t offset = out.size();
  out.raw(directory.text());
  const std::uint32_t count = or_else(end.entries, entries.size());
  out.u32(0x06054b50).u16(end.disk).u16(end.disk).u16(count).u16(count).u32(or_else(end.bytes, directory.size()));
  out.u32(or_else(end.offset, offset)).u16(static_cast<unsigned>(end.comment.size())).raw(end.comment);
  return out.text();
}

}  // namespace ingot::test
