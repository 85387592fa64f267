#include "formats/output.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "support/bytes.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::read_file;
using test::TemporaryDirectory;
using test::write_file;

OutputPlan plan_of(std::vector<std::pair<std::string, Tensor>> tensors) {
  OutputPlan plan;
  for (auto& [name, tensor] : tensors) plan.tensors.push_back(OutputTensor::of(name, tensor));
  return plan;
}

OutputPlan small_plan(float value = 1) { return plan_of({{"w", Tensor::full({4}, value)}}); }

constexpr const char* all_formats[] = {"safetensors", "gguf", "huggingface", "npz", "pytorch"};

TEST(Output, NothingIsReplacedWithoutForce) {
  for (const char* format : all_formats) {
    TemporaryDirectory directory;
    write_checkpoint(directory / "x", format, small_plan());
    expect_error([&] { write_checkpoint(directory / "x", format, small_plan(2)); }, ErrorCode::invalid_argument,
                 {"x exists", "force"});
    EXPECT_EQ(test::values_of<float>(open_checkpoint(directory / "x").get("w"))[0], 1);
    write_checkpoint(directory / "x", format, small_plan(2), {.force = true});
    EXPECT_EQ(test::values_of<float>(open_checkpoint(directory / "x").get("w"))[0], 2);
    EXPECT_EQ(directory.names(), std::vector<std::string>{"x"});
  }
}

TEST(Output, ForceExchangesAFileWithADirectoryAndBack) {
  TemporaryDirectory directory;
  for (const char* format : {"gguf", "huggingface", "safetensors", "huggingface"}) {
    write_checkpoint(directory / "x", format, small_plan(), {.force = true});
    EXPECT_EQ(fs::is_directory(directory / "x"), std::string_view(format) == "huggingface");
    EXPECT_EQ(directory.names(), std::vector<std::string>{"x"});
  }
}

TEST(Output, ForceReplacesOnlyWhatCouldBeAModel) {
  TemporaryDirectory directory;
  fs::create_directories(directory / "home/precious");
  const WriteOptions force{.force = true};
  expect_error([&] { write_checkpoint(directory / "home", "gguf", small_plan(), force); }, ErrorCode::invalid_argument,
               {"without a model"});
  EXPECT_TRUE(fs::exists(directory / "home/precious"));
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  expect_error([&] { write_checkpoint(directory / "pipe", "gguf", small_plan(), force); }, ErrorCode::invalid_argument,
               {"neither a file nor a directory"});
  for (const char* path : {"", "/", ".", ".."})
    expect_error([&] { write_checkpoint(path, "gguf", small_plan(), force); }, ErrorCode::invalid_argument, {});
  expect_error([&] { write_checkpoint(directory / "none/x", "gguf", small_plan()); }, ErrorCode::io,
               {"none/x", "No such file"});
}

TEST(Output, ForceReplacesEveryKindOfModelDirectory) {
  for (const char* name : {"", "config.json", "x.safetensors", "x.gguf", "x.safetensors.index.json",
                           "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    TemporaryDirectory directory;
    fs::create_directory(directory / "x");
    if (*name) write_file(directory / (std::string("x/") + name), "");
    write_checkpoint(directory / "x", "gguf", small_plan(), {.force = true});
    EXPECT_TRUE(fs::is_regular_file(directory / "x")) << name;
    EXPECT_EQ(directory.names(), std::vector<std::string>{"x"});
  }
}

TEST(Output, ForceReplacesALinkAndNotWhatItNames) {
  TemporaryDirectory directory;
  write_file(directory / "target", "precious");
  fs::create_symlink("target", directory / "x");
  write_checkpoint(directory / "x", "gguf", small_plan(), {.force = true});
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(directory / "x")));
  EXPECT_EQ(read_file(directory / "target"), "precious");
}

TEST(Output, WhatAppearsDuringTheRunIsNotReplaced) {
  for (const char* format : all_formats) {
    TemporaryDirectory directory;
    OutputPlan plan = small_plan();
    plan.tensors[0].rows = [&](std::int64_t, std::int64_t) {
      write_file(directory / "x", "another's");
      return Tensor::full({1, 4}, 1);
    };
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::invalid_argument, {"x exists"});
    EXPECT_EQ(read_file(directory / "x"), "another's");
    EXPECT_EQ(directory.names(), std::vector<std::string>{"x"});
  }
}

TEST(Output, NamesMayBeLongAndEndInASlash) {
  TemporaryDirectory directory;
  const std::string longest(255, 'n');  // what Linux's file systems allow
  for (const char* format : all_formats) {
    write_checkpoint(directory / (longest + "//"), format, small_plan(), {.force = true});
    EXPECT_EQ(directory.names(), std::vector<std::string>{longest});
  }
}

TEST(Output, NothingIsWrittenBeyondThePlannedSize) {
  TemporaryDirectory directory;
  Output output(directory / "x", Output::Kind::file, false);
  OutputFile file = output.create(4);
  file.write(0, std::string_view("abcd"));
  for (const std::uint64_t at : {std::uint64_t{1}, std::uint64_t{5}, ~std::uint64_t{0}})
    expect_error([&] { file.write(at, std::string_view("abcd")); }, ErrorCode::internal, {"/x", "planned size of 4"});
  file.close();
  output.commit();
  EXPECT_EQ(read_file(directory / "x"), "abcd");
}

TEST(Output, ProgressEndsAtTheBytesWritten) {
  // Tensors that need padding, whole and in shards; an index is none of the model's bytes.
  for (const char* format : all_formats)
    for (const std::uint64_t shard : {0, 6}) {
      if (shard != 0 && std::string_view(format) == "npz") continue;  // never split
      TemporaryDirectory directory;
      OutputPlan plan =
          plan_of({{"a", Tensor::full({1}, 1)}, {"b", Tensor::full({5}, 2)}, {"c", Tensor::full({1}, 3)}});
      plan.max_shard_bytes = shard;
      std::uint64_t last = 0, total = 0;
      WriteOptions options;
      options.progress = [&](std::uint64_t done, std::uint64_t all) { last = done, total = all; };
      write_checkpoint(directory / "x", format, plan, options);
      std::uint64_t bytes = 0;
      for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
        if (entry.is_regular_file() && entry.path().extension() != ".json") bytes += entry.file_size();
      EXPECT_EQ(last, bytes) << format << shard;
      EXPECT_EQ(total, bytes) << format << shard;
    }
}

TEST(Output, ADanglingLinkIsSomethingThatExists) {
  TemporaryDirectory directory;
  fs::create_symlink("nowhere", directory / "x");
  expect_error([&] { write_checkpoint(directory / "x", "gguf", small_plan()); }, ErrorCode::invalid_argument,
               {"exists"});
}

TEST(Output, AFailureLeavesNothing) {
  for (const char* format : all_formats) {
    TemporaryDirectory directory;
    OutputPlan plan = small_plan();
    plan.tensors.push_back(OutputTensor::of("bad", Tensor::zeros({4}, DType::f32)));
    auto& rows = plan.tensors[1].rows;
    rows = [](std::int64_t, std::int64_t) -> Tensor { throw std::runtime_error("no"); };
    EXPECT_THROW(write_checkpoint(directory / "x", format, plan), std::runtime_error);
    EXPECT_TRUE(directory.names().empty());
    rows = [](std::int64_t, std::int64_t) { return Tensor::zeros({1, 5}, DType::f32); };
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::internal,
                 {"tensor bad", "(1, 4)", "f32 (1, 5)"});
    rows = [](std::int64_t, std::int64_t) { return Tensor::zeros({1, 4}, DType::i32); };
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::internal, {"tensor bad", "i32"});
    rows = [](std::int64_t, std::int64_t) { return Tensor(); };
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::internal, {"tensor bad"});
    rows = nullptr;
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::invalid_argument, {"tensor bad"});
    EXPECT_TRUE(directory.names().empty());
  }
}

TEST(Output, TensorsAreWrittenRowMajorWhateverTheirStrides) {
  Tensor x = Tensor::from<float>({0, 1, 2, 3, 4, 5}, Shape{2, 3});
  for (const char* format : all_formats) {
    TemporaryDirectory directory;
    write_checkpoint(directory / "x", format, plan_of({{"w", x.transpose(0, 1).slice(0, 2, -4, -2)}}));
    const Checkpoint read = open_checkpoint(directory / "x");
    EXPECT_EQ(read.get("w").shape(), (Shape{2, 2}));
    EXPECT_EQ(test::values_of<float>(read.get("w")), (std::vector<float>{2, 5, 0, 3})) << format;
  }
}

// More than a piece, split along the first axis and, where a row is too large, along the next.
TEST(Output, LargeStridedTensorsAreWrittenInPieces) {
  const std::int64_t n = 1800;
  Tensor x = Tensor::empty({2, n, n}, DType::f32);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data<float>()[i] = static_cast<float>(i);
  for (const Tensor& view : {x.transpose(1, 2), x.permute({2, 0, 1})}) {
    TemporaryDirectory directory;
    write_checkpoint(directory / "x", "safetensors", plan_of({{"w", view}}));
    const std::vector<float> read = test::values_of<float>(open_checkpoint(directory / "x").get("w"));
    std::size_t at = 0;
    for (std::int64_t i = 0; i < view.size(0); ++i)
      for (std::int64_t j = 0; j < view.size(1); ++j)
        for (std::int64_t k = 0; k < view.size(2); ++k) {
          const std::int64_t from = i * view.strides()[0] + j * view.strides()[1] + k * view.strides()[2];
          ASSERT_EQ(read[at++], static_cast<float>(from));
        }
  }
}

TEST(Output, RowsOfAnEncodedTensorMustLieTogether) {
  TemporaryDirectory directory;
  const Tensor encoded = Tensor::view_of(Storage::allocate(68), 0, {2, 32}, Encoding::of(Scheme::q8_0));
  OutputPlan plan;
  plan.tensors.push_back(OutputTensor::of("bad", encoded.slice(0, 0, 2, 2)));
  EXPECT_NO_THROW(write_checkpoint(directory / "x", "gguf", plan));
  plan.tensors[0] = OutputTensor::of("bad", encoded.slice(0, 1, -3, -1));
  expect_error([&] { write_checkpoint(directory / "y", "gguf", plan); }, ErrorCode::invalid_argument,
               {"tensor bad", "row-major"});
}

TEST(Output, SavingOverAMappedFileIsSafe) {
  for (const char* format : {"safetensors", "gguf"}) {
    TemporaryDirectory directory;
    write_checkpoint(directory / "x", format, plan_of({{"w", Tensor::full({100000}, 3)}}));
    const Checkpoint mapped = open_checkpoint(directory / "x");
    OutputPlan plan = plan_of({{"w", mapped.get("w")}, {"more", Tensor::full({7}, 1)}});
    expect_error([&] { write_checkpoint(directory / "x", format, plan); }, ErrorCode::invalid_argument, {"exists"});
    write_checkpoint(directory / "x", format, plan, {.force = true});
    EXPECT_EQ(test::values_of<float>(mapped.get("w")), std::vector<float>(100000, 3));
    EXPECT_EQ(test::values_of<float>(open_checkpoint(directory / "x").get("w")), std::vector<float>(100000, 3));
  }
}

// Runs `body` in a child process; its exit status, or minus the signal that ended it.
int in_child(const std::function<int()>& body) {
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(Output, AFullDiskIsOneClearError) {
  for (const char* format : all_formats) {
    TemporaryDirectory directory;
    const OutputPlan plan = plan_of({{"w", Tensor::zeros({1 << 18}, DType::f32)}});  // 1 MiB
    const int result = in_child([&] {
      struct rlimit limit{100'000, 100'000};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      try {
        write_checkpoint(directory / "x", format, plan);
      } catch (const Error& error) {
        const std::string_view what = error.what();
        if (error.code() != ErrorCode::io || what.find("limit") == what.npos || what.find("/x") == what.npos) return 2;
        // The program's own treatment of the signal is as it was: default, not blocked, not pending.
        struct ::sigaction action{};
        ::sigaction(SIGXFSZ, nullptr, &action);
        sigset_t blocked, pending;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        ::sigpending(&pending);
        return action.sa_handler == SIG_DFL && !::sigismember(&blocked, SIGXFSZ) && !::sigismember(&pending, SIGXFSZ)
                   ? 0
                   : 3;
      }
      return 1;
    });
    EXPECT_EQ(result, 0) << format;
    EXPECT_TRUE(directory.names().empty());
  }
}

TEST(Output, ALimitMetWhileWritingIsTheSameError) {
  // The limit falls after the room was reserved: pwrite itself fails.
  TemporaryDirectory directory;
  OutputPlan plan = plan_of({{"w", Tensor::zeros({1 << 18}, DType::f32)}});
  plan.tensors[0].rows = [](std::int64_t, std::int64_t) {
    struct rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return Tensor::zeros({1, 1 << 18}, DType::f32);
  };
  const int result = in_child([&] {
    try {
      write_checkpoint(directory / "x", "gguf", plan);
    } catch (const Error& error) {
      return error.code() == ErrorCode::io ? 0 : 2;
    }
    return 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_TRUE(directory.names().empty());
}

TEST(Output, ASignalThatWaitsAlreadyIsLeftWaiting) {
  TemporaryDirectory directory;
  EXPECT_EQ(in_child([&] {
              sigset_t set, pending;
              ::sigemptyset(&set);
              ::sigaddset(&set, SIGXFSZ);
              ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
              ::raise(SIGXFSZ);
              write_checkpoint(directory / "x", "gguf", small_plan());
              ::sigpending(&pending);
              return ::sigismember(&pending, SIGXFSZ) == 1 ? 0 : 1;
            }),
            0);
}

TEST(Output, AKilledWriterLeavesNothingUnderTheName) {
  for (const char* format : all_formats)
    for (const bool exists : {false, true}) {
      TemporaryDirectory directory;
      if (exists) write_checkpoint(directory / "x", format, small_plan());
      OutputPlan plan = plan_of({{"a", Tensor::zeros({1000}, DType::f32)}, {"b", Tensor::zeros({1000}, DType::f32)}});
      plan.tensors[1].rows = [](std::int64_t, std::int64_t) {
        ::raise(SIGKILL);
        return Tensor();
      };
      EXPECT_EQ(in_child([&] {
                  write_checkpoint(directory / "x", format, plan, {.force = true});
                  return 0;
                }),
                -SIGKILL);
      EXPECT_EQ(fs::exists(directory / "x"), exists);
      if (exists) {
        EXPECT_EQ(open_checkpoint(directory / "x").tensors.size(), 1u);
      }
      // What is left bears a name that says what it is, and does not disturb the next run.
      for (const std::string& name : directory.names()) EXPECT_TRUE(name == "x" || name.ends_with(".partial")) << name;
      write_checkpoint(directory / "x", format, small_plan(), {.force = true});
      EXPECT_EQ(open_checkpoint(directory / "x").tensors.size(), 1u);
    }
}

TEST(Output, TheUmaskDecidesTheMode) {
  TemporaryDirectory directory;
  const ::mode_t old = ::umask(027);
  write_checkpoint(directory / "x", "gguf", small_plan());
  ::umask(old);
  EXPECT_EQ(fs::status(directory / "x").permissions(), fs::perms(0640));
}

TEST(Output, LargeTensorsAreWrittenInPieces) {
  TemporaryDirectory directory;
  const std::int64_t n = 5'000'000;  // 20 MB: three pieces
  Tensor big = Tensor::empty({n}, DType::f32);
  for (std::int64_t i = 0; i < n; ++i) big.mutable_data<float>()[i] = static_cast<float>(i);
  std::vector<std::uint64_t> seen;
  WriteOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t) { seen.push_back(done); };
  write_checkpoint(directory / "x", "gguf", plan_of({{"w", big}}), options);
  EXPECT_GT(seen.size(), 3u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), fs::file_size(directory / "x"));
  EXPECT_EQ(test::values_of<float>(open_checkpoint(directory / "x").get("w")), test::values_of<float>(big));
}

}  // namespace
}  // namespace ingot
