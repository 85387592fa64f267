#include "formats/npy/npy.h"

#include "support/paths.h"
#include "support/temporary_directory.h"
#include "support/zip_bytes.h"

namespace ingot {
namespace {

using test::Bytes;
using test::expect_error;
using test::expect_invalid;
using test::source_of;
using test::values_of;
using test::zip_bytes;
using test::ZipEntry;

// An array of the given header text, unpadded, before `data`.
std::string array(std::string_view header, std::string_view data, int major = 1) {
  Bytes out;
  out.raw("\x93NUMPY").u8(static_cast<unsigned>(major)).u8(0);
  if (major == 1)
    out.u16(static_cast<unsigned>(header.size()));
  else
    out.u32(static_cast<std::uint32_t>(header.size()));
  return out.raw(header).raw(data).text();
}

std::string header_of(std::string_view descr, std::string_view shape, std::string_view fortran = "False") {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(fortran) +
         ", 'shape': " + std::string(shape) + ", }";
}

Checkpoint opened(std::string_view bytes) { return open_source(source_of(bytes, "x.npy")); }

void rejects(std::string_view bytes, const std::vector<std::string>& parts) { expect_invalid(bytes, parts, "x.npy"); }

// Elements in row-major order, by the tensor's own strides.
template <class T>
std::vector<T> elements_of(const Tensor& x) {
  if (x.rank() == 0) return values_of<T>(x);
  std::vector<T> out;
  for (std::int64_t i = 0; i < x.size(0); ++i)
    for (const T value : elements_of<T>(x.select(0, i))) out.push_back(value);
  return out;
}

TEST(Npy, ReadsValuesInPlace) {
  const Source source = source_of(array(header_of("<f4", "(2, 2)"), Bytes().f32(1).f32(2).f32(3).f32(4).text()));
  const Checkpoint c = open_source(source);
  EXPECT_EQ(c.format, "npy");
  ASSERT_EQ(c.tensors.size(), 1u);
  EXPECT_EQ(c.tensors[0].name, "arr_0");
  EXPECT_EQ(c.tensors[0].offset, source.bytes->size() - 16);
  const Tensor& x = c.get("arr_0");
  EXPECT_EQ(x.shape(), (Shape{2, 2}));
  EXPECT_EQ(x.bytes(), source.bytes->data() + source.bytes->size() - 16);
  EXPECT_EQ(values_of<float>(x), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Npy, EveryDtypeHasOneName) {
  const std::vector<std::pair<std::string, DType>> types{
      {"|b1", DType::bool_}, {"|u1", DType::u8},  {"<u2", DType::u16}, {"<u4", DType::u32}, {"<u8", DType::u64},
      {"|i1", DType::i8},    {"<i2", DType::i16}, {"<i4", DType::i32}, {"<i8", DType::i64}, {"<f2", DType::f16},
      {"<f4", DType::f32},   {"<f8", DType::f64}, {"<V2", DType::bf16}};
  for (const auto& [descr, dtype] : types) {
    const std::string zeros(static_cast<std::size_t>(bit_width(dtype)) / 8 * 3, '\0');
    EXPECT_EQ(opened(array(header_of(descr, "(3,)"), zeros)).get("arr_0").dtype(), dtype) << descr;
    test::TemporaryDirectory directory;
    OutputPlan plan;
    plan.tensors.push_back(OutputTensor::of("x", Tensor::zeros({3}, dtype)));
    write_checkpoint(directory / "x.npy", "npy", plan);
    EXPECT_THAT(test::read_file(directory / "x.npy"), ::testing::HasSubstr("'descr': '" + descr + "'"));
    EXPECT_EQ(open_checkpoint(directory / "x.npy").get("arr_0").dtype(), dtype);
  }
}

TEST(Npy, FortranOrderIsATransposedView) {
  // Element (i, j, k) is 100 i + 10 j + k; the file has i fastest.
  Bytes data;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) data.number(static_cast<std::int16_t>(100 * i + 10 * j + k));
  const Source source = source_of(array(header_of("<i2", "(2, 3, 4)", "True"), data.text()));
  const Tensor x = open_source(source).get("arr_0");
  EXPECT_EQ(x.shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(x.storage(), source.bytes);
  std::vector<std::int16_t> expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) expected.push_back(static_cast<std::int16_t>(100 * i + 10 * j + k));
  EXPECT_EQ(elements_of<std::int16_t>(x), expected);
  EXPECT_TRUE(opened(array(header_of("<i2", "(2,)", "True"), "abcd")).get("arr_0").is_contiguous());
}

TEST(Npy, BigEndianIsReadThroughACopy) {
  const auto data = Bytes(std::endian::big).f32(1.5f).f32(-2).text();
  const Checkpoint c = opened(array(header_of(">f4", "(2,)"), data));
  EXPECT_EQ(values_of<float>(c.get("arr_0")), (std::vector<float>{1.5f, -2}));
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_THAT(c.notes[0], ::testing::HasSubstr("big-endian"));
  EXPECT_TRUE(opened(array(header_of(">u1", "(2,)"), "ab")).notes.empty());
  // Of a complex number both halves are swapped, each for itself.
  const Checkpoint complex = opened(array(header_of(">c8", "(1,)"), data));
  const auto* floats = reinterpret_cast<const float*>(complex.get("arr_0").bytes());
  EXPECT_EQ(complex.get("arr_0").encoding()->scheme(), Scheme::c64);
  EXPECT_EQ(floats[0], 1.5f);
  EXPECT_EQ(floats[1], -2);
}

TEST(Npy, HeadersAreLiterals) {
  const auto reads = [](std::string_view header, const Shape& shape, int major = 1) {
    const std::string zeros(static_cast<std::size_t>(shape.numel()), '\0');
    EXPECT_EQ(opened(array(header, zeros, major)).get("arr_0").shape(), shape) << header;
  };
  for (const int major : {1, 2, 3}) reads(header_of("|u1", "(2, 3)"), {2, 3}, major);
  reads(" {\"shape\" :( 2L,3 , ),'descr':'<i1','fortran_order':\tTrue} \n", {2, 3});
  reads(header_of("|u1", "()"), {});
  reads(header_of("|u1", "(0, 5)"), {0, 5});
  reads(header_of("|u1", "(1, 1, 1, 1, 1, 1, 1, 2)"), {1, 1, 1, 1, 1, 1, 1, 2});
}

TEST(Npy, OtherHeadersAreRefused) {
  const auto refused = [](std::string_view header, const std::vector<std::string>& parts) {
    rejects(array(header, "x"), parts);
  };
  for (const char* header : {"",
                             "{",
                             "[]",
                             "{}",
                             "{'descr': '|u1'}",
                             "{'descr': '|u1', 'fortran_order': False}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)",
                             "{'descr' '|u1'}",
                             "{'descr': '|u1",
                             "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
                             "{'descr': '|u1', 'fortran_order': false, 'shape': (1,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': [1]}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': 1}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1 2)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1.0,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} + {}",
                             "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}",
                             "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}",
                             "{'descr': '\\x7cu1', 'fortran_order': False, 'shape': (1,)}",
                             "__import__('os').system('true')"})
    refused(header, {"x.npy", "header"});
  refused(header_of("|u1", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), {"more than 8 dimensions"});
  refused(header_of("|u1", "(4294967296, 4294967296)"), {"overflows"});
  refused(header_of("<f8", "(2305843009213693952,)"), {"overflows"});
  refused(header_of("<f8", "(0, 4294967296, 4294967296)"), {"overflows"});
  refused(header_of("|u1", "(2,)"), {"(2,) takes 2 bytes, but 1 remain"});
  refused(header_of("|u1", "(0,)"), {"(0,) takes 0 bytes, but 1 remain"});
}

TEST(Npy, WhatIsNoNumberIsRefused) {
  const auto refused = [](std::string_view descr, const std::vector<std::string>& parts) {
    rejects(array(header_of(descr, "(1,)"), "x"), parts);
  };
  refused("|O", {"|O", "Python objects"});
  refused("<U3", {"texts"});
  refused("|S1", {"texts"});
  refused("<M8[s]", {"times"});
  refused("<m8[s]", {"times"});
  for (const char* descr : {"|V1", "<V1", "|V2", ">V2"}) refused(descr, {"raw bytes"});
  for (const char* descr : {"<f16", "<c16", "<f1", "f4", "=f4", "", "<", "|f4", "<f3", "x"})
    refused(descr, {"dtype " + std::string(descr)});
  rejects(array("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "x"), {"structured"});
}

TEST(Npy, OtherFilesAreRefused) {
  const std::string whole = array(header_of("|u1", "(4,)"), "data");
  for (std::size_t size = 0; size < whole.size(); ++size) rejects(whole.substr(0, size), {"x.npy"});
  for (const int major : {0, 4, 255}) rejects(array(header_of("|u1", "(1,)"), "x", major), {"version", "expected 1.0"});
  std::string minor = whole;
  minor[7] = 1;
  rejects(minor, {"version", "1.1"});
}

TEST(Npz, EntriesAreTensors) {
  const std::string a = array(header_of("<f4", "(1,)"), Bytes().f32(7).text());
  const std::string bytes = zip_bytes(
      {ZipEntry("a.npy", a), ZipEntry("deep/b.c.npy", array(header_of("|u1", "()"), "x")), ZipEntry("readme", "text")});
  const Source source = source_of(bytes, "x.npz");
  const Checkpoint c = open_source(source);
  EXPECT_EQ(c.format, "npz");
  ASSERT_EQ(c.tensors.size(), 2u);
  EXPECT_EQ(c.get("a").bytes(), source.bytes->data() + bytes.find(a) + a.size() - 4);
  EXPECT_EQ(c.tensors[0].offset, bytes.find(a) + a.size() - 4);
  EXPECT_EQ(values_of<float>(c.get("a")), std::vector<float>{7});
  EXPECT_EQ(c.get("deep/b.c").shape(), Shape{});
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_THAT(c.notes[0], ::testing::HasSubstr("entry readme is no array"));
  EXPECT_TRUE(open_source(source_of(zip_bytes({}), "x.npz")).tensors.empty());
}

TEST(Npz, ErrorsNameTheEntry) {
  const auto refused = [](const ZipEntry& entry, const std::vector<std::string>& parts) {
    expect_invalid(zip_bytes({entry}), parts, "x.npz");
  };
  refused(ZipEntry("a.npy", array(header_of("|O", "(1,)"), "x")), {"x.npz, entry a.npy, byte", "Python objects"});
  refused(ZipEntry("a.npy", ""), {"x.npz, entry a.npy, byte 0", "magic"});
  refused(ZipEntry("\xff.npy", array(header_of("|u1", "(1,)"), "x")), {"\\xff.npy", "not valid UTF-8"});
}

TEST(Npy, WritesOnlyWhatItHolds) {
  test::TemporaryDirectory directory;
  const auto refused = [&](const OutputPlan& plan, const char* format, const std::vector<std::string>& parts) {
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::invalid_argument, parts);
    EXPECT_TRUE(directory.names().empty());
  };
  const auto rows = [](std::int64_t, std::int64_t) { return Tensor(); };
  OutputPlan plan;
  refused(plan, "npy", {"one tensor, the plan has 0"});
  plan.tensors.push_back({"a", {2}, DType::f8_e4m3, {}, rows});
  for (const char* format : {"npy", "npz"}) {
    plan.tensors[0].dtype = DType::f8_e4m3;
    refused(plan, format, {"tensor a", "NumPy has no dtype for f8_e4m3"});
    plan.tensors[0].dtype = DType::f8_e5m2;
    refused(plan, format, {"tensor a", "f8_e5m2"});
    plan.tensors[0].dtype = DType::i4;
    refused(plan, format, {"tensor a", "i4"});
    OutputPlan encoded;
    encoded.tensors.push_back({"a", {32}, DType::f32, Encoding::of(Scheme::q8_0), rows});
    refused(encoded, format, {"tensor a", "Q8_0"});
  }
  plan.tensors[0].dtype = DType::f32;
  plan.max_shard_bytes = 1;
  refused(plan, "npz", {"not split"});
  plan.max_shard_bytes = 0;
  plan.metadata.set("key", std::string("value"));
  refused(plan, "npz", {"metadata key"});
  plan.metadata.erase("key");
  plan.tensors.push_back({"b", {2}, DType::f32, {}, rows});
  refused(plan, "npy", {"the plan has 2"});
}

TEST(Npz, ElementsAreAligned) {
  test::TemporaryDirectory directory;
  OutputPlan plan;
  for (const std::int64_t n : {1, 3, 70})
    plan.tensors.push_back(
        OutputTensor::of(std::string(static_cast<std::size_t>(n), 'n'), Tensor::full({n}, static_cast<double>(n))));
  write_checkpoint(directory / "x.npz", "npz", plan);
  const Checkpoint c = open_checkpoint(directory / "x.npz");
  ASSERT_EQ(c.tensors.size(), 3u);
  for (const NamedTensor& entry : c.tensors) {
    EXPECT_EQ(entry.offset % 64, 0u);
    EXPECT_EQ(values_of<float>(entry.tensor).back(), static_cast<float>(entry.tensor.numel()));
  }
}

TEST(Npy, ReadsFilesMadeByOthers) {
  INGOT_TEST_DATA_OR_SKIP(npy, "numpy/test.npy");
  INGOT_TEST_DATA_OR_SKIP(npz, "numpy/test.npz");
  std::vector<std::int64_t> counted(10), following(10);
  for (std::int64_t i = 0; i < 10; ++i)
    counted[static_cast<std::size_t>(i)] = i, following[static_cast<std::size_t>(i)] = i + 1;
  EXPECT_EQ(values_of<std::int64_t>(open_checkpoint(npy).get("arr_0")), counted);
  const Checkpoint c = open_checkpoint(npz);
  EXPECT_EQ(values_of<std::int64_t>(c.get("x")), counted);
  EXPECT_EQ(values_of<std::int64_t>(c.get("x_plus_one")), following);
}

}  // namespace
}  // namespace ingot
