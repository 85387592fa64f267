// The table of formats, and the two public functions that look into it.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/fail.h"
#include "formats/format.h"
#include "formats/gguf/gguf.h"
#include "formats/huggingface/huggingface.h"
#include "formats/llama2c/llama2c.h"
#include "formats/mlx/mlx.h"
#include "formats/npy/npy.h"
#include "formats/plan.h"
#include "formats/pytorch/pytorch.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"

namespace ingot {
namespace {

// Name, suffix, probe, open, write. The surest signs first: magics, then llama2.c, whose size must be exact.
constexpr Format rows[] = {
    {"gguf", ".gguf", gguf::probe, gguf::open, gguf::write},
    {"llama2c", "", llama2c::probe, llama2c::open, nullptr},
    {"npz", ".npz", npy::probe_npz, npy::open_npz, npy::write_npz},
    {"pytorch", ".pt", pytorch::probe, pytorch::open, pytorch::write},
    {"npy", ".npy", npy::probe, npy::open, npy::write},
    {"safetensors", ".safetensors", safetensors::probe, safetensors::open, safetensors::write},
    {"mlx", "", mlx::probe, mlx::open, mlx::write},
    {"huggingface", "", huggingface::probe, huggingface::open, huggingface::write},
};

std::string first_bytes(const Source& source) {
  std::string out;
  const auto bytes = source.span();
  for (std::size_t i = 0; i < bytes.size() && i < 16; ++i)
    out += fmt::format("{}{:02x}", i ? " " : "", static_cast<unsigned>(bytes[i]));
  return out;
}

}  // namespace

std::span<const Format> format_table() noexcept { return rows; }

Source source_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    fail(errno == ENOENT || errno == ENOTDIR ? ErrorCode::not_found : ErrorCode::io, "open_checkpoint", "{}: {}",
         printable(path), std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return {path, {}};
  return {path, Storage::map(path)};
}

Source file_at(const std::string& path) {
  Source source = source_at(path);
  if (source.is_directory())
    fail(ErrorCode::invalid_file, "open_checkpoint", "{}: a directory, expected a file", printable(path));
  return source;
}

bool path_exists(const std::string& path) noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

Checkpoint open_source(const Source& source, const OpenOptions& options) {
  for (const Format& format : rows)
    if (format.probe(source)) return format.open(source, options);
  for (const Format& format : rows)
    if (!format.suffix.empty() && source.path.ends_with(format.suffix)) return format.open(source, options);
  fail(ErrorCode::invalid_file, "open_checkpoint",
       "{}: not a weight file this program knows (SafeTensors, GGUF, PyTorch, NumPy, llama2.c, a Hugging Face "
       "directory): {} "
       "bytes{}{}",
       printable(source.path), source.bytes->size(), source.bytes->size() ? " that begin with " : "",
       first_bytes(source));
}

Checkpoint open_checkpoint(const std::string& path, const OpenOptions& options) {
  struct stat status{};
  const bool hub = ::stat(path.c_str(), &status) != 0 && errno == ENOENT && huggingface::is_hub_name(path);
  Checkpoint checkpoint = open_source(source_at(hub ? huggingface::cached_snapshot(path) : path), options);
  if (hub) checkpoint.path = path;
  for (const std::string& file : checkpoint.files) checkpoint.sources.push_back(SourceFile::at(file));
  return checkpoint;
}

void write_checkpoint(const std::string& path, std::string_view name, const OutputPlan& plan,
                      const WriteOptions& options) {
  for (const Format& format : rows) {
    if (format.name != name) continue;
    if (!format.write) break;
    check_plan(plan);
    return format.write(path, plan, options);
  }
  fail(ErrorCode::invalid_argument, "write_checkpoint", "{} is not a format that can be written", printable(name));
}

}  // namespace ingot
