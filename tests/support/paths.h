// Where tests find files: the source tree, and data made by others that is not part of it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace ingot::test {

/// Tests run with the source tree as their working directory.
inline std::filesystem::path source_tree() { return std::filesystem::current_path(); }

/// A file of $INGOT_TEST_DATA (default ../shared/data); none where it is absent, and the test skips naming it.
inline std::optional<std::string> test_data(const std::string& name) {
  const char* root = std::getenv("INGOT_TEST_DATA");
  const auto path = (root ? std::filesystem::path(root) : source_tree() / ".." / "shared" / "data") / name;
  if (!std::filesystem::exists(path)) return {};
  return path.string();
}

}  // namespace ingot::test

#define INGOT_TEST_DATA_OR_SKIP(variable, name)                 \
  const auto variable##_found = ::ingot::test::test_data(name); \
  if (!variable##_found) GTEST_SKIP() << "absent: " << (name);  \
  const std::string& variable = *variable##_found
