#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/fail.h"
#include "formats/huggingface/huggingface.h"

namespace ingot::huggingface {
namespace {

namespace fs = std::filesystem;

// The order huggingface_hub's constants.py looks in.
fs::path cache_directory() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (*variable(name)) return variable(name);
  if (*variable("HF_HOME")) return fs::path(variable("HF_HOME")) / "hub";
  if (*variable("XDG_CACHE_HOME")) return fs::path(variable("XDG_CACHE_HOME")) / "huggingface" / "hub";
  return fs::path(variable("HOME")) / ".cache" / "huggingface" / "hub";
}

bool is_name_part(std::string_view part) {
  const auto allowed = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !part.empty() && part.size() <= 96 && part[0] != '.' && part[0] != '-' &&
         std::all_of(part.begin(), part.end(), allowed);
}

}  // namespace

bool is_hub_name(const std::string& path) {
  const auto slash = path.find('/');
  return slash != std::string::npos && is_name_part(path.substr(0, slash)) && is_name_part(path.substr(slash + 1));
}

std::string cached_snapshot(const std::string& name) {
  const auto slash = name.find('/');
  const fs::path repository = cache_directory() / ("models--" + name.substr(0, slash) + "--" + name.substr(slash + 1));
  std::string revision;
  if (std::ifstream ref(repository / "refs" / "main"); ref) std::getline(ref, revision);
  while (!revision.empty() && std::string_view(" \r\t").find(revision.back()) != std::string_view::npos)
    revision.pop_back();
  if (is_name_part(revision)) {
    const fs::path snapshot = repository / "snapshots" / revision;
    if (path_exists(snapshot.string())) return snapshot.string();
  }
  fail(ErrorCode::not_found, "open_checkpoint",
       "{}: no such file or directory, and not in the Hugging Face cache ({}); download it with: hf download {} "
       "(older: huggingface-cli download {})",
       name, cache_directory().string(), name, name);
}

}  // namespace ingot::huggingface
