#include "formats/pytorch/pytorch.h"

#include "formats/pytorch/pickle.h"
#include "support/paths.h"
#include "support/temporary_directory.h"
#include "support/zip_bytes.h"

namespace ingot {
namespace {

using test::Bytes;
using test::expect_error;
using test::source_of;
using test::values_of;
using test::zip_bytes;
using test::ZipEntry;

std::string text(std::string_view t) {
  return Bytes().raw("X").u32(static_cast<std::uint32_t>(t.size())).raw(t).text();
}
std::string number(std::int32_t n) { return Bytes().raw("J").number(n).text(); }
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string tuple(const std::vector<std::int32_t>& values) {
  std::string out = "(";
  for (const std::int32_t value : values) out += number(value);
  return out + "t";
}

struct Asked {
  std::string storage = "FloatStorage";
  std::int32_t elements = 6, offset = 0;
  std::vector<std::int32_t> shape{2, 3}, strides{3, 1};
  std::string more;  // of the persistent id
};

std::string tensor(const Asked& a = {}) {
  return global("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + global("torch", a.storage) +
         text("0") + text("cpu") + number(a.elements) + a.more + "tQ" + number(a.offset) + tuple(a.shape) +
         tuple(a.strides) + "\x89" + global("collections", "OrderedDict") + ")RtR";
}

std::string dictionary(const std::string& value) { return "\x80\x02}" + text("w") + value + "s."; }

std::string counted() {
  Bytes out;
  for (int i = 0; i < 6; ++i) out.f32(static_cast<float>(i));
  return out.text();
}

std::string archive(const std::string& pickled, const std::string& order = "little") {
  return zip_bytes({ZipEntry("x/data.pkl", pickled), ZipEntry("x/byteorder", order), ZipEntry("x/data/0", counted())});
}

std::string legacy(const std::string& pickled) {
  static constexpr std::string_view magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  return Bytes()
      .raw(magic)
      .raw("\x80\x02M\xe9\x03.")
      .raw("\x80\x02}.")
      .raw(pickled)
      .raw("\x80\x02](" + text("0") + "e.")
      .u64(6)
      .raw(counted())
      .text();
}

Checkpoint opened(std::string_view bytes, std::size_t lead = 0) { return open_source(source_of(bytes, "x.pt", lead)); }

void rejects(std::string_view bytes, const std::vector<std::string>& parts) {
  test::expect_invalid(bytes, parts, "x.pt");
}

TEST(PyTorch, ReadsValuesInPlace) {
  const std::string bytes = archive(dictionary(tensor()));
  const Source source = source_of(bytes, "x.pt");
  const Checkpoint c = open_source(source);
  EXPECT_EQ(c.format, "pytorch");
  ASSERT_EQ(c.tensors.size(), 1u);
  EXPECT_EQ(c.get("w").bytes(), source.bytes->data() + bytes.find(counted()));
  EXPECT_EQ(c.tensors[0].offset, bytes.find(counted()));
  EXPECT_EQ(values_of<float>(c.get("w")), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST(PyTorch, LegacyFilesAtAnyAlignment) {
  for (std::size_t lead = 0; lead < 4; ++lead) {
    const Checkpoint c = opened(legacy(dictionary(tensor({.more = "N"}))), lead);
    EXPECT_EQ(values_of<float>(c.get("w")), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  }
}

TEST(PyTorch, ViewsHaveTheirStrides) {
  const Checkpoint c = opened(archive(dictionary(tensor({.offset = 1, .shape = {2, 2}, .strides = {1, 3}}))));
  const Tensor& w = c.get("w");
  EXPECT_EQ(w.strides(), (Shape{1, 3}));
  EXPECT_FALSE(w.is_contiguous());
  EXPECT_EQ(w.select(0, 1).select(0, 1).item(), 5);
  EXPECT_EQ(w.select(0, 0).select(0, 1).item(), 4);
  EXPECT_EQ(opened(archive(dictionary(tensor({.shape = {0, 3}})))).get("w").numel(), 0);
}

TEST(PyTorch, TheArchiveSaysItsByteOrder) {
  const Checkpoint c = opened(archive(dictionary(tensor()), "big"));
  const auto found = values_of<std::uint32_t>(c.get("w"));
  EXPECT_EQ(found[2], byteswap(std::bit_cast<std::uint32_t>(2.0f)));
  ASSERT_EQ(c.notes.size(), 1u);
  rejects(archive(dictionary(tensor()), "middle"), {"byteorder middle"});
}

TEST(PyTorch, TensorsOutsideTheirStorage) {
  rejects(archive(dictionary(tensor({.offset = 1}))), {"tensor w", "reaches past its storage of 24 bytes"});
  rejects(archive(dictionary(tensor({.strides = {4, 1}}))), {"reaches past"});
  rejects(archive(dictionary(tensor({.offset = -1}))), {"non-negative"});
  rejects(archive(dictionary(tensor({.shape = {2, 3}, .strides = {-3, 1}}))), {"non-negative"});
  rejects(archive(dictionary(tensor({.elements = 7}))), {"should have 28 bytes, found 24"});
  rejects(archive(dictionary(tensor({.storage = "DoubleStorage"}))), {"should have 48 bytes"});
  rejects(legacy(dictionary(tensor({.elements = 5, .more = "N"}))), {"6 elements, its tensor says 5"});
}

TEST(PyTorch, OnlyNamesThatTensorsNeed) {
  for (const auto& [module, name] :
       {std::pair{"os", "system"}, {"torch", "load"}, {"torch.nn", "Linear"}, {"torch._utils", ""}}) {
    const std::string evil = dictionary(global(module, name) + "(" + text("true") + "tR");
    for (const std::string& bytes : {archive(evil), legacy(evil)})
      rejects(bytes, {std::string(module) + "." + name, "nothing was imported or called", "byte"});
  }
}

TEST(PyTorch, EveryTruncationIsRefused) {
  for (const std::string& bytes : {archive(dictionary(tensor())), legacy(dictionary(tensor({.more = "N"})))})
    for (std::size_t size = 0; size < bytes.size(); ++size) rejects(bytes.substr(0, size), {"x.pt"});
}

// Every byte of a pickle in turn replaced by many others: an answer or an error, never a crash.
TEST(PyTorch, EveryDamagedByteIsAnswered) {
  const std::string pickled = dictionary(tensor());
  for (std::size_t at = 0; at < pickled.size(); ++at)
    for (int difference = 1; difference < 256; difference += 6) {
      std::string damaged = pickled;
      damaged[at] = static_cast<char>(damaged[at] ^ difference);
      const auto bytes = std::as_bytes(std::span(damaged));
      Cursor cursor("pytorch", "x", bytes);
      try {
        pytorch::read_pickle(cursor);
        opened(archive(damaged));
      } catch (const Error& error) {
        EXPECT_FALSE(error.message().empty());
      }
    }
}

TEST(PyTorch, ReadsFilesMadeByOthers) {
  INGOT_TEST_DATA_OR_SKIP(directory, "pytorch");
  const auto read = [&](const std::string& name) { return open_checkpoint(directory + "/" + name + ".pt"); };
  EXPECT_EQ(values_of<float>(read("tensor_2d").get("tensor")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read("tensor_2d").get("tensor").shape(), (Shape{3, 2}));
  EXPECT_EQ(read("scalar").get("tensor").item(), 42);
  EXPECT_EQ(values_of<std::int8_t>(read("int8").get("tensor")), (std::vector<std::int8_t>{127, -128, 0, 50}));
  EXPECT_EQ(values_of<double>(read("mixed_types").get("float64")), (std::vector<double>{1.1, 2.2}));
  EXPECT_EQ(values_of<float>(read("legacy_with_offsets").get("tensor2"))[4], 2.4f);
  EXPECT_EQ(read("checkpoint").metadata.integer("epoch"), 42);
  EXPECT_EQ(read("checkpoint").metadata.number("loss"), 0.123);
  EXPECT_EQ(read("checkpoint").get("optimizer_state_dict.state.0.momentum_buffer").shape(), (Shape{10, 5}));
  expect_error([&] { read("broken"); }, ErrorCode::invalid_file, {"broken.pt", "neither a ZIP archive nor"});
}

TEST(PyTorch, WritesWhatItReads) {
  test::TemporaryDirectory directory;
  OutputPlan plan;
  for (const DType dtype : {DType::bool_, DType::u16, DType::i64, DType::f16, DType::bf16, DType::f64, DType::f8_e4m3})
    plan.tensors.push_back(OutputTensor::of(std::string(to_string(dtype)), Tensor::zeros({2, 3}, dtype)));
  plan.tensors.push_back(OutputTensor::of("large", Tensor::full({300, 70'000}, 3, DType::i8)));
  write_checkpoint(directory / "x.pt", "pytorch", plan);
  const Checkpoint c = open_checkpoint(directory / "x.pt");
  ASSERT_EQ(c.tensors.size(), plan.tensors.size());
  for (const OutputTensor& planned : plan.tensors) {
    EXPECT_EQ(c.get(planned.name).dtype(), planned.dtype);
    EXPECT_EQ(c.get(planned.name).shape(), planned.shape);
  }
  for (const NamedTensor& entry : c.tensors) EXPECT_EQ(entry.offset % 64, 0u);
  EXPECT_EQ(values_of<std::int8_t>(c.get("large")).back(), 3);
}

}  // namespace
}  // namespace ingot
