#include "formats/zip/zip.h"

#include <zlib.h>

#include <filesystem>

#include "formats/zip/writer.h"
#include "support/temporary_directory.h"
#include "support/zip_bytes.h"

namespace ingot {
namespace {

using test::Bytes;
using test::expect_error;
using test::source_of;
using test::zip_bytes;
using test::ZipEntry;

zip::Archive opened(std::string_view bytes) { return zip::open("zip", source_of(bytes, "x.zip")); }

void rejects(std::string_view bytes, const std::vector<std::string>& parts) {
  expect_error([&] { opened(bytes); }, ErrorCode::invalid_file, parts);
}

std::string content(const zip::Entry& entry) {
  return {reinterpret_cast<const char*>(entry.span().data()), entry.span().size()};
}

std::string deflated(std::string_view text) {
  ::z_stream stream{};
  ::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

ZipEntry deflated_entry(const std::string& name, const std::string& text) {
  ZipEntry entry(name, text);
  entry.data = deflated(text);
  for (test::ZipFields* fields : {&entry.local, &entry.central}) {
    fields->method = 8;
    fields->packed = static_cast<std::uint32_t>(entry.data.size());
  }
  return entry;
}

TEST(Zip, StoredEntriesStayWhereTheyAre) {
  ZipEntry b("b", "second");
  b.local.extra = Bytes().u16(0x4246).u16(3).raw("ZZZ").text();
  const std::string bytes = zip_bytes({ZipEntry("a", "first"), ZipEntry("folder/", ""), b}, {.comment = "PK\5\6 no"});
  const Source source = source_of(bytes, "x.zip");
  ASSERT_TRUE(zip::probe(source));
  EXPECT_EQ(zip::first_name(source), "a");
  const zip::Archive archive = zip::open("zip", source);
  ASSERT_EQ(archive.entries.size(), 2u);
  EXPECT_FALSE(archive.inflated);
  ASSERT_NE(archive.find("b"), nullptr);
  EXPECT_EQ(content(*archive.find("a")), "first");
  EXPECT_EQ(content(*archive.find("b")), "second");
  EXPECT_EQ(archive.find("b")->storage, source.bytes);
  EXPECT_EQ(archive.find("b")->offset, bytes.find("second"));
  EXPECT_EQ(archive.find("folder/"), nullptr);
  EXPECT_NO_THROW(zip::check_crc("zip", "x.zip", *archive.find("a")));
  std::string damaged = bytes;
  damaged[bytes.find("first")] = 'F';
  const zip::Archive read = opened(damaged);
  expect_error([&] { zip::check_crc("zip", "x.zip", *read.find("a")); }, ErrorCode::invalid_file,
               {"x.zip", "entry a", "checksum"});
}

TEST(Zip, EmptyArchives) { EXPECT_TRUE(opened(zip_bytes({})).entries.empty()); }

TEST(Zip, DeflatedEntriesAreInflated) {
  std::string longer;
  for (int i = 0; i < 200'000; ++i) longer += std::to_string(i);  // more than a piece
  const std::string bytes = zip_bytes(
      {deflated_entry("a", "text"), ZipEntry("s", "stored"), deflated_entry("b", longer), deflated_entry("empty", "")});
  const zip::Archive archive = opened(bytes);
  EXPECT_TRUE(archive.inflated);
  EXPECT_EQ(content(*archive.find("a")), "text");
  EXPECT_EQ(content(*archive.find("s")), "stored");
  EXPECT_EQ(content(*archive.find("b")), longer);
  EXPECT_EQ(content(*archive.find("empty")), "");
}

TEST(Zip, SizesMayFollowTheData) {
  ZipEntry entry("a", "data");
  entry.local.flags = entry.central.flags = 0x0808;
  entry.local.crc = entry.local.packed = entry.local.bytes = 0;
  entry.behind = Bytes().u32(0x08074b50).u32(entry.central.crc).u32(4).u32(4).text();
  EXPECT_EQ(content(*opened(zip_bytes({entry, ZipEntry("b", "x")})).find("a")), "data");
  entry.local.flags = entry.central.flags = 0x0800;
  rejects(zip_bytes({entry}), {"entry a", "the directory says 4"});
}

TEST(Zip, Zip64FieldsGiveSizes) {
  ZipEntry entry("a", "data");
  entry.local.packed = entry.local.bytes = entry.central.packed = entry.central.bytes = 0xFFFFFFFF;
  const std::string sizes = Bytes().u16(7).u16(1).raw("?").u16(1).u16(16).u64(4).u64(4).text();
  entry.local.extra = entry.central.extra = sizes;
  EXPECT_EQ(content(*opened(zip_bytes({entry})).find("a")), "data");
  entry.central.extra = Bytes().u16(1).u16(8).u64(4).text();
  rejects(zip_bytes({entry}), {"entry a", "ZIP64 field of 8 bytes"});
  entry.central.extra = Bytes().u16(1).u16(99).u64(4).u64(4).text();
  rejects(zip_bytes({entry}), {"entry a", "no ZIP64 field"});
  entry.central.extra = sizes;
  entry.local.extra.clear();
  rejects(zip_bytes({entry}), {"entry a", "no ZIP64 field"});
}

TEST(Zip, TruncatedArchivesAreRefused) {
  const std::string bytes = zip_bytes({ZipEntry("a", "data"), deflated_entry("b", "some text")});
  for (std::size_t size = 0; size < bytes.size(); ++size) rejects(bytes.substr(0, size), {"x.zip"});
  rejects(bytes + "x", {"not complete"});
}

TEST(Zip, TheDirectoryMustAccountForTheEnd) {
  const std::vector<ZipEntry> entries{ZipEntry("a", "data")};
  rejects(zip_bytes(entries, {.disk = 1}), {"several parts"});
  rejects(zip_bytes(entries, {.entries = 0}), {"central directory"});
  rejects(zip_bytes(entries, {.entries = 2}), {"central directory"});
  rejects(zip_bytes(entries, {.entries = 0xFFFF}), {"65535 of at least 46 bytes"});
  rejects(zip_bytes(entries, {.bytes = 40}), {"does not end at byte"});
  rejects(zip_bytes(entries, {.offset = 0}), {"does not end at byte"});
  rejects(zip_bytes(entries, {.offset = 0xFFFFFFFF}), {"does not end at byte"});
  rejects("prefix" + zip_bytes(entries), {"does not end at byte"});
}

TEST(Zip, LocalHeadersMustAgree) {
  const auto damaged = [](auto&& damage, const std::vector<std::string>& parts) {
    ZipEntry entry("name", "data");
    damage(entry);
    rejects(zip_bytes({entry, ZipEntry("other", "more")}), parts);
  };
  damaged([](ZipEntry& e) { e.local.name = "mane"; }, {"entry name", "calls it mane"});
  damaged([](ZipEntry& e) { e.local.method = 8; }, {"entry name", "method 8"});
  damaged([](ZipEntry& e) { e.local.flags = 0x0800; }, {"entry name", "flags 0x800"});
  damaged([](ZipEntry& e) { e.local.crc ^= 1; }, {"entry name", "checksum"});
  damaged([](ZipEntry& e) { e.local.bytes = e.local.packed = 3; }, {"entry name", "3 bytes in 3", "4 in 4"});
  damaged([](ZipEntry& e) { e.header_offset = 1; }, {"entry name", "no header of an entry"});
  damaged([](ZipEntry& e) { e.header_offset = 1'000'000; }, {"entry name", "1000000"});
}

TEST(Zip, WhatIsNotReadIsRefused) {
  const auto with = [](int flags, int method) {
    ZipEntry entry("a", "data");
    entry.local.flags = entry.central.flags = static_cast<std::uint16_t>(flags);
    entry.local.method = entry.central.method = static_cast<std::uint16_t>(method);
    return zip_bytes({entry});
  };
  for (const int flags : {0x0001, 0x0020, 0x0040, 0x2000}) rejects(with(flags, 0), {"entry a", "encrypted"});
  for (const int method : {1, 9, 12, 14, 93}) rejects(with(0, method), {"compression method", "expected 0"});
  for (const std::string& name : {std::string(), std::string("a\0b", 3)})
    rejects(zip_bytes({ZipEntry(name, "data")}), {"NUL"});
  rejects(zip_bytes({ZipEntry("a", "x"), ZipEntry("a", "y")}), {"entry a is there twice"});
}

TEST(Zip, OverlapsAreRefused) {
  ZipEntry first("first", std::string(100, 'x'));
  // A second entry inside the first one's data, the way of the best zip bombs.
  const std::string inner = zip_bytes({ZipEntry("inner", "abc")});
  first.data.replace(0, 38, inner.substr(0, 38));
  first.local.crc = first.central.crc = test::crc32_of(first.data);
  ZipEntry second("inner", "abc");
  second.header_offset = 35;
  rejects(zip_bytes({first, second}), {"entry first", "reach into the next entry"});
  ZipEntry same("first", "data");
  same.header_offset = 0;
  rejects(zip_bytes({ZipEntry("first", "data"), same}), {"twice"});
  ZipEntry last("last", "data");
  last.local.packed = last.local.bytes = last.central.packed = last.central.bytes = 5;
  rejects(zip_bytes({last}), {"entry last", "reach into the directory"});
}

TEST(Zip, BombsAreRefusedBeforeTheyAllocate) {
  ZipEntry entry = deflated_entry("bomb", std::string(100'000, '\0'));
  entry.local.bytes = entry.central.bytes = 0xFFFFFFF0;
  rejects(zip_bytes({entry}), {"entry bomb", "4294967280 bytes cannot come from"});
  // Announced as less than it is: nothing is written past that.
  entry = deflated_entry("bomb", std::string(100'000, '\0'));
  entry.local.bytes = entry.central.bytes = 1000;
  rejects(zip_bytes({entry}), {"entry bomb", "more than the 1000 bytes"});
  entry.local.bytes = entry.central.bytes = 100'001;
  rejects(zip_bytes({entry}), {"entry bomb", "100000 bytes inflated"});
}

TEST(Zip, DamagedDeflateStreams) {
  ZipEntry entry = deflated_entry("a", "some text, some text");
  entry.local.crc = entry.central.crc ^= 1;
  rejects(zip_bytes({entry}), {"entry a", "checksum"});
  entry = deflated_entry("a", "some text, some text");
  entry.data[0] = '\x06';  // block type 3
  rejects(zip_bytes({entry}), {"entry a", "invalid block type"});
  entry = deflated_entry("a", "some text, some text");
  entry.data += "more";
  for (test::ZipFields* fields : {&entry.local, &entry.central}) fields->packed += 4;
  rejects(zip_bytes({entry}), {"entry a", "4 bytes behind"});
  entry = deflated_entry("a", "some text, some text");
  entry.data.pop_back();
  for (test::ZipFields* fields : {&entry.local, &entry.central}) --fields->packed;
  rejects(zip_bytes({entry}), {"entry a", "too early"});
}

TEST(Zip, TheWriterKnowsEveryOffset) {
  zip::Writer writer;
  const std::vector<std::pair<std::string, std::string>> entries{
      {"a", "first"}, {std::string(61, 'n'), ""}, {"caf\xc3\xa9", std::string(1000, 'x')}};
  for (const auto& [name, text] : entries) writer.add(name, text.size());
  test::TemporaryDirectory directory;
  Output output(directory / "x.zip", Output::Kind::file, false);
  OutputFile file = output.create(writer.file_bytes());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(writer.offset(i) % 64, 0u);
    file.write(writer.offset(i), entries[i].second);
    writer.set_crc(i, test::crc32_of(entries[i].second));
  }
  writer.finish(file);
  file.close();
  output.commit();
  const std::string bytes = test::read_file(directory / "x.zip");
  EXPECT_EQ(bytes.size(), writer.file_bytes());
  const zip::Archive archive = opened(bytes);
  ASSERT_EQ(archive.entries.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(archive.entries[i].name, entries[i].first);
    EXPECT_EQ(archive.entries[i].offset, writer.offset(i));
    EXPECT_EQ(content(archive.entries[i]), entries[i].second);
    EXPECT_NO_THROW(zip::check_crc("zip", "x.zip", archive.entries[i]));
  }
  expect_error([&] { writer.add(std::string(65536, 'n'), 1); }, ErrorCode::invalid_argument, {"65536", "65535"});
}

TEST(Zip, SizesAndOffsetsPast32Bits) {
  constexpr std::uint64_t large = (std::uint64_t{1} << 32) + 1;
  test::TemporaryDirectory directory;
  if (std::filesystem::space(directory.path()).available < 2 * large) GTEST_SKIP() << "no room for 4 GiB";
  zip::Writer writer;
  writer.add("large", large);
  writer.add("behind", 4);
  Output output(directory / "x.zip", Output::Kind::file, false);
  OutputFile file = output.create(writer.file_bytes());  // the large entry reads as zeros
  file.write(writer.offset(1), std::string_view("data"));
  writer.set_crc(1, test::crc32_of("data"));
  writer.finish(file);
  file.close();
  output.commit();
  const zip::Archive archive = zip::open("zip", source_at(directory / "x.zip"));
  ASSERT_EQ(archive.entries.size(), 2u);
  EXPECT_EQ(archive.entries[0].bytes, large);
  EXPECT_EQ(archive.entries[1].offset, writer.offset(1));
  EXPECT_EQ(content(archive.entries[1]), "data");
}

TEST(Zip, MoreEntriesThan16BitsCount) {
  zip::Writer writer;
  constexpr std::size_t count = 65'536;
  for (std::size_t i = 0; i < count; ++i) writer.add(std::to_string(i), 0);
  test::TemporaryDirectory directory;
  Output output(directory / "x.zip", Output::Kind::file, false);
  OutputFile file = output.create(writer.file_bytes());
  writer.finish(file);
  file.close();
  output.commit();
  std::string bytes = test::read_file(directory / "x.zip");
  EXPECT_EQ(opened(bytes).entries.size(), count);
  // The record and its locator, and the narrow record that must not contradict them.
  const std::size_t record = bytes.size() - 22 - 20 - 56, locator = bytes.size() - 22 - 20;
  const auto damaged = [&](std::size_t at, const std::vector<std::string>& parts) {
    std::string copy = bytes;
    copy[at] = static_cast<char>(copy[at] ^ 0x40);
    rejects(copy, parts);
  };
  damaged(record, {"no ZIP64 record"});
  damaged(record + 4, {"does not reach its locator"});
  damaged(record + 32, {"central directory"});
  damaged(record + 40, {"contradicts its ZIP64 record"});
  damaged(locator + 4, {"several parts"});
  damaged(locator + 8, {"ZIP64"});
  damaged(locator + 12, {"end of central directory"});
}

}  // namespace
}  // namespace ingot
