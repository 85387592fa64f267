#include <fmt/core.h>

#include <cmath>

#include "formats/gguf/gguf.h"
#include "support/bytes.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

using test::Bytes;
using test::expect_error;
using test::source_of;
using test::TemporaryDirectory;
using test::values_of;

enum : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Arr, U64, I64, F64 };

// A GGUF file part by part, in any version and order. Written from the specification, independent of our writer.
class Gguf {
 public:
  explicit Gguf(std::uint32_t version = 3, std::endian order = std::endian::little)
      : version_(version), order_(order), keys_(order), infos_(order) {}

  Bytes& size(Bytes& out, std::uint64_t n) {
    return version_ == 1 ? out.u32(static_cast<std::uint32_t>(n)) : out.u64(n);
  }
  Bytes& string(Bytes& out, std::string_view text) { return size(out, text.size()).raw(text); }
  /// The value's bytes are appended to what is returned.
  Bytes& key(std::string_view name, std::uint32_t type) {
    ++key_count;
    return string(keys_, name).u32(type);
  }
  Bytes& keys() { return keys_; }
  Gguf& tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
               std::uint64_t offset) {
    ++tensor_count;
    string(infos_, name).u32(static_cast<std::uint32_t>(dims.size()));
    for (const auto dim : dims) size(infos_, dim);
    infos_.u32(type).u64(offset);
    return *this;
  }
  std::string file(std::string_view data = {}, std::size_t alignment = 32) {
    Bytes out(order_);
    out.raw("GGUF").u32(version_);
    size(out, tensor_count);
    size(out, key_count);
    out.raw(keys_.text()).raw(infos_.text());
    if (!data.empty()) out.align(alignment).raw(data);
    return out.text();
  }

  std::uint64_t key_count = 0, tensor_count = 0;

 private:
  std::uint32_t version_;
  std::endian order_;
  Bytes keys_, infos_;
};

void rejects(std::string_view bytes, const std::vector<std::string>& parts) {
  test::expect_invalid(bytes, parts, "x.gguf");
}

Checkpoint opened(std::string_view bytes, const OpenOptions& options = {}) {
  return open_source(source_of(bytes, "x.gguf"), options);
}

// All versions and orders that exist, and two that only we read.
const std::pair<std::uint32_t, std::endian> variants[] = {{1, std::endian::little}, {2, std::endian::little},
                                                          {3, std::endian::little}, {3, std::endian::big},
                                                          {2, std::endian::big},    {1, std::endian::big}};

TEST(Gguf, ReadsMetadataOfAllTypes) {
  for (const auto& [version, order] : variants) {
    Gguf g(version, order);
    g.key("u8", U8).u8(200);
    g.key("i8", I8).u8(200);
    g.key("u16", U16).u16(60000);
    g.key("i16", I16).u16(60000);
    g.key("u32", U32).u32(4000000000u);
    g.key("i32", I32).u32(4000000000u);
    g.key("f32", F32).f32(1.5f);
    g.key("yes", Bool).u8(1);
    g.string(g.key("string", String), "h\u00e9llo");
    g.key("u64", U64).u64(1ull << 63);
    g.key("i64", I64).u64(~0ull);
    g.key("f64", F64).number(0.1);
    g.size(g.key("u16s", Arr).u32(U16), 2).u16(1).u16(65535);
    g.size(g.key("bools", Arr).u32(Bool), 2).u8(1).u8(0);
    Bytes& strings = g.size(g.key("strings", Arr).u32(String), 2);
    g.string(g.string(strings, "a"), "");
    Bytes& nested = g.size(g.key("nested", Arr).u32(Arr), 2);
    g.size(nested.u32(I32), 1).u32(5);
    g.size(nested.u32(Arr), 1);
    g.size(nested.u32(F64), 1).number(2.5);
    const Checkpoint c = opened(g.file());
    const Metadata& m = c.metadata;
    EXPECT_EQ(c.format, "gguf");
    ASSERT_EQ(m.size(), 16u);
    EXPECT_EQ(std::get<std::uint8_t>(*m.find("u8")), 200);
    EXPECT_EQ(std::get<std::int8_t>(*m.find("i8")), -56);
    EXPECT_EQ(std::get<std::uint16_t>(*m.find("u16")), 60000);
    EXPECT_EQ(std::get<std::int16_t>(*m.find("i16")), -5536);
    EXPECT_EQ(std::get<std::uint32_t>(*m.find("u32")), 4000000000u);
    EXPECT_EQ(std::get<std::int32_t>(*m.find("i32")), -294967296);
    EXPECT_EQ(std::get<float>(*m.find("f32")), 1.5f);
    EXPECT_EQ(std::get<bool>(*m.find("yes")), true);
    EXPECT_EQ(m.string("string"), "h\u00e9llo");
    EXPECT_EQ(std::get<std::uint64_t>(*m.find("u64")), 1ull << 63);
    EXPECT_EQ(std::get<std::int64_t>(*m.find("i64")), -1);
    EXPECT_EQ(std::get<double>(*m.find("f64")), 0.1);
    EXPECT_EQ(m.integers("u16s"), (std::vector<std::int64_t>{1, 65535}));
    EXPECT_EQ(std::get<Array>(*m.find("bools")), (Array{std::vector<bool>{true, false}}));
    EXPECT_EQ(m.strings("strings"), (std::vector<std::string>{"a", ""}));
    const Array inner{std::vector<Array>{Array{std::vector<double>{2.5}}}};
    EXPECT_EQ(std::get<Array>(*m.find("nested")),
              (Array{std::vector<Array>{Array{std::vector<std::int32_t>{5}}, inner}}));
    EXPECT_EQ(m.begin()->first, "u8");
  }
}

TEST(Gguf, ReadsTensorsInPlace) {
  for (const auto& [version, order] : variants) {
    Gguf g(version, order);
    g.tensor("m", {3, 2}, 0, 0).tensor("s", {}, 26, 32).tensor("none", {0, 4}, 0, 64);
    Bytes data(order);
    for (int i = 0; i < 6; ++i) data.f32(static_cast<float>(i));
    data.align(32).u32(77).align(32);
    const Source source = source_of(g.file(data.text()), "x", 1);
    const Checkpoint c = open_source(source);
    ASSERT_EQ(c.tensors.size(), 3u);
    EXPECT_EQ(c.get("m").shape(), (Shape{2, 3}));
    EXPECT_EQ(values_of<float>(c.get("m")), (std::vector<float>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(values_of<std::int32_t>(c.get("s")), std::vector<std::int32_t>{77});
    EXPECT_EQ(c.get("none").shape(), (Shape{4, 0}));
    EXPECT_EQ(c.tensors[0].offset % 32, 0u);
    if (order == std::endian::little) {
      EXPECT_EQ(c.get("m").bytes(), source.bytes->data() + c.tensors[0].offset);
    }
    EXPECT_EQ(c.notes.size(), order == std::endian::little ? 0u : 1u);
  }
}

TEST(Gguf, TheSmallestFilesOpen) {
  // Nothing behind the last value: counts are refused only where the bytes cannot be there.
  for (const auto& [version, order] : variants) {
    Gguf key(version, order);
    key.key("k", U8).u8(7);
    EXPECT_EQ(opened(key.file()).metadata.integer("k"), 7);
    Gguf texts(version, order);
    texts.size(texts.size(texts.size(texts.key("k", Arr).u32(String), 2), 0), 0);
    EXPECT_EQ(opened(texts.file()).metadata.strings("k"), (std::vector<std::string>{"", ""}));
    Gguf nested(version, order);
    nested.size(nested.size(nested.key("k", Arr).u32(Arr), 1).u32(U8), 0);
    EXPECT_EQ(opened(nested.file()).metadata.size(), 1u);
    Gguf tensor(version, order);
    tensor.key("general.alignment", U32).u32(1);
    EXPECT_EQ(opened(tensor.tensor("w", {0}, 0, 0).file()).get("w").numel(), 0);
  }
  Gguf dims;
  EXPECT_EQ(opened(dims.tensor("w", {1, 1, 1, 2}, 24, 0).file("ab")).get("w").shape(), (Shape{2, 1, 1, 1}));
}

TEST(Gguf, AlignmentIsRespected) {
  for (const std::uint32_t alignment : {1u, 8u, 64u, 4096u}) {
    Gguf g;
    g.key("general.alignment", U32).u32(alignment);
    g.tensor("a", {1}, 24, 0).tensor("b", {1}, 24, alignment);
    std::string data(alignment + 1, '\0');
    data[0] = 1, data[alignment] = 2;
    const Checkpoint c = opened(g.file(data, alignment));
    EXPECT_EQ(values_of<std::int8_t>(c.get("a"))[0], 1);
    EXPECT_EQ(values_of<std::int8_t>(c.get("b"))[0], 2);
  }
}

TEST(Gguf, TypesHaveTheirSizes) {
  // Number, elements and bytes of a block: ggml's type table, from the facts of the format and not from our rows.
  const int table[][3] = {{0, 1, 4},      {1, 1, 2},      {2, 32, 18},   {3, 32, 20},    {6, 32, 22},    {7, 32, 24},
                          {8, 32, 34},    {9, 32, 36},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144}, {13, 256, 176},
                          {14, 256, 210}, {15, 256, 292}, {16, 256, 66}, {17, 256, 74},  {18, 256, 98},  {19, 256, 50},
                          {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136}, {24, 1, 1},     {25, 1, 2},
                          {26, 1, 4},     {27, 1, 8},     {28, 1, 8},    {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
                          {35, 256, 66},  {39, 32, 17},   {40, 64, 36},  {41, 128, 18},  {42, 64, 18}};
  for (const auto& [number, elements, bytes] : table) {
    Gguf g;
    g.tensor("w", {static_cast<std::uint64_t>(elements), 3}, static_cast<std::uint32_t>(number), 0);
    const std::string data(static_cast<std::size_t>(3 * bytes), '\1');
    EXPECT_EQ(opened(g.file(data)).get("w").nbytes(), data.size()) << number;
    rejects(g.file(data.substr(1)), {"tensor w", "pass the end"});
    if (elements > 1) {
      Gguf broken;
      broken.tensor("w", {static_cast<std::uint64_t>(elements / 2), 2}, static_cast<std::uint32_t>(number), 0);
      rejects(broken.file(data), {"tensor w", "not a multiple of the block"});
    }
  }
}

// The cases of CVE-2026-33298, CVE-2025-49847 and others' bug lists, one by one.

TEST(GgufSafety, Headers) {
  rejects("", {"magic"});
  rejects("GGU", {"magic", "3 bytes remain"});
  rejects("GGML\3\0\0\0", {"magic", "GGML"});
  rejects("GGUF", {"version"});
  rejects("GGUF\3", {"byte 4: version: 1 bytes remain, expected 4"});
  for (const std::uint32_t version : {0u, 4u, 0x00040000u, 0xFFFF0000u})
    rejects(Bytes().raw("GGUF").u32(version).zeros(16).text(), {"byte 4", "version", "expected 1, 2 or 3"});
  rejects(Bytes().raw("GGUF").u32(3).u64(0).text(), {"key count"});
  rejects(Bytes().raw("GGUF").u32(3).u64(~0ull).u64(0).text(), {"byte 8", "tensor count"});
  rejects(Bytes().raw("GGUF").u32(3).u64(0).u64(~0ull).text(), {"metadata keys"});
  rejects(Bytes().raw("GGUF").u32(3).u64(1ull << 60).u64(0).zeros(64).text(), {"tensor count"});
  const std::string whole = [] {
    Gguf g;
    g.string(g.key("general.name", String), "name");
    g.tensor("w", {4}, 0, 0);
    return g.file(std::string(16, 'x'));
  }();
  EXPECT_EQ(opened(whole).tensors.size(), 1u);
  for (std::size_t n = 4; n < whole.size(); ++n)  // cut anywhere
    EXPECT_THROW(opened(std::string_view(whole).substr(0, n)), Error) << n;
}

TEST(GgufSafety, Keys) {
  const auto with = [](auto&& fill) {
    Gguf g;
    fill(g);
    return g.file();
  };
  rejects(with([](Gguf& g) { g.key("", U8).u8(1); }), {"key", "empty"});
  rejects(with([](Gguf& g) { g.key(std::string(65536, 'k'), U8).u8(1); }), {"65536 bytes"});
  EXPECT_EQ(opened(with([](Gguf& g) { g.key(std::string(65535, 'k'), U8).u8(1); })).metadata.size(), 1u);
  rejects(with([](Gguf& g) { g.key("a\xff", U8).u8(1); }), {"key", "UTF-8"});
  rejects(with([](Gguf& g) {
            g.key("a", U8).u8(1);
            g.key("a", U8).u8(1);
          }),
          {"key a", "twice"});
  rejects(with([](Gguf& g) { g.key("a", 13).u64(1); }), {"key a", "unknown value type 13"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(13).u64(1).u64(1); }), {"key a", "unknown type 13"});
  rejects(with([](Gguf& g) { g.key("a", Bool).u8(2); }), {"key a", "bool of 2"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(Bool).u64(2).u8(1).u8(3); }), {"key a", "bool of 3"});
  rejects(with([](Gguf& g) { g.key("a", String).u64(~0ull); }), {"key a", "18446744073709551615"});
  rejects(with([](Gguf& g) { g.key("a", String).u64(5).raw("abcd"); }), {"key a", "a length of 5", "4 bytes remain"});
  rejects(with([](Gguf& g) { g.string(g.key("a", String), "\xc3"); }), {"key a", "UTF-8"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(U64).u64(1ull << 61).u64(0); }), {"key a", "2305843009213693952"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(String).u64(1ull << 40).u64(0); }), {"key a", "1099511627776"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(Arr).u64(1ull << 40).u64(0).u64(0); }), {"key a"});
  rejects(with([](Gguf& g) { g.key("a", U64).u32(0); }), {"key a", "4 bytes remain"});
  // A string in an array that is longer than the file: the out-of-bounds read of vocabularies.
  rejects(with([](Gguf& g) { g.key("tokenizer.ggml.tokens", Arr).u32(String).u64(1).u64(100).raw("abc"); }),
          {"tokenizer.ggml.tokens", "a length of 100"});
  Gguf deep;
  Bytes& levels = deep.key("a", Arr);
  for (int i = 0; i < 100; ++i) levels.u32(Arr).u64(1);
  levels.u32(U8).u64(0);
  rejects(deep.file(), {"key a", "nested deeper"});
  const auto nested = [](int depth) {  // an array, and as many in each other inside it
    Gguf g;
    Bytes& out = g.key("a", Arr);
    for (int i = 0; i < depth; ++i) out.u32(Arr).u64(1);
    out.u32(U8).u64(0);
    return g.file();
  };
  EXPECT_EQ(opened(nested(8)).metadata.size(), 1u);
  rejects(nested(9), {"key a", "nested deeper than 8"});
  rejects(with([](Gguf& g) { g.key("a", Arr).u32(Arr).u64(3).zeros(35); }), {"3 elements of at least 12 bytes"});
}

TEST(GgufSafety, MetadataIsBounded) {
  // Sparse files whose claims fit into their bytes, but not into a gigabyte of memory.
  TemporaryDirectory directory;
  const auto refuses = [&](std::uint32_t type, std::uint64_t count, std::uint64_t bytes) {
    Gguf g;
    if (type == String)
      g.key("a", String).u64(bytes);
    else
      g.key("a", Arr).u32(type == Arr ? String : type).u64(count);
    test::write_file(directory / "x.gguf", g.file());
    std::filesystem::resize_file(directory / "x.gguf", std::filesystem::file_size(directory / "x.gguf") + bytes);
    expect_error([&] { open_checkpoint(directory / "x.gguf"); }, ErrorCode::invalid_file,
                 {"key a", "the metadata takes more than 1073741824 bytes"});
  };
  constexpr std::uint64_t most = 1ull << 30;
  refuses(U8, most, most);
  refuses(F64, most / 8, most);
  refuses(String, 1, most);
  refuses(Arr, most / sizeof(std::string), 8 * (most / sizeof(std::string)));  // strings, all empty
}

TEST(GgufSafety, Alignment) {
  for (const std::uint32_t alignment : {0u, 3u, 48u, 1u << 31, 1u << 22, ~0u}) {
    Gguf g;
    g.key("general.alignment", U32).u32(alignment);
    g.tensor("w", {1}, 24, 0);
    rejects(g.file("x"), {"general.alignment", std::to_string(alignment), "power of two"});
  }
  Gguf g;
  g.key("general.alignment", U64).u64(32);
  rejects(g.file(), {"general.alignment", "found u64, expected u32"});
}

TEST(GgufSafety, Tensors) {
  const auto with = [](const std::vector<std::uint64_t>& dims, std::uint32_t type, std::uint64_t offset,
                       std::string_view name = "w") {
    Gguf g;
    g.tensor(name, dims, type, offset);
    return g.file(std::string(64, 'x'));
  };
  EXPECT_EQ(opened(with({16}, 0, 0)).tensors.size(), 1u);
  rejects(with({16}, 0, 0, ""), {"tensor name", "empty"});
  rejects(with({16}, 0, 0, "\x80"), {"tensor name", "UTF-8"});
  rejects(with({1, 1, 1, 1, 1}, 0, 0), {"tensor w", "5 dimensions"});
  rejects(with({1}, 4, 0), {"tensor w", "type 4", "Q4_2"});
  rejects(with({1}, 31, 0), {"tensor w", "type 31"});
  rejects(with({1}, 38, 0), {"tensor w", "TL1"});
  rejects(with({1}, 43, 0), {"tensor w", "type 43 is unknown"});
  rejects(with({1}, ~0u, 0), {"tensor w", "4294967295"});
  rejects(with({1}, 0, 1), {"tensor w", "offset 1", "alignment 32"});
  rejects(with({1}, 0, 16), {"tensor w", "offset 16", "alignment 32"});
  rejects(with({17}, 0, 0), {"tensor w", "68 bytes", "pass the end"});
  rejects(with({1}, 0, 64), {"tensor w", "pass the end"});
  rejects(with({1}, 0, ~0ull - 31), {"tensor w", "pass the end"});
  rejects(with({~0ull}, 0, 0), {"tensor w", "2^63"});
  rejects(with({1ull << 63}, 24, 0), {"tensor w", "2^63"});
  rejects(with({1ull << 32, 1ull << 32}, 0, 0), {"tensor w", "2^63"});
  rejects(with({0, 1ull << 62, 4}, 0, 0), {"tensor w", "2^63"});  // nothing, but its strides overflow
  rejects(with({1ull << 62}, 28, 0), {"tensor w", "overflows"});  // elements × type size
  rejects(with({1ull << 62}, 0, 0), {"tensor w"});                // 2⁶⁴ bytes
  rejects(with({33}, 2, 0), {"tensor w", "Q4_0", "33 elements"});
  Gguf twice;
  twice.tensor("w", {1}, 0, 0).tensor("w", {1}, 0, 32);
  rejects(twice.file(std::string(64, 'x')), {"tensor w", "twice"});
  Gguf overlap;
  overlap.tensor("a", {9}, 0, 0).tensor("b", {1}, 0, 32);
  rejects(overlap.file(std::string(64, 'x')), {"tensor b", "overlap those of a"});
  Gguf by_one;
  by_one.tensor("a", {33}, 24, 0).tensor("b", {1}, 24, 32);
  rejects(by_one.file(std::string(64, 'x')), {"tensor b", "overlap those of a"});
  Gguf nothing;  // no bytes, so none that are shared
  nothing.tensor("a", {64}, 24, 0).tensor("none", {0}, 24, 32);
  EXPECT_EQ(opened(nothing.file(std::string(64, 'x'))).tensors.size(), 2u);
  Gguf same;
  same.tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 0);
  rejects(same.file(std::string(64, 'x')), {"overlap"});
  // 2⁶⁴ − 4 bytes at offset 0 and another tensor at 0: the padded size wraps to 0 where it is not checked before.
  Gguf wrap;
  wrap.tensor("a", {(1ull << 62) - 1}, 0, 0).tensor("b", {1}, 0, 0);
  rejects(wrap.file(std::string(32, 'x')), {"tensor a", "pass the end"});
  // Offsets in any order are fine, as are gaps: the specification asks for alignment only.
  Gguf loose;
  loose.tensor("a", {1}, 24, 64).tensor("b", {1}, 24, 0);
  EXPECT_EQ(opened(loose.file(std::string(65, 'x'))).tensors[0].name, "a");
}

TEST(GgufSafety, ManyNamesTakeLinearTime) {
  // 40,000 of each took seconds in readers that compare every pair; this takes tens of milliseconds, and the test's
  // time limit sees a quadratic one.
  Gguf g;
  for (int i = 0; i < 40000; ++i) g.key(fmt::format("key.{}", i), U8).u8(1);
  for (int i = 0; i < 40000; ++i) g.tensor(fmt::format("tensor.{}", i), {1}, 24, 32ull * static_cast<unsigned>(i));
  const Checkpoint c = opened(g.file(std::string(32 * 40000, 'x')));
  EXPECT_EQ(c.tensors.size(), 40000u);
  EXPECT_EQ(c.metadata.size(), 40000u);
}

TEST(Gguf, BigEndianBlocksAreSwappedInside) {
  // Fields of the blocks wider than a byte, as {first byte, width}…; every other byte stays.
  struct Case {
    std::uint32_t type;
    std::size_t bytes;
    std::vector<std::pair<std::size_t, std::size_t>> fields;
  };
  const auto list = [](std::size_t at, std::size_t width, std::size_t count, std::size_t step) {
    std::vector<std::pair<std::size_t, std::size_t>> fields{{0, at == 0 ? width : 2}};  // all of these begin so
    for (std::size_t i = at == 0 ? 1 : 0; i < count; ++i) fields.emplace_back(at + i * step, width);
    return fields;
  };
  auto q8_k = list(260, 2, 16, 2);
  q8_k[0] = {0, 4};  // the only scale in f32
  const Case cases[] = {{2, 18, {{0, 2}}},
                        {3, 20, {{0, 2}, {2, 2}}},
                        {6, 22, {{0, 2}, {2, 4}}},
                        {7, 24, {{0, 2}, {2, 2}, {4, 4}}},
                        {8, 34, {{0, 2}}},
                        {9, 36, {{0, 2}, {2, 2}}},
                        {10, 84, {{80, 2}, {82, 2}}},
                        {11, 110, {{108, 2}}},
                        {12, 144, {{0, 2}, {2, 2}}},
                        {13, 176, {{0, 2}, {2, 2}}},
                        {14, 210, {{208, 2}}},
                        {15, 292, q8_k},
                        {16, 66, list(6, 4, 8, 8)},   // per 32 elements four indices, then a u32 of scale and signs
                        {17, 74, list(0, 2, 33, 2)},  // 32 numbers of index and signs
                        {18, 98, list(66, 4, 8, 4)},  // behind 64 indices
                        {19, 50, list(34, 2, 8, 2)},  // behind 32 bytes of indices
                        {20, 18, {{0, 2}}},
                        {21, 110, {{0, 2}}},
                        {22, 82, {{0, 2}}},
                        {23, 136, {{0, 2}, {2, 2}}},
                        {34, 54, {{52, 2}}},
                        {35, 66, {{64, 2}}},
                        {39, 17, {}},
                        {40, 36, {}},
                        {41, 18, {{0, 2}}},
                        {42, 18, {{0, 2}}},
                        {29, 56, {{48, 2}, {50, 2}, {52, 2}, {54, 2}}}};
  for (const Case& one : cases) {
    std::string big(2 * one.bytes, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i % 251);  // no multiple of a width
    std::string little = big;
    for (std::size_t block = 0; block < 2; ++block)
      for (const auto& [at, width] : one.fields) {
        const auto begin = little.begin() + static_cast<std::ptrdiff_t>(block * one.bytes + at);
        std::reverse(begin, begin + static_cast<std::ptrdiff_t>(width));
      }
    Gguf g(3, std::endian::big);
    const auto elements =
        static_cast<std::uint64_t>(info(*scheme_from_ggml(static_cast<int>(one.type))).block_elements);
    g.tensor("w", {2 * elements}, one.type, 0);
    const Checkpoint c = opened(g.file(big));
    EXPECT_EQ(std::memcmp(c.get("w").bytes(), little.data(), little.size()), 0) << one.type;
  }
}

TEST(Gguf, LargeBigEndianFilesAreReadThroughAFile) {
  // More than the 64 MiB that are copied to memory, in pieces of a megabyte: blocks of 18 bytes end elsewhere.
  constexpr std::size_t blocks = 4'000'000, bytes = 18 * blocks, padded = (bytes + 31) / 32 * 32;
  Gguf g(3, std::endian::big);
  g.tensor("q", {32 * blocks}, 2, 0).tensor("w", {2}, 0, padded);
  std::string data(padded, '\0');
  for (std::size_t i = 0; i < blocks; ++i) data[18 * i] = static_cast<char>(i % 127), data[18 * i + 1] = '\x7f';
  data += Bytes(std::endian::big).f32(1.5f).f32(-3).text();
  const Checkpoint c = opened(g.file(data));
  const std::byte* q = c.get("q").bytes();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < blocks; ++i) wrong += q[18 * i] != std::byte{0x7f} || q[18 * i + 1] != std::byte(i % 127);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(values_of<float>(c.get("w")), (std::vector<float>{1.5f, -3}));
}

TEST(Gguf, I2SReadsItsTail) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    Gguf g(3, order);
    g.tensor("w", {128, 2}, 36, 0).tensor("after", {1}, 24, 96);
    Bytes data(order);
    data.raw(std::string(64, '\x55')).f32(0.75f).zeros(28).raw("\7");
    OpenOptions options;
    const Checkpoint c = opened(g.file(data.text()), options);
    const Tensor& w = c.get("w");
    EXPECT_EQ(w.encoding()->scheme(), Scheme::i2_s);
    EXPECT_EQ(w.encoding()->packing(), Packing::i2s_x86);
    EXPECT_EQ(w.encoding()->scale(), 0.75f);
    EXPECT_EQ(w.nbytes(), 96u);
    EXPECT_EQ(w.bytes()[0], std::byte{0x55});
    EXPECT_THAT(c.notes.back(), ::testing::AllOf(::testing::HasSubstr("x86"), ::testing::HasSubstr("no marker")));
    options.i2s_packing = Packing::i2s_arm;
    EXPECT_EQ(opened(g.file(data.text()), options).get("w").encoding()->packing(), Packing::i2s_arm);
    options.i2s_packing = Packing::i2s_rows;  // two rows cannot share bytes by four
    expect_error([&] { opened(g.file(data.text()), options); }, ErrorCode::invalid_file, {"tensor w", "multiple of 4"});
  }
  Gguf g;
  g.tensor("w", {64}, 36, 0);
  rejects(g.file(std::string(48, 'x')), {"tensor w", "multiple of 128"});
  rejects(g.file(std::string(47, 'x')), {"tensor w", "pass the end"});
  for (const float scale : {HUGE_VALF, -HUGE_VALF, NAN}) {
    Gguf wild;
    wild.tensor("w", {128}, 36, 0);
    rejects(wild.file(Bytes().zeros(32).f32(scale).zeros(28).text()), {"tensor w", "not finite"});
  }
}

TEST(Gguf, AFileMaySayHowI2SIsPacked) {
  const auto file = [](std::string_view packing) {
    Gguf g;
    g.string(g.key("ingot.i2_s.packing", String), packing);
    return g.tensor("w", {64}, 36, 0).file(Bytes().zeros(16).f32(2).zeros(28).text());
  };
  const Checkpoint c = opened(file("arm"));  // 64 elements are no multiple of x86's 128
  EXPECT_EQ(c.get("w").encoding()->packing(), Packing::i2s_arm);
  EXPECT_THAT(c.notes.back(), ::testing::HasSubstr("as the key ingot.i2_s.packing says"));
  for (const char* packing : {"", "none", "sparc"}) rejects(file(packing), {"ingot.i2_s.packing", "x86, arm or rows"});
  Gguf number;
  number.key("ingot.i2_s.packing", U8).u8(1);
  rejects(number.file(), {"ingot.i2_s.packing", "x86, arm or rows"});
}

// Writing.

TEST(Gguf, WritesEveryValueAndTensor) {
  OutputPlan plan;
  Metadata& m = plan.metadata;
  m.set("general.architecture", std::string("llama"));
  m.set("general.alignment", std::uint32_t{64});
  m.set("a.bool", true);
  m.set("a.f64", 0.1);
  m.set("a.i8", std::int8_t{-3});
  m.set("a.u64", ~std::uint64_t{0});
  m.set("a.bools", Array{std::vector<bool>{true, false, true}});
  m.set("a.strings", Array{std::vector<std::string>{"x", "", "\u00e9"}});
  m.set("a.nested",
        Array{std::vector<Array>{Array{std::vector<std::uint16_t>{1, 2}}, Array{std::vector<std::string>{"y"}}}});
  Ref<Storage> blocks = Storage::allocate(68);
  std::memset(blocks->mutable_data(), 0x3C, 68);
  plan.tensors = {OutputTensor::of("q", Tensor::view_of(blocks, 0, {2, 32}, Encoding::of(Scheme::q8_0))),
                  OutputTensor::of("w", Tensor::from<float>({1, 2, 3, 4, 5, 6}, Shape{2, 3})),
                  OutputTensor::of("scalar", Tensor::from<std::int64_t>({9}, Shape{}))};
  TemporaryDirectory directory;
  write_checkpoint(directory / "x.gguf", "gguf", plan);
  const Checkpoint c = open_checkpoint(directory / "x.gguf");
  EXPECT_TRUE(std::equal(m.begin(), m.end(), c.metadata.begin(), c.metadata.end()));
  ASSERT_EQ(c.tensors.size(), 3u);
  EXPECT_EQ(c.tensors[0].name, "q");
  EXPECT_EQ(describe(c.get("q")), "Q8_0 (2, 32)");
  EXPECT_EQ(c.get("w").shape(), (Shape{2, 3}));
  EXPECT_EQ(values_of<float>(c.get("w")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values_of<std::int64_t>(c.get("scalar")), std::vector<std::int64_t>{9});
  for (const NamedTensor& t : c.tensors) EXPECT_EQ(t.offset % 64, 0u);
  EXPECT_EQ(test::read_file(directory / "x.gguf").size() % 64, 0u);
}

TEST(Gguf, WriterRefusesWhatTheFormatCannotHold) {
  TemporaryDirectory directory;
  const auto refuses = [&](OutputPlan plan, const std::vector<std::string>& parts) {
    expect_error([&] { write_checkpoint(directory / "x", "gguf", plan); }, ErrorCode::invalid_argument, parts);
    EXPECT_TRUE(directory.names().empty());
  };
  const auto tensor = [](std::string name, Tensor t) {
    OutputPlan plan;
    plan.tensors.push_back(OutputTensor::of(std::move(name), std::move(t)));
    return plan;
  };
  const Tensor x = Tensor::from<float>({1});
  refuses(tensor("w", Tensor::empty({1}, DType::u8)), {"tensor w", "no type for u8"});
  refuses(tensor("w", Tensor::empty({1}, DType::bool_)), {"tensor w", "no type for bool"});
  refuses(tensor("w", Tensor::empty({1}, DType::f8_e4m3)), {"tensor w", "f8_e4m3"});
  refuses(tensor("c", Tensor::view_of(Storage::allocate(8), 0, {1}, Encoding::of(Scheme::c64))), {"tensor c", "C64"});
  refuses(tensor(std::string(64, 'n'), x), {"64 bytes", "63"});
  write_checkpoint(directory / "x", "gguf", tensor(std::string(63, 'n'), x));
  std::filesystem::remove(directory / "x");
  refuses(tensor("w", Tensor::empty({1, 1, 1, 1, 1}, DType::f32)), {"tensor w", "5 dimensions"});
  OutputPlan plan = tensor("w", x);
  plan.tensors[0].encoding = Encoding::of(Scheme::q4_0);
  refuses(plan, {"tensor w", "Q4_0", "not a multiple of the block of 32"});
  plan = tensor("w", x);
  plan.metadata.set("general.alignment", std::uint32_t{3});
  refuses(plan, {"general.alignment", "3"});
  plan.metadata.set("general.alignment", std::string("32"));
  refuses(plan, {"general.alignment", "string"});
  plan.metadata = {};
  plan.metadata.set("", true);
  refuses(plan, {"key"});
  plan.metadata = {};
  plan.metadata.set("k", std::string("\xff"));
  refuses(plan, {"k", "UTF-8"});
  for (const std::string& key : {std::string("\xff"), std::string(65536, 'k')}) {
    plan.metadata = {};
    plan.metadata.set(key, true);
    refuses(plan, {"metadata key", "1 to 65535 bytes of UTF-8"});
  }
  const Array texts{std::vector<std::string>{"a", "\xff"}};
  for (const Array& value : {texts, Array{std::vector<Array>{texts}}}) {
    plan.metadata = {};
    plan.metadata.set("k", value);
    refuses(plan, {"metadata k", "\\xff", "UTF-8"});
  }
  // Parts are numbered in 16 bits.
  plan = {};
  for (int i = 0; i < 65536; ++i) plan.tensors.push_back(OutputTensor::of(std::to_string(i), x));
  plan.max_shard_bytes = 4;
  refuses(plan, {"65536 parts", "65535"});
}

TEST(Gguf, I2SIsWrittenWithItsTail) {
  Ref<Storage> storage = Storage::allocate(64);
  std::memset(storage->mutable_data(), 0, 64);
  const float scale = 0.5f;
  std::memcpy(storage->mutable_data() + 32, &scale, sizeof scale);
  OutputPlan plan;
  plan.tensors = {OutputTensor::of("w", Tensor::view_of(storage, 0, {128}, Encoding::i2_s(Packing::i2s_x86, scale))),
                  OutputTensor::of("v", Tensor::from<float>({3}))};
  TemporaryDirectory directory;
  write_checkpoint(directory / "x.gguf", "gguf", plan);
  const Checkpoint c = open_checkpoint(directory / "x.gguf");
  EXPECT_EQ(c.get("w").encoding()->scale(), 0.5f);
  EXPECT_EQ(values_of<float>(c.get("v")), std::vector<float>{3});
  plan.tensors[0] = OutputTensor::of("w", Tensor::view_of(storage, 0, {128}, Encoding::i2_s(Packing::i2s_x86, 0.25f)));
  write_checkpoint(directory / "z.gguf", "gguf", plan);  // the encoding is what the tensor says of itself
  EXPECT_EQ(open_checkpoint(directory / "z.gguf").get("w").encoding()->scale(), 0.25f);
  // Planned in one packing, made in another.
  plan.tensors[0].encoding = Encoding::i2_s(Packing::i2s_arm, scale);
  expect_error([&] { write_checkpoint(directory / "y.gguf", "gguf", plan); }, ErrorCode::internal, {"tensor w"});
}

// Splits.

class SplitGguf : public ::testing::Test {
 protected:
  std::string part(int number) { return directory / fmt::format("m-{:05d}-of-00003.gguf", number); }
  void write_part(int number, unsigned split_no, unsigned count, std::int32_t total) {
    Gguf g;
    if (number == 1) g.string(g.key("general.name", String), "whole");
    g.key("split.no", U16).u16(split_no);
    g.key("split.count", U16).u16(count);
    g.key("split.tensors.count", I32).number(total);
    if (number > 1) g.tensor(fmt::format("t{}", number), {1}, 24, 0);  // the first part has metadata only
    test::write_file(part(number), g.file(number > 1 ? std::string(1, static_cast<char>(number)) : ""));
  }
  void SetUp() override {
    for (int i = 1; i <= 3; ++i) write_part(i, static_cast<unsigned>(i - 1), 3, 2);
  }
  void rejects(const std::vector<std::string>& parts) {
    expect_error([&] { open_checkpoint(part(1)); }, ErrorCode::invalid_file, parts);
  }
  TemporaryDirectory directory;
};

TEST_F(SplitGguf, AnyPartOpensAll) {
  for (int i = 1; i <= 3; ++i) {
    const Checkpoint c = open_checkpoint(part(i));
    EXPECT_EQ(c.files, (std::vector<std::string>{part(1), part(2), part(3)}));
    EXPECT_EQ(c.metadata.string("general.name"), "whole");
    EXPECT_EQ(c.metadata.size(), 1u);
    ASSERT_EQ(c.tensors.size(), 2u);
    EXPECT_EQ(values_of<std::int8_t>(c.get("t3"))[0], 3);
    EXPECT_EQ(c.tensors[1].file, 2);
  }
  EXPECT_EQ(open_checkpoint(directory.path()).tensors.size(), 2u);  // the directory's only model
}

TEST_F(SplitGguf, DefectsAreNamed) {
  write_part(2, 2, 3, 2);
  rejects({"m-00002-of-00003.gguf", "split.no 2", "expected 1"});
  write_part(2, 1, 4, 2);
  rejects({"m-00002-of-00003.gguf", "split.count 4", "3"});
  write_part(2, 1, 3, 2);
  write_part(3, 2, 3, 7);
  rejects({"split.tensors.count is 7", "2 tensors"});
  std::filesystem::remove(part(2));
  rejects({"part 2 of 3 is missing", "m-00002-of-00003.gguf"});
  test::write_file(part(2), "something else");
  rejects({"m-00002-of-00003.gguf", "no GGUF"});
  std::filesystem::copy_file(part(1), directory / "renamed.gguf");
  expect_error([&] { open_checkpoint(directory / "renamed.gguf"); }, ErrorCode::invalid_file,
               {"renamed.gguf", "3 parts"});
  std::filesystem::remove(directory / "renamed.gguf");
  for (const char* key : {"split.no", "split.count", "split.tensors.count"}) {
    Gguf g;
    if (std::string_view(key) != "split.count") g.key("split.count", U16).u16(3);
    if (std::string_view(key) != "split.no") g.key("split.no", U16).u16(0);
    g.key(key, I32).number(std::int32_t{-1});
    test::write_file(part(1), g.file());
    rejects({"m-00001-of-00003.gguf", key, "negative"});
  }
}

TEST(Gguf, WritesSplits) {
  OutputPlan plan;
  for (int i = 0; i < 5; ++i) plan.tensors.push_back(OutputTensor::of(fmt::format("t{}", i), Tensor::full({4}, i)));
  plan.metadata.set("general.name", std::string("n"));
  plan.metadata.set("split.count", std::uint16_t{9});
  plan.max_shard_bytes = 32;
  TemporaryDirectory directory;
  write_checkpoint(directory / "out.gguf", "gguf", plan);
  EXPECT_TRUE(std::filesystem::exists(directory / "out.gguf/out-00003-of-00003.gguf"));
  const Checkpoint c = open_checkpoint(directory / "out.gguf");
  ASSERT_EQ(c.tensors.size(), 5u);
  EXPECT_EQ(c.metadata.size(), 1u);
  EXPECT_EQ(values_of<float>(c.get("t4")), std::vector<float>(4, 4));
  plan.max_shard_bytes = 0;
  write_checkpoint(directory / "one.gguf", "gguf", plan);
  EXPECT_EQ(open_checkpoint(directory / "one.gguf").metadata.size(), 1u);
  // One part is no split, and a slash behind the name changes nothing.
  plan.max_shard_bytes = 80;
  write_checkpoint(directory / "whole.gguf/", "gguf", plan);
  EXPECT_EQ(open_checkpoint(directory / "whole.gguf/whole.gguf").metadata.size(), 1u);
  // Every part has the alignment of the whole.
  plan.max_shard_bytes = 32;
  plan.metadata.set("general.alignment", std::uint32_t{128});
  write_checkpoint(directory / "aligned", "gguf", plan);
  for (int i = 1; i <= 3; ++i)
    EXPECT_EQ(std::filesystem::file_size(directory / fmt::format("aligned/aligned-0000{}-of-00003.gguf", i)) % 128, 0u);
}

TEST(Gguf, PartsAreKnownByTheirNames) {
  const auto part = gguf::part_name("d/m-00002-of-00010.gguf");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->stem, "d/m");
  EXPECT_EQ(part->number, 2);
  EXPECT_EQ(part->count, 10);
  EXPECT_TRUE(gguf::part_name("m-00003-of-00003.gguf"));
  for (const char* name : {"-00001-of-00003.gguf", "m-00000-of-00003.gguf", "m-00004-of-00003.gguf",
                           "m_00001-of-00003.gguf", "m-00001-in-00003.gguf", "m-0001x-of-00003.gguf",
                           "m-00001-of-0003x.gguf", "m--0001-of-00003.gguf", "m-00001-of-00003.bin", "m.gguf"})
    EXPECT_FALSE(gguf::part_name(name)) << name;
  // A split of one part is a file like any other.
  Gguf g;
  g.key("split.no", U16).u16(0);
  g.key("split.count", U16).u16(1);
  EXPECT_EQ(opened(g.tensor("w", {1}, 24, 0).file("x")).tensors.size(), 1u);
}

}  // namespace
}  // namespace ingot
