#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "core/checked.h"
#include "formats/cursor.h"
#include "formats/scratch.h"
#include "formats/utf8.h"
#include "formats/zip/zip.h"

namespace ingot::zip {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator_signature = 0x07064b50;
constexpr std::size_t end_bytes = 22, locator_bytes = 20, central_bytes = 46, local_bytes = 30;
constexpr std::uint16_t zip64_id = 1;
constexpr std::uint32_t saturated32 = 0xFFFFFFFF;
constexpr std::uint16_t saturated16 = 0xFFFF;

constexpr std::uint16_t stored = 0, deflated = 8;
// How hard deflate tried, sizes behind the data, names in UTF-8. Every other flag changes what the bytes mean.
constexpr std::uint16_t sizes_follow = 0x0008, known_flags = 0x0806 | sizes_follow;
// Deflate's best: 258 bytes from two bits.
constexpr std::uint64_t most_inflation = 1032;

std::uint32_t signature_at(std::span<const std::byte> bytes, std::size_t at) noexcept {
  if (at > bytes.size() || bytes.size() - at < 4) return 0;
  std::uint32_t signature = 0;
  for (std::size_t i = 4; i-- > 0;) signature = signature << 8 | static_cast<std::uint32_t>(bytes[at + i]);
  return signature;
}

// The sizes and the offset that a header holds in 32 bits, or in the ZIP64 field of its extra bytes.
struct Sizes {
  std::uint64_t bytes, packed, header = 0;
};

std::string shown(std::string_view name) { return "entry " + printable(name); }

Sizes widened(const Cursor& cursor, std::string_view name, Sizes sizes, std::span<const std::byte> extra) {
  if (sizes.bytes != saturated32 && sizes.packed != saturated32 && sizes.header != saturated32) return sizes;
  const std::size_t at = cursor.offset();
  std::size_t next = 0;
  const auto number = [&](int width) {
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(extra[next++]) << (8 * i);
    return value;
  };
  while (extra.size() - next >= 4) {
    const std::uint64_t id = number(2), length = number(2);
    if (length > extra.size() - next) break;
    if (id != zip64_id) {
      next += static_cast<std::size_t>(length);
      continue;
    }
    std::uint64_t left = length;
    for (std::uint64_t* size : {&sizes.bytes, &sizes.packed, &sizes.header}) {
      if (*size != saturated32) continue;
      if (left < 8) cursor.reject(at, shown(name), "a ZIP64 field of {} bytes, which lacks a number", length);
      *size = number(8);
      left -= 8;
    }
    return sizes;
  }
  cursor.reject(at, shown(name), "sizes of 2^32 - 1, but no ZIP64 field");
}

struct Directory {
  std::uint64_t offset, bytes, entries;
};

Directory find_directory(Cursor& cursor, std::span<const std::byte> file) {
  constexpr std::string_view what = "end of central directory";
  std::optional<std::size_t> end;
  for (std::size_t tail = end_bytes; tail <= std::min(file.size(), end_bytes + saturated16) && !end; ++tail) {
    const std::size_t at = file.size() - tail;
    if (signature_at(file, at) != end_signature) continue;
    cursor.seek(at + end_bytes - 2, what);
    if (cursor.read<std::uint16_t>(what) == tail - end_bytes) end = at;
  }
  if (!end) cursor.reject(file.size(), what, "not found: the archive is not complete");
  cursor.seek(*end + 4, what);
  const auto disk = cursor.read<std::uint16_t>(what), directory_disk = cursor.read<std::uint16_t>(what);
  const auto here = cursor.read<std::uint16_t>(what), entries = cursor.read<std::uint16_t>(what);
  const auto bytes = cursor.read<std::uint32_t>(what), offset = cursor.read<std::uint32_t>(what);
  if (disk != 0 || directory_disk != 0 || here != entries)
    cursor.reject(*end, what, "an archive in several parts, expected one");
  Directory directory{offset, bytes, entries};
  std::size_t directory_end = *end;

  if (*end >= locator_bytes && signature_at(file, *end - locator_bytes) == locator_signature) {
    cursor.seek(*end - locator_bytes + 4, what);
    const auto end64_disk = cursor.read<std::uint32_t>(what);
    const auto at = cursor.read<std::uint64_t>(what);
    const auto disks = cursor.read<std::uint32_t>(what);
    if (end64_disk != 0 || disks > 1) cursor.reject(*end, what, "an archive in several parts, expected one");
    cursor.seek(at, what);
    directory_end = cursor.offset();
    if (cursor.read<std::uint32_t>(what) != end64_signature) cursor.reject(directory_end, what, "no ZIP64 record");
    const auto length = cursor.read<std::uint64_t>(what);
    if (at + 12 > *end - locator_bytes || length != *end - locator_bytes - at - 12)
      cursor.reject(directory_end, what, "a ZIP64 record of {} bytes, which does not reach its locator", length);
    cursor.take(12, what);  // versions, disks
    cursor.read<std::uint64_t>(what);
    const Directory wide{.offset = 0, .bytes = 0, .entries = cursor.read<std::uint64_t>(what)};
    const auto wide_bytes = cursor.read<std::uint64_t>(what), wide_offset = cursor.read<std::uint64_t>(what);
    const auto differ = [](std::uint64_t narrow, std::uint64_t saturated, std::uint64_t wider) {
      return narrow != saturated && narrow != wider;
    };
    if (differ(entries, saturated16, wide.entries) || differ(bytes, saturated32, wide_bytes) ||
        differ(offset, saturated32, wide_offset))
      cursor.reject(*end, what, "it contradicts its ZIP64 record");
    directory = {wide_offset, wide_bytes, wide.entries};
  }
  if (directory.offset > directory_end || directory.bytes != directory_end - directory.offset)
    cursor.reject(*end, what, "a directory of {} bytes at byte {}, which does not end at byte {}", directory.bytes,
                  directory.offset, directory_end);
  return directory;
}

struct Record {
  Entry entry;
  std::uint64_t header = 0, packed = 0;
  bool is_deflated = false;
};

// The local header repeats the directory's. Programs believe one or the other, so they must agree.
void read_local(Cursor& cursor, Record& record, std::uint16_t flags, std::uint16_t method) {
  constexpr std::string_view what = "header of an entry";
  const std::string& expected = record.entry.name;
  cursor.seek(record.header, shown(expected));
  const std::size_t at = cursor.offset();
  if (cursor.read<std::uint32_t>(what) != local_signature) cursor.reject(at, shown(expected), "no header of an entry");
  cursor.read<std::uint16_t>(what);  // version
  const auto local_flags = cursor.read<std::uint16_t>(what), local_method = cursor.read<std::uint16_t>(what);
  cursor.read<std::uint32_t>(what);  // time
  const auto crc = cursor.read<std::uint32_t>(what);
  const std::uint64_t packed = cursor.read<std::uint32_t>(what), bytes = cursor.read<std::uint32_t>(what);
  const auto name_bytes = cursor.read<std::uint16_t>(what), extra_bytes = cursor.read<std::uint16_t>(what);
  const auto name = cursor.text(name_bytes, what);
  const auto extra = cursor.take(extra_bytes, what);
  const Sizes sizes = widened(cursor, expected, {.bytes = bytes, .packed = packed}, extra);
  if (name != expected) cursor.reject(at, shown(expected), "its own header calls it {}", printable(name));
  if (local_flags != flags || local_method != method)
    cursor.reject(at, shown(expected), "flags {:#x} and method {}, the directory says {:#x} and {}", local_flags,
                  local_method, flags, method);
  // Where sizes follow the data, the header may have zeros.
  const auto differ = [&](std::uint64_t local, std::uint64_t central) {
    return local != central && !((flags & sizes_follow) && local == 0);
  };
  if (differ(crc, record.entry.crc) || differ(sizes.bytes, record.entry.bytes) || differ(sizes.packed, record.packed))
    cursor.reject(at, shown(expected), "{} bytes in {} with checksum {:08x}, the directory says {} in {} with {:08x}",
                  sizes.bytes, sizes.packed, crc, record.entry.bytes, record.packed, record.entry.crc);
  record.entry.offset = cursor.offset();
}

Record read_entry(Cursor& cursor) {
  const std::size_t at = cursor.offset();
  constexpr std::string_view what = "central directory";
  if (cursor.read<std::uint32_t>(what) != central_signature) cursor.reject(at, what, "no entry begins here");
  cursor.read<std::uint32_t>(what);  // versions
  const auto flags = cursor.read<std::uint16_t>(what), method = cursor.read<std::uint16_t>(what);
  cursor.read<std::uint32_t>(what);  // time
  Record record;
  record.entry.crc = cursor.read<std::uint32_t>(what);
  const std::uint64_t packed = cursor.read<std::uint32_t>(what), bytes = cursor.read<std::uint32_t>(what);
  const auto name_bytes = cursor.read<std::uint16_t>(what), extra_bytes = cursor.read<std::uint16_t>(what);
  const auto comment_bytes = cursor.read<std::uint16_t>(what), disk = cursor.read<std::uint16_t>(what);
  cursor.take(6, what);  // attributes
  const std::uint64_t header = cursor.read<std::uint32_t>(what);
  record.entry.name = cursor.text(name_bytes, what);
  const std::string& name = record.entry.name;
  const auto extra = cursor.take(extra_bytes, what);
  const Sizes sizes = widened(cursor, name, {.bytes = bytes, .packed = packed, .header = header}, extra);
  cursor.take(comment_bytes, what);
  if (record.entry.name.empty() || record.entry.name.find('\0') != std::string::npos)
    cursor.reject(at, shown(name), "an empty name, or one with a NUL");
  if (disk != 0) cursor.reject(at, shown(name), "it lies in another part of the archive");
  if ((flags & ~known_flags) != 0)
    cursor.reject(at, shown(name), "flags {:#x}: encrypted, patched and masked entries are not read", flags);
  if (method != stored && method != deflated)
    cursor.reject(at, shown(name), "compression method {}, expected 0 (stored) or 8 (deflated)", method);
  record.is_deflated = method == deflated;
  record.entry.bytes = sizes.bytes;
  record.packed = sizes.packed;
  record.header = sizes.header;
  if (!record.is_deflated && sizes.bytes != sizes.packed)
    cursor.reject(at, shown(name), "stored, but {} bytes in {}", sizes.bytes, sizes.packed);
  if (record.is_deflated && sizes.bytes / most_inflation > sizes.packed)
    cursor.reject(at, shown(name), "{} bytes cannot come from {} deflated ones", sizes.bytes, sizes.packed);
  const std::size_t next = cursor.offset();
  read_local(cursor, record, flags, method);
  cursor.seek(next, what);
  return record;
}

void check_overlaps(const Cursor& cursor, const std::vector<Record>& records, std::uint64_t directory) {
  std::vector<const Record*> sorted;
  for (const Record& record : records) sorted.push_back(&record);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->header < b->header; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const Record& record = *sorted[i];
    const std::uint64_t end = i + 1 < sorted.size() ? sorted[i + 1]->header : directory;
    if (record.entry.offset > end || record.packed > end - record.entry.offset)
      cursor.reject(static_cast<std::size_t>(record.header), shown(record.entry.name),
                    "its {} bytes at byte {} reach into {}, which begins at byte {}", record.packed,
                    record.entry.offset, end == directory ? "the directory" : "the next entry", end);
  }
}

}  // namespace

const Entry* Archive::find(std::string_view name) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

bool probe(const Source& source) noexcept {
  if (source.is_directory()) return false;
  const std::uint32_t signature = signature_at(source.span(), 0);
  return signature == local_signature || signature == end_signature;
}

std::string_view first_name(const Source& source) noexcept {
  const auto bytes = source.span();
  if (bytes.size() < local_bytes || signature_at(bytes, 0) != local_signature) return {};
  const std::size_t length = static_cast<std::size_t>(bytes[26]) | static_cast<std::size_t>(bytes[27]) << 8;
  if (length > bytes.size() - local_bytes) return {};
  return {reinterpret_cast<const char*>(bytes.data()) + local_bytes, length};
}

Archive open(std::string_view operation, const Source& source) {
  Cursor cursor(operation, source.path, source.span());
  const Directory directory = find_directory(cursor, source.span());
  cursor.seek(directory.offset, "central directory");
  std::vector<Record> records(cursor.count(directory.entries, central_bytes, "central directory"));
  std::unordered_set<std::string_view> names;
  for (Record& record : records) {
    const std::size_t at = cursor.offset();
    record = read_entry(cursor);
    if (!names.insert(record.entry.name).second)
      cursor.reject(at, "central directory", "entry {} is there twice", printable(record.entry.name));
  }
  if (cursor.offset() != directory.offset + directory.bytes)
    cursor.reject(cursor.offset(), "central directory", "{} entries end here, expected at byte {}", directory.entries,
                  directory.offset + directory.bytes);
  check_overlaps(cursor, records, directory.offset);

  Archive archive;
  std::uint64_t inflated = 0;
  for (Record& record : records) {
    Entry& entry = record.entry;
    if (!record.is_deflated) {
      entry.storage = source.bytes;
      entry.begin = entry.offset;
      continue;
    }
    archive.inflated = true;
    entry.begin = inflated;
    inflated =
        checked_add<std::uint64_t>(inflated, checked_add<std::uint64_t>(entry.bytes, 63, "zip") / 64 * 64, "zip");
  }
  if (archive.inflated) {
    Scratch scratch(operation, "the inflated copy of a compressed archive", inflated);
    for (const Record& record : records) {
      const Entry& entry = record.entry;
      if (!record.is_deflated) continue;
      const auto packed =
          source.span().subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(record.packed));
      inflate(operation, source.path, {entry.name, packed, entry.offset, entry.bytes, entry.crc},
              [&](std::uint64_t at, std::span<const std::byte> bytes) { scratch.write(entry.begin + at, bytes); });
    }
    const Ref<Storage> copy = scratch.finish();
    for (Record& record : records)
      if (record.is_deflated) record.entry.storage = copy;
  }
  for (Record& record : records)
    if (!record.entry.name.ends_with('/')) archive.entries.push_back(std::move(record.entry));
  return archive;
}

}  // namespace ingot::zip
