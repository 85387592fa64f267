#include <fmt/core.h>

#include <filesystem>
#include <functional>

#include "formats/safetensors/safetensors.h"
#include "support/bytes.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

using test::expect_error;
using test::expect_invalid;
using test::source_of;
using test::TemporaryDirectory;
using test::values_of;

// A file of a header and `data` zero bytes.
std::string file(std::string_view header, std::size_t data = 0) {
  return test::Bytes().u64(header.size()).raw(header).zeros(data).text();
}

void rejects(std::string_view bytes, const std::vector<std::string>& parts) {
  expect_invalid(bytes, parts, "x.safetensors");
}

Checkpoint opened(std::string_view bytes) { return open_source(source_of(bytes, "x.safetensors")); }

std::string one(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return R"({"w":{"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) + R"(,"data_offsets":)" +
         std::string(offsets) + "}}";
}

TEST(SafeTensors, ReadsValuesInPlace) {
  const std::string header =
      R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"__metadata__":{"k":"v\n\u00e9"},)"
      R"("a":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]}})";
  test::Bytes bytes;
  bytes.u64(header.size()).raw(header).u16(7).u16(0xFFFF).f32(1.5f).f32(-2);
  const Source source = source_of(bytes.text());
  const Checkpoint c = open_source(source);
  EXPECT_EQ(c.format, "safetensors");
  ASSERT_EQ(c.tensors.size(), 2u);
  EXPECT_EQ(c.tensors[0].name, "a");
  EXPECT_EQ(c.tensors[0].offset, 8 + header.size());
  EXPECT_EQ(c.get("a").bytes(), source.bytes->data() + 8 + header.size());
  EXPECT_EQ(c.get("a").shape(), (Shape{1, 2}));
  EXPECT_EQ(values_of<std::int16_t>(c.get("a")), (std::vector<std::int16_t>{7, -1}));
  EXPECT_EQ(values_of<float>(c.get("b")), (std::vector<float>{1.5f, -2}));
  EXPECT_EQ(c.metadata.string("k"), "v\n\u00e9");
  EXPECT_EQ(c.find("c"), nullptr);
  expect_error([&] { c.get("c"); }, ErrorCode::not_found, {"test", "c"});
}

TEST(SafeTensors, ReadsUnalignedFiles) {
  const std::string header = R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}} )";
  for (std::size_t lead = 0; lead < 8; ++lead) {
    const auto text = test::Bytes().u64(header.size()).raw(header).number(2.25).text();
    const Checkpoint c = open_source(source_of(text, "x", lead));
    EXPECT_EQ(values_of<double>(c.get("w")), std::vector<double>{2.25});
  }
}

TEST(SafeTensors, ReadsEveryType) {
  struct Row {
    const char* name;
    int bits;
    const char* held;
  };
  const Row rows[] = {{"BOOL", 8, "bool"},
                      {"F4", 4, "F4"},
                      {"F6_E2M3", 6, "F6_E2M3"},
                      {"F6_E3M2", 6, "F6_E3M2"},
                      {"U8", 8, "u8"},
                      {"I8", 8, "i8"},
                      {"F8_E5M2", 8, "f8_e5m2"},
                      {"F8_E4M3", 8, "f8_e4m3"},
                      {"F8_E8M0", 8, "F8_E8M0"},
                      {"F8_E4M3FNUZ", 8, "F8_E4M3FNUZ"},
                      {"F8_E5M2FNUZ", 8, "F8_E5M2FNUZ"},
                      {"I16", 16, "i16"},
                      {"U16", 16, "u16"},
                      {"F16", 16, "f16"},
                      {"BF16", 16, "bf16"},
                      {"I32", 32, "i32"},
                      {"U32", 32, "u32"},
                      {"F32", 32, "f32"},
                      {"C64", 64, "C64"},
                      {"F64", 64, "f64"},
                      {"I64", 64, "i64"},
                      {"U64", 64, "u64"}};
  for (const Row& row : rows) {
    // Eight rows of three: rows of F4 and F6 share bytes.
    const std::size_t bytes = 24u * static_cast<std::size_t>(row.bits) / 8;
    const Checkpoint c = opened(file(one(row.name, "[8,3]", fmt::format("[0,{}]", bytes)), bytes));
    EXPECT_EQ(describe(c.get("w")), std::string(row.held) + " (8, 3)");
    EXPECT_EQ(c.get("w").nbytes(), bytes) << row.name;
  }
}

TEST(SafeTensors, AcceptsWhatTheReferenceAccepts) {
  EXPECT_EQ(opened(file("{}")).tensors.size(), 0u);
  EXPECT_EQ(opened(file("  \n\t{}   ")).tensors.size(), 0u);
  EXPECT_EQ(opened(file(R"({"__metadata__":{}})")).tensors.size(), 0u);
  EXPECT_EQ(opened(file(R"({"__metadata__":null})")).metadata.size(), 0u);
  EXPECT_EQ(opened(file(one("F32", "[]", "[0,4]"), 4)).get("w").rank(), 0);
  EXPECT_EQ(opened(file(one("F32", "[2,0]", "[0,0]"))).get("w").numel(), 0);
  EXPECT_EQ(opened(file(one("F32", "[1,1,1,1,1,1,1,1]", "[0,4]"), 4)).get("w").rank(), 8);
  // Tensors without elements share their place with others, named before or after them.
  const Checkpoint shared = opened(file(
      R"({"z":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
      R"("m":{"dtype":"F64","shape":[0,3],"data_offsets":[2,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},)"
      R"("c":{"dtype":"I8","shape":[0],"data_offsets":[3,3]}})",
      3));
  ASSERT_EQ(shared.tensors.size(), 5u);
  EXPECT_EQ(shared.get("b").bytes(), shared.get("a").bytes() + 2);
  EXPECT_EQ(opened(file(R"({"w":{"extra":[1,{"a":null}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1))
                .get("w")
                .numel(),
            1);
}

TEST(SafeTensors, RejectsBrokenLengths) {
  rejects("", {"header length", "0 bytes remain"});
  rejects("\x01\x02\x03", {"header length"});
  rejects(test::Bytes().u64(60).text(), {"byte 0", "60", "0 bytes remain"});
  rejects(test::Bytes().u64(~0ull).raw("{}").text(), {"100000000"});
  rejects(test::Bytes().u64(100'000'001).raw("{}").text(), {"100000000"});
  rejects(test::Bytes().u64(100'000'000).raw("{}").text(), {"byte 0", "2 bytes remain"});  // as long as allowed
  rejects(test::Bytes().u64(0).text(), {"header length", "found 0"});
  rejects(test::Bytes().u64(1).raw("{").text(), {"found 1"});
}

TEST(SafeTensors, RejectsBrokenJson) {
  rejects(file("\xff\xff"), {"not valid JSON"});
  rejects(file("{ "), {"not valid JSON"});
  rejects(file("[]"), {"a JSON object"});
  rejects(file("{}}"), {"JSON"});
  rejects(file("{} {}"), {"JSON"});
  rejects(file("{\"a\":{}}"), {"tensor a", "no dtype"});
  rejects(file("{\"a\":1}"), {"an object"});
  rejects(file("{\"\xff\":{}}"), {"JSON"});
  rejects(file(R"({"__metadata__":{"a":1}})"), {"a string"});
  rejects(file(R"({"__metadata__":nul})"), {"expected null"});
  rejects(file(R"({"__metadata__":{"a":"1","a":"2"}})"), {"metadata key a twice"});
  rejects(file(R"({"__metadata__":{},"__metadata__":{}})"), {"twice"});
  rejects(file(R"({"w":{"dtype":"U8","shape":[1]}})", 1), {"no data_offsets"});
  rejects(file(R"({"w":{"dtype":"U8","data_offsets":[0,1]}})", 1), {"no shape"});
  rejects(file(R"({"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1), {"dtype twice"});
  rejects(file(R"({"w":{"shape":[1],"shape":[1],"dtype":"U8","data_offsets":[0,1]}})", 1), {"shape twice"});
  rejects(file(R"({"w":{"data_offsets":[0,1],"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
          {"data_offsets twice"});
  rejects(file(R"({"w":{"x":[1,}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1), {"JSON"});
  // What is skipped is checked too.
  for (const char* value : {"null0", "nul", "truer", "1.5.5", "01", "\"\\x\"", "{\"a\"}", "[1 2]", "{\"a\":null0}"})
    rejects(file(fmt::format(R"({{"w":{{"x":{},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}})", value), 1),
            {"byte"});
  std::string deep = R"({"w":{"x":)" + std::string(200, '[') + std::string(200, ']') + "}}";
  rejects(file(deep), {"nested too deeply"});
  deep = R"({"w":{"x":)";
  for (int i = 0; i < 200; ++i) deep += R"({"a":)";
  rejects(file(deep + "1" + std::string(202, '}')), {"nested too deeply"});
  // The byte is that of the file: eight of the length, then the place in the text.
  rejects(file(R"(  {"__metadata__":{},"abc":1})"), {fmt::format("byte {}: expected an object", 8 + 22)});
}

TEST(SafeTensors, RejectsBrokenTensors) {
  rejects(file(one("F33", "[1]", "[0,4]"), 4), {"tensor w", "unknown dtype F33"});
  rejects(file(one("I32", "[2,2]", "[0,4]"), 4), {"tensor w", "hold 4 bytes", "takes 16"});
  rejects(file(one("F4", "[1,3]", "[0,2]"), 2), {"tensor w", "whole byte"});
  rejects(file(one("F4", "[]", "[0,1]"), 1), {"tensor w", "whole byte"});
  rejects(file(one("F32", "[4611686018427387904,8]", "[0,0]")), {"tensor w", "overflows"});
  rejects(file(one("F32", "[4611686018427387904]", "[0,0]")), {"tensor w", "overflows"});
  rejects(file(one("F32", "[0,4611686018427387904,8]", "[0,0]")), {"tensor w", "overflows"});
  rejects(file(one("F32", "[18446744073709551615,18446744073709551615]", "[0,4]"), 4), {"dimension"});
  rejects(file(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4), {"more than 8 dimensions"});
  rejects(file(one("F32", "[-1]", "[0,4]"), 4), {"non-negative"});
  rejects(file(one("F32", "[1.5]", "[0,4]"), 4), {"non-negative"});
  rejects(file(one("F32", "1", "[0,4]"), 4), {"array as shape"});
  rejects(file(one("F32", "[1]", "[0]"), 4), {"1 data_offsets"});
  rejects(file(one("F32", "[1]", "[0,4,8]"), 4), {"3 data_offsets"});
  rejects(file(one("F32", "[1]", "[4,0]"), 4), {"[4, 0]"});
  rejects(file(one("F32", "[1]", "[0,4]"), 2), {"[0, 4] in 2 bytes"});    // two bytes missing
  rejects(file(one("F32", "[1]", "[0,4]"), 5), {"end at byte"});          // trailing bytes
  rejects(file(one("F32", "[1]", "[4,8]"), 8), {"belong to no tensor"});  // a hole
  rejects(file(one("U8", "[1]", "[18446744073709551615,18446744073709551616]"), 8), {"non-negative"});
  const auto pair = [](const char* second, const char* offsets) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},")") + second +
           R"(":{"dtype":"U8","shape":[4],"data_offsets":)" + offsets + "}}";
  };
  rejects(file(pair("b", "[0,4]"), 4), {"tensor b", "overlap"});
  rejects(file(pair("b", "[2,6]"), 6), {"tensor b", "overlap"});
  rejects(file(pair("b", "[5,9]"), 9), {"tensor b", "belong to no tensor"});
  rejects(file(pair("a", "[4,8]"), 8), {"tensor a", "twice"});
  rejects(file(pair("\\u0061", "[4,8]"), 8), {"tensor a", "twice"});  // the same name in another spelling
}

TEST(SafeTensors, FormatIsFoundByContent) {
  TemporaryDirectory directory;
  test::write_file(directory / "weights.bin", file(one("U8", "[1]", "[0,1]"), 1));
  EXPECT_EQ(open_checkpoint(directory / "weights.bin").format, "safetensors");
  test::write_file(directory / "text", "Once upon a time there was a file without weights.");
  expect_error([&] { open_checkpoint(directory / "text"); }, ErrorCode::invalid_file, {"text", "not a weight file"});
  const std::string spaced = file(" \n\r\t" + one("U8", "[1]", "[0,1]"), 1);
  test::write_file(directory / "spaced", spaced);
  EXPECT_EQ(open_checkpoint(directory / "spaced").format, "safetensors");
  test::write_file(directory / "cut", spaced.substr(0, spaced.size() - 2));  // one byte short of its header
  expect_error([&] { open_checkpoint(directory / "cut"); }, ErrorCode::invalid_file, {"cut", "not a weight file"});
  test::write_file(directory / "empty", "");
  expect_error([&] { open_checkpoint(directory / "empty"); }, ErrorCode::invalid_file, {"empty", "0 bytes"});
  expect_error([&] { open_checkpoint(directory / "absent"); }, ErrorCode::not_found, {"absent"});
}

// Writing.

TEST(SafeTensors, WritesAsTheReference) {
  // The bytes of safetensors 0.8.0: save({"a": f32 [1, 2], "b": u8 [3], "c \"\n\u0001é": f32 [[4]]}, {"k": "v"}).
  const std::string header = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             "\"c \\\"\\n\\u0001\xc3\xa9\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]},"
                             R"("b":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}})";
  const std::string padded_header = header + std::string((8 - header.size() % 8) % 8, ' ');
  const auto expected =
      test::Bytes().u64(padded_header.size()).raw(padded_header).f32(1).f32(2).f32(4).raw("\1\2\3").text();

  OutputPlan plan;
  plan.tensors.push_back(OutputTensor::of("b", Tensor::from<std::uint8_t>({1, 2, 3})));
  plan.tensors.push_back(OutputTensor::of("c \"\n\x01\xc3\xa9", Tensor::from<float>({4}, Shape{1, 1})));
  plan.tensors.push_back(OutputTensor::of("a", Tensor::from<float>({1, 2})));
  plan.metadata.set("k", std::string("v"));
  TemporaryDirectory directory;
  std::uint64_t last = 0, total = 0;
  WriteOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t all) { last = done, total = all; };
  write_checkpoint(directory / "x.safetensors", "safetensors", plan, options);
  EXPECT_EQ(test::read_file(directory / "x.safetensors"), expected);
  EXPECT_EQ(last, expected.size());
  EXPECT_EQ(total, expected.size());
  EXPECT_EQ(directory.names(), std::vector<std::string>{"x.safetensors"});
}

TEST(SafeTensors, DataBeginAtAMultipleOfEight) {
  // Names of every length modulo 8; the reference adds no padding where none is needed.
  for (std::size_t n = 1; n <= 8; ++n) {
    OutputPlan plan;
    plan.tensors.push_back(OutputTensor::of(std::string(n, 'w'), Tensor::from<std::uint8_t>({5})));
    std::string header = "{\"" + std::string(n, 'w') + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    while (header.size() % 8 != 0) header += ' ';
    TemporaryDirectory directory;
    write_checkpoint(directory / "x", "safetensors", plan);
    EXPECT_EQ(test::read_file(directory / "x"), test::Bytes().u64(header.size()).raw(header).u8(5).text()) << n;
  }
}

TEST(SafeTensors, EscapesAsSerdeJson) {
  OutputPlan plan;
  plan.tensors.push_back(OutputTensor::of("\b\f\r\t\x1f\x7f/\\", Tensor::from<std::uint8_t>({5})));
  plan.metadata.set("a", std::string("1"));
  plan.metadata.set("b", std::string("\x1e"));
  TemporaryDirectory directory;
  write_checkpoint(directory / "x", "safetensors", plan);
  const std::string text = test::read_file(directory / "x");
  EXPECT_THAT(text, ::testing::HasSubstr("\"\\b\\f\\r\\t\\u001f\x7f/\\\\\":"));
  EXPECT_THAT(text, ::testing::HasSubstr(R"({"__metadata__":{"a":"1","b":"\u001e"},)"));
  EXPECT_EQ(open_checkpoint(directory / "x").tensors[0].name, plan.tensors[0].name);
}

TEST(SafeTensors, WriterRefusesWhatTheFormatCannotHold) {
  TemporaryDirectory directory;
  const auto refuses = [&](OutputPlan plan, const std::vector<std::string>& parts) {
    expect_error([&] { write_checkpoint(directory / "x", "safetensors", plan); }, ErrorCode::invalid_argument, parts);
    EXPECT_TRUE(directory.names().empty());
  };
  const Tensor one_byte = Tensor::from<std::uint8_t>({1});
  OutputPlan plan;
  plan.tensors = {OutputTensor::of("w", one_byte), OutputTensor::of("w", one_byte)};
  refuses(plan, {"w", "twice"});
  plan.tensors = {OutputTensor::of("", one_byte)};
  refuses(plan, {"empty name"});
  plan.tensors = {OutputTensor::of("\xff", one_byte)};
  refuses(plan, {"\\xff", "UTF-8"});
  plan.tensors = {OutputTensor::of(std::string("w\0v", 3), one_byte)};
  refuses(plan, {"w\\x00v", "NUL"});
  plan.tensors = {OutputTensor::of("__metadata__", one_byte)};
  refuses(plan, {"__metadata__", "reserves"});
  plan.tensors = {OutputTensor::of("q", Tensor::view_of(Storage::allocate(34), 0, {32}, Encoding::of(Scheme::q8_0)))};
  refuses(plan, {"tensor q", "no type for Q8_0"});
  plan.tensors = {OutputTensor::of("n", Tensor::empty({4}, DType::i4))};
  refuses(plan, {"tensor n", "no type for i4"});
  plan.tensors = {OutputTensor::of("n", Tensor::empty({3}, DType::i4))};
  refuses(plan, {"tensor n", "whole byte"});
  plan.tensors = {OutputTensor::of("c", Tensor::view_of(Storage::allocate(8), 0, {1}, Encoding::of(Scheme::c64)))};
  plan.tensors[0].dtype = DType::u8;
  refuses(plan, {"tensor c", "C64", "planned is u8"});
  plan.tensors = {OutputTensor::of("w", one_byte)};
  plan.metadata.set("number", std::uint32_t{1});
  refuses(plan, {"number", "u32", "strings only"});
  plan.metadata = {};
  plan.metadata.set("text", std::string("\xc3"));
  refuses(plan, {"metadata text", "UTF-8"});
  plan.metadata = {};
  plan.metadata.set("\xc3", std::string("text"));
  refuses(plan, {"metadata \\xc3", "UTF-8"});
  plan.metadata = {};
  // 100 MB of header: a hundred names of a megabyte.
  plan.tensors.clear();
  for (int i = 0; i < 101; ++i) plan.tensors.push_back(OutputTensor::of(fmt::format("{:x>1000000}", i), one_byte));
  refuses(plan, {"100000000"});
  expect_error([&] { write_checkpoint(directory / "x", "llama2c", {}); }, ErrorCode::invalid_argument, {"llama2c"});
  expect_error([&] { write_checkpoint(directory / "x", "zip", {}); }, ErrorCode::invalid_argument, {"zip"});
}

TEST(SafeTensors, CarriedTypesSurviveARoundTrip) {
  const std::string bytes = test::Bytes().raw("abcdefghijkl").text();
  const std::string header =
      R"({"c":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"f":{"dtype":"F4","shape":[2,3],"data_offsets":[8,11]},)"
      R"("e":{"dtype":"F8_E8M0","shape":[],"data_offsets":[11,12]}})";
  const Source source = source_of(test::Bytes().u64(header.size()).raw(header).raw(bytes).text());
  const Checkpoint in = open_source(source);
  OutputPlan plan;
  for (const NamedTensor& t : in.tensors) plan.tensors.push_back(OutputTensor::of(t.name, t.tensor));
  TemporaryDirectory directory;
  write_checkpoint(directory / "x", "safetensors", plan);
  const Checkpoint out = open_checkpoint(directory / "x");
  ASSERT_EQ(out.tensors.size(), 3u);
  for (const NamedTensor& t : in.tensors) {
    EXPECT_EQ(describe(out.get(t.name)), describe(t.tensor));
    EXPECT_EQ(std::memcmp(out.get(t.name).bytes(), t.tensor.bytes(), t.tensor.nbytes()), 0);
  }
}

// Shards.

class Sharded : public ::testing::Test {
 protected:
  void SetUp() override {
    OutputPlan plan;
    for (int i = 0; i < 5; ++i)
      plan.tensors.push_back(OutputTensor::of(fmt::format("t{}", i), Tensor::full({4}, i)));  // 16 bytes each
    plan.max_shard_bytes = 40;
    write_checkpoint(model, "safetensors", plan);
  }
  void index(std::string_view text) { test::write_file(model + "/model.safetensors.index.json", text); }
  void rejects_index(std::string_view text, const std::vector<std::string>& parts,
                     ErrorCode code = ErrorCode::invalid_file) {
    index(text);
    expect_error([&] { open_checkpoint(model); }, code, parts);
  }
  TemporaryDirectory directory;
  std::string model = directory / "model";
};

TEST_F(Sharded, AreWrittenWithAnIndexAndOpenedTogether) {
  const Checkpoint c = open_checkpoint(model);
  ASSERT_EQ(c.tensors.size(), 5u);
  ASSERT_EQ(c.files.size(), 3u);
  EXPECT_EQ(c.files[1], model + "/model-00002-of-00003.safetensors");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(values_of<float>(c.get(fmt::format("t{}", i))), std::vector<float>(4, static_cast<float>(i)));
    EXPECT_EQ(c.tensors[static_cast<std::size_t>(i)].file, i / 2);
  }
  EXPECT_TRUE(c.notes.empty());
  EXPECT_EQ(open_checkpoint(model + "/model.safetensors.index.json").tensors.size(), 5u);
}

TEST(SafeTensors, ShardsAreIndexedByName) {
  // The file's order is that of dtypes; transformers' index has sorted keys, and in total the bytes of the tensors.
  OutputPlan plan;
  for (const char* name : {"a", "c", "b"}) plan.tensors.push_back(OutputTensor::of(name, Tensor::full({4}, 1)));
  plan.tensors[0] = OutputTensor::of("a", Tensor::from<std::uint8_t>({1}));
  plan.max_shard_bytes = 8;  // less than one tensor: each has a shard of its own
  TemporaryDirectory directory;
  write_checkpoint(directory / "model", "safetensors", plan);
  EXPECT_EQ(test::read_file(directory / "model/model.safetensors.index.json"), R"({
  "metadata": {
    "total_size": 33
  },
  "weight_map": {
    "a": "model-00001-of-00003.safetensors",
    "b": "model-00003-of-00003.safetensors",
    "c": "model-00002-of-00003.safetensors"
  }
}
)");
  plan.max_shard_bytes = 20;
  plan.tensors.push_back(OutputTensor::of("0", Tensor::from<std::uint8_t>({1})));
  write_checkpoint(directory / "two", "safetensors", plan);
  EXPECT_THAT(test::read_file(directory / "two/model-00001-of-00002.safetensors"),
              ::testing::HasSubstr(R"({"c":{"dtype":"F32")"));  // F32 before U8
}

TEST_F(Sharded, AMissingShardIsNamed) {
  std::filesystem::remove(model + "/model-00002-of-00003.safetensors");
  expect_error([&] { open_checkpoint(model); }, ErrorCode::invalid_file,
               {"model.safetensors.index.json", "model-00002-of-00003.safetensors is missing", "t2"});
}

TEST_F(Sharded, AnIndexMustFitItsShards) {
  rejects_index(R"({"weight_map":{"t0":"model-00001-of-00003.safetensors","x":"model-00001-of-00003.safetensors"}})",
                {"tensor x", "model-00001-of-00003.safetensors", "does not hold it"});
  rejects_index(R"({"weight_map":{"t0":"model-00001-of-00003.safetensors","t1":"model-00002-of-00003.safetensors"}})",
                {"tensor t1", "model-00001", "model-00002"});
  rejects_index(R"({"weight_map":{"t0":"../model-00001-of-00003.safetensors"}})", {"t0", "not a file name"});
  rejects_index(R"({"weight_map":{"t0":"a","t0":"b"}})", {"t0", "twice"});
  rejects_index(R"({"weight_map":{"t0":1}})", {"file name"});
  for (const char* name : {"", ".", "..", "a/b", "a\\u0000"})
    rejects_index(fmt::format(R"({{"weight_map":{{"t0":"{}"}}}})", name), {"tensor t0", "not a file name"});
  rejects_index(R"({"weight_map":{},"weight_map":{}})", {"weight_map is there twice"});
  rejects_index("{}", {"no weight_map"});
  rejects_index("", {"JSON"});
  rejects_index(R"({"weight_map":{}} x)", {"JSON"});
  std::filesystem::resize_file(model + "/model.safetensors.index.json", 100'000'001);  // sparse
  expect_error([&] { open_checkpoint(model); }, ErrorCode::invalid_file, {"100000001 bytes", "at most 100000000"});
}

TEST_F(Sharded, ATensorInTwoShardsIsRefused) {
  std::filesystem::copy_file(model + "/model-00001-of-00003.safetensors", model + "/extra.safetensors");
  rejects_index(R"({"weight_map":{"t0":"model-00001-of-00003.safetensors","t1":"extra.safetensors"}})",
                {"tensor t0", "has the name"});
}

TEST_F(Sharded, OddTotalsAreNoted) {
  index(R"({"metadata":{"total_size":1.5},"weight_map":{"t0":"model-00001-of-00003.safetensors"}})");
  EXPECT_EQ(open_checkpoint(model).notes.size(), 1u);  // t1 is not in the index
  index(R"({"metadata":{"total_size":7},"weight_map":{"t0":"model-00001-of-00003.safetensors",)"
        R"("t1":"model-00001-of-00003.safetensors"}})");
  const auto notes = open_checkpoint(model).notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], ::testing::HasSubstr("7 bytes"));
  index(R"({"metadata":{"total_size":1000},"weight_map":{"t0":"model-00001-of-00003.safetensors",)"
        R"("t1":"model-00001-of-00003.safetensors"}})");
  EXPECT_EQ(open_checkpoint(model).notes.size(), 1u);
}

TEST_F(Sharded, FilesAreInTheOrderOfTheirNames) {
  index(R"({"weight_map":{"t4":"model-00003-of-00003.safetensors","t0":"model-00001-of-00003.safetensors"}})");
  const Checkpoint c = open_checkpoint(model);
  EXPECT_EQ(c.path, model);
  EXPECT_EQ(c.files, (std::vector<std::string>{model + "/model-00001-of-00003.safetensors",
                                               model + "/model-00003-of-00003.safetensors"}));
}

TEST_F(Sharded, DirectoriesInThePlaceOfFilesAreNamed) {
  std::filesystem::create_directory(model + "/sub");
  rejects_index(R"({"weight_map":{"t0":"sub"}})", {"model/sub", "a directory, expected a file"});
  for (const char* name : {"model.safetensors.index.json", "model.safetensors"}) {
    std::filesystem::remove(model + "/" + name);
    std::filesystem::create_directory(model + "/" + name);
    expect_error([&] { open_checkpoint(model); }, ErrorCode::invalid_file, {name, "a directory, expected a file"});
  }
}

TEST_F(Sharded, TheFirstOfEqualMetadataKeysStays) {
  const std::string tensor = R"("dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  for (const char* number : {"1", "2"})
    test::write_file(
        model + "/" + number,
        file(fmt::format(R"({{"__metadata__":{{"k":"{0}","k{0}":""}},"t{0}":{{{1}}})", number, tensor), 1));
  index(R"({"weight_map":{"t1":"1","t2":"2"}})");
  const Checkpoint c = open_checkpoint(model);
  EXPECT_EQ(c.metadata.string("k"), "1");
  EXPECT_EQ(c.metadata.size(), 3u);
}

TEST_F(Sharded, AWholeFileGoesBeforeTheIndexAndHiddenOnesCountForNothing) {
  std::filesystem::remove(model + "/model.safetensors.index.json");
  for (int i = 2; i <= 3; ++i) std::filesystem::remove(model + fmt::format("/model-0000{}-of-00003.safetensors", i));
  test::write_file(model + "/.hidden.safetensors", "");
  EXPECT_EQ(open_checkpoint(model).tensors.size(), 2u);  // the only one left
  test::write_file(model + "/model.safetensors", file(one("U8", "[1]", "[0,1]"), 1));
  index(R"({"weight_map":{"t0":"model-00001-of-00003.safetensors"}})");
  EXPECT_EQ(open_checkpoint(model).tensors[0].name, "w");
}

}  // namespace
}  // namespace ingot
