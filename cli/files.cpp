#include "files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "ingot/error.h"

namespace ingot::cli {
namespace {

std::string read_all(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, n);
  if (std::ferror(file)) throw Error(ErrorCode::io, "read", name + ": " + std::strerror(errno));
  return text;
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw Error(ErrorCode::io, "read", path + ": " + std::strerror(errno));
  return read_all(file.get(), path);
}

std::string read_stdin() { return read_all(stdin, "standard input"); }

}  // namespace ingot::cli
