#include <fmt/core.h>

#include <cstdlib>
#include <optional>

#include "formats/huggingface/huggingface.h"
#include "support/bytes.h"
#include "support/temporary_directory.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::read_file;
using test::TemporaryDirectory;
using test::values_of;
using test::write_file;

OutputPlan plan_of(int tensors) {
  OutputPlan plan;
  for (int i = 0; i < tensors; ++i) {
    const Tensor t = Tensor::full({4}, i);
    plan.tensors.push_back(OutputTensor::of(fmt::format("t{}", i), t));
  }
  plan.metadata.set("format", std::string("pt"));
  plan.documents["config.json"] = R"({"model_type":"llama"})";
  plan.documents["tokenizer.model"] = std::string("\0\xff\n", 3);
  return plan;
}

TEST(HuggingFace, RoundTrip) {
  for (const std::uint64_t shard : {0, 20}) {
    TemporaryDirectory directory;
    OutputPlan plan = plan_of(3);
    plan.max_shard_bytes = shard;
    write_checkpoint(directory / "model", "huggingface", plan);
    EXPECT_EQ(directory.names(), std::vector<std::string>{"model"});
    EXPECT_EQ(fs::exists(directory / "model/model.safetensors"), shard == 0);
    EXPECT_EQ(fs::exists(directory / "model/model.safetensors.index.json"), shard != 0);
    write_file(directory / "model/README.md", "not a document");
    const Checkpoint c = open_checkpoint(directory / "model");
    EXPECT_EQ(c.format, "huggingface");
    EXPECT_EQ(c.path, directory / "model");
    auto documents = c.documents;
    documents.erase("model.safetensors.index.json");  // of the writer, not of the plan
    EXPECT_EQ(documents, plan.documents);
    EXPECT_EQ(c.metadata.string("format"), "pt");
    EXPECT_EQ(c.files.size(), shard == 0 ? 1u : 3u);
    EXPECT_EQ(values_of<float>(c.get("t2")), std::vector<float>(4, 2));
  }
}

TEST(HuggingFace, DocumentsCannotBeWeights) {
  TemporaryDirectory directory;
  OutputPlan plan = plan_of(1);
  for (const char* name : {"model.safetensors", "../x", "..", "", "model.safetensors.index.json"}) {
    plan.documents = {{name, "{}"}};
    expect_error([&] { write_checkpoint(directory / "model", "huggingface", plan); }, ErrorCode::invalid_argument, {});
    EXPECT_TRUE(directory.names().empty());
  }
}

TEST(HuggingFace, DirectoriesWithoutWeights) {
  TemporaryDirectory directory;
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::not_found, {directory.path(), "without weights"});
  write_file(directory / "config.json", "{}");
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::not_found, {"without weights"});
  write_file(directory / "pytorch_model.bin", "x");
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::invalid_file, {"pytorch_model.bin", "neither"});
  write_file(directory / "model.safetensors.index.json", R"({"weight_map":{"w":"model-00001-of-00001.safetensors"}})");
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::invalid_file,
               {"model-00001-of-00001.safetensors is missing", "holds w"});
}

TEST(HuggingFace, AmbiguousDirectories) {
  TemporaryDirectory directory;
  OutputPlan plan = plan_of(1);
  plan.documents.clear();
  write_checkpoint(directory / "a.safetensors", "safetensors", plan);
  EXPECT_EQ(open_checkpoint(directory.path()).format, "safetensors");
  write_checkpoint(directory / "b.safetensors", "safetensors", plan);
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::invalid_file, {"2 SafeTensors files"});
  write_checkpoint(directory / "model.safetensors", "safetensors", plan);
  EXPECT_EQ(open_checkpoint(directory.path()).files, std::vector<std::string>{directory / "model.safetensors"});
}

TEST(HuggingFace, DirectoriesOfGguf) {
  TemporaryDirectory directory;
  OutputPlan plan = plan_of(1);
  plan.documents.clear();
  write_checkpoint(directory / "a.gguf", "gguf", plan);
  const Checkpoint c = open_checkpoint(directory.path());
  EXPECT_EQ(c.format, "gguf");
  EXPECT_EQ(c.path, directory.path());
  EXPECT_EQ(c.files, std::vector<std::string>{directory / "a.gguf"});
  write_checkpoint(directory / "b.gguf", "gguf", plan);
  expect_error([&] { open_checkpoint(directory.path()); }, ErrorCode::invalid_argument, {"2 GGUF models", "a.gguf"});
}

// Sets an environment variable, or takes it away, for one test.
class Variable {
 public:
  Variable(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_); }

 private:
  void set(const std::optional<std::string>& value) {
    if (value)
      ::setenv(name_, value->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> old_;
};

TEST(HuggingFace, NamesAreLookedUpInTheCache) {
  TemporaryDirectory directory;
  const Variable no_cache("HF_HUB_CACHE", {}), no_old_cache("HUGGINGFACE_HUB_CACHE", {}), no_home("HF_HOME", {}),
      no_xdg("XDG_CACHE_HOME", {}), home("HOME", directory.path());
  for (const std::string& cache :
       {directory / ".cache/huggingface/hub", directory / "hf/hub", directory / "elsewhere"}) {
    const Variable hf_home("HF_HOME", cache.ends_with("hf/hub") ? std::optional(directory / "hf") : std::nullopt);
    const Variable hub("HF_HUB_CACHE", cache.ends_with("elsewhere") ? std::optional(cache) : std::nullopt);
    expect_error([&] { open_checkpoint("some-org/Model_1.5"); }, ErrorCode::not_found,
                 {"hf download some-org/Model_1.5", "huggingface-cli download some-org/Model_1.5", cache});
    const std::string repository = cache + "/models--some-org--Model_1.5";
    fs::create_directories(repository + "/snapshots/0123abc");
    fs::create_directories(repository + "/refs");
    write_file(repository + "/refs/main", "0123abc\n");
    // Snapshots are links to blobs.
    write_checkpoint(repository + "/blob", "safetensors", plan_of(1));
    fs::create_symlink("../../blob", repository + "/snapshots/0123abc/model.safetensors");
    write_file(repository + "/snapshots/0123abc/config.json", "{}");
    const Checkpoint c = open_checkpoint("some-org/Model_1.5");
    EXPECT_EQ(c.path, "some-org/Model_1.5");
    EXPECT_EQ(c.format, "huggingface");
    EXPECT_EQ(c.tensors.size(), 1u);
    write_file(repository + "/refs/main", "../../..");
    expect_error([&] { open_checkpoint("some-org/Model_1.5"); }, ErrorCode::not_found, {"hf download"});
  }
}

TEST(HuggingFace, WhatANameLooksLike) {
  for (const char* name : {"org/name", "TinyLlama/TinyLlama-1.1B", "a/b_c.d"})
    EXPECT_TRUE(huggingface::is_hub_name(name));
  for (const char* name : {"name", "/name", "org/", "./name", "../name", "a/b/c", "a b/c", "org/.x", "-a/b"})
    EXPECT_FALSE(huggingface::is_hub_name(name)) << name;
  expect_error([] { open_checkpoint("a/b/c"); }, ErrorCode::not_found, {"a/b/c", "No such file"});
}

}  // namespace
}  // namespace ingot
