// Opening reads headers only: huge sparse files with very many tensors, in a process of their own.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "ingot/checkpoint.h"
#include "support/bytes.h"
#include "support/temporary_directory.h"
#include "support/zip_bytes.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INGOT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INGOT_SANITIZED 1
#endif
#endif

namespace ingot {
namespace {

constexpr std::uint64_t data_bytes = std::uint64_t{20} << 30;
constexpr std::uint64_t tensors = 10'000;
constexpr std::uint64_t tensor_bytes = data_bytes / tensors / 32 * 32;  // a multiple of GGUF's alignment

void write_sparse(const std::string& path, const std::string& header) {
  test::write_file(path, header);
  ASSERT_EQ(::truncate(path.c_str(), static_cast<::off_t>(header.size() + tensors * tensor_bytes)), 0);
}

std::string name(std::uint64_t i) {
  return fmt::format("model.layers.{}.mlp.experts.{}.up_proj.weight", i / 100, i % 100);
}

// Opens in a process that starts afresh, as the command does: What it used is its own.
void expect_cheap(const std::string& path) {
  int descriptors[2];
  ASSERT_EQ(::pipe(descriptors), 0);
  const ::pid_t child = ::fork();
  if (child == 0) {
    ::dup2(descriptors[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "opening_test", "--gtest_filter=Opening.*", "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(127);
  }
  ::close(descriptors[1]);
  std::string out;
  char buffer[4096];
  for (::ssize_t n; (n = ::read(descriptors[0], buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  ::close(descriptors[0]);
  int status = 0;
  struct rusage used{};
  ASSERT_EQ(::wait4(child, &status, 0, &used), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << out;
  double milliseconds = 0;
  const auto at = out.find("OPENED ");
  ASSERT_NE(at, std::string::npos) << out;
  ASSERT_EQ(std::sscanf(out.c_str() + at, "OPENED %lf", &milliseconds), 1);
  std::printf("%s: %.1f ms of processor time, %.1f MiB resident\n", path.c_str(), milliseconds,
              static_cast<double>(used.ru_maxrss) / 1024);
#ifndef INGOT_SANITIZED
  // Processor time: the wall clock of a busy machine says nothing about us.
  EXPECT_LT(milliseconds, 100);
  EXPECT_LT(used.ru_maxrss, 96 * 1024);
#endif
}

double processor_milliseconds() {
  struct rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

// What the tests below run in a process of its own.
TEST(Opening, DISABLED_InThisProcess) {
  const char* path = std::getenv("INGOT_OPENING_TEST_FILE");
  ASSERT_NE(path, nullptr);
  const double before = processor_milliseconds();
  const Checkpoint c = open_checkpoint(path);
  const double after = processor_milliseconds();
  EXPECT_EQ(c.tensors.size(), tensors);
  EXPECT_NE(c.find(name(tensors - 1)), nullptr);
  std::printf("OPENED %.3f\n", after - before);
}

class HugeFile : public ::testing::Test {
 protected:
  void open(const std::string& header) {
    write_sparse(path, header);
    open();
  }
  void open() {
    ::setenv("INGOT_OPENING_TEST_FILE", path.c_str(), 1);
    expect_cheap(path);
    ::unsetenv("INGOT_OPENING_TEST_FILE");
  }
  test::TemporaryDirectory directory;
  const std::string path = directory / "huge";
};

TEST_F(HugeFile, SafeTensors) {
  std::string json = "{";
  for (std::uint64_t i = 0; i < tensors; ++i)
    json += fmt::format("{}\"{}\":{{\"dtype\":\"BF16\",\"shape\":[{},2],\"data_offsets\":[{},{}]}}", i ? "," : "",
                        name(i), tensor_bytes / 4, i * tensor_bytes, (i + 1) * tensor_bytes);
  json += "}";
  open(test::Bytes().u64(json.size()).raw(json).text());
}

TEST_F(HugeFile, Gguf) {
  constexpr std::uint64_t vocabulary = 150'000;
  const auto text = [](test::Bytes& out, std::string_view s) -> test::Bytes& { return out.u64(s.size()).raw(s); };
  test::Bytes out;
  out.raw("GGUF").u32(3).u64(tensors).u64(4);
  text(out, "tokenizer.ggml.tokens").u32(9).u32(8).u64(vocabulary);
  for (std::uint64_t i = 0; i < vocabulary; ++i) text(out, fmt::format("\u2581token{}", i));
  text(out, "tokenizer.ggml.merges").u32(9).u32(8).u64(vocabulary);
  for (std::uint64_t i = 0; i < vocabulary; ++i) text(out, fmt::format("\u2581tok en{}", i));
  text(out, "tokenizer.ggml.scores").u32(9).u32(6).u64(vocabulary).zeros(4 * vocabulary);
  text(out, "tokenizer.ggml.token_type").u32(9).u32(5).u64(vocabulary).zeros(4 * vocabulary);
  for (std::uint64_t i = 0; i < tensors; ++i)
    text(out, name(i)).u32(2).u64(2).u64(tensor_bytes / 4).u32(30).u64(i * tensor_bytes);
  open(out.align(32).text());
}

// Unlike the others, it has a header before each tensor, and the directory at the end.
TEST_F(HugeFile, PyTorch) {
  const auto text = [](test::Bytes& out, std::string_view s) -> test::Bytes& {
    return out.raw("X").u32(static_cast<std::uint32_t>(s.size())).raw(s);
  };
  const auto elements = static_cast<std::uint32_t>(tensor_bytes / 2);
  test::Bytes pickled;
  pickled.raw("\x80\x02}(");
  for (std::uint64_t i = 0; i < tensors; ++i) {
    text(pickled, name(i)).raw("ctorch._utils\n_rebuild_tensor_v2\n((");
    text(text(pickled, "storage").raw("ctorch\nBFloat16Storage\n"), std::to_string(i));
    text(pickled, "cpu").raw("J").u32(elements).raw("tQK").u8(0).raw("(J").u32(elements).raw("t(K").u8(1);
    pickled.raw(
        "t\x89"
        "ccollections\nOrderedDict\n)RtR");
  }
  pickled.raw("u.");

  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_GE(file, 0);
  std::uint64_t at = 0;
  const auto write = [&](std::string_view bytes) {
    EXPECT_EQ(::pwrite(file, bytes.data(), bytes.size(), static_cast<::off_t>(at)),
              static_cast<::ssize_t>(bytes.size()));
    at += bytes.size();
  };
  test::Bytes directory_bytes;
  const auto add = [&](const std::string& entry, std::uint64_t size, std::uint32_t crc) {
    const auto shared = [&](test::Bytes& out) -> test::Bytes& {
      out.u16(45).u16(0).u16(0).u32(0x210000).u32(crc).u32(static_cast<std::uint32_t>(size));
      return out.u32(static_cast<std::uint32_t>(size)).u16(static_cast<unsigned>(entry.size()));
    };
    shared(directory_bytes.u32(0x02014b50).u16(45)).u16(12).u16(0).u16(0).u16(0).u32(0).u32(0xFFFFFFFF).raw(entry);
    directory_bytes.u16(1).u16(8).u64(at);
    test::Bytes local;
    write(shared(local.u32(0x04034b50)).u16(0).raw(entry).text());
  };
  add("x/data.pkl", pickled.size(), test::crc32_of(pickled.text()));
  write(pickled.text());
  for (std::uint64_t i = 0; i < tensors; ++i) {
    add("x/data/" + std::to_string(i), tensor_bytes, 0);
    at += tensor_bytes;
  }
  const std::uint64_t begin = at;
  write(directory_bytes.text());
  test::Bytes end;
  end.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(tensors + 1).u64(tensors + 1);
  end.u64(directory_bytes.size()).u64(begin).u32(0x07064b50).u32(0).u64(at).u32(1);
  end.u32(0x06054b50).u16(0).u16(0).u16(0xFFFF).u16(0xFFFF).u32(0xFFFFFFFF).u32(0xFFFFFFFF).u16(0);
  write(end.text());
  ::close(file);
  open();
}

}  // namespace
}  // namespace ingot
