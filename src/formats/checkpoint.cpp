#include "ingot/checkpoint.h"

#include <filesystem>

#include "core/fail.h"
#include "formats/utf8.h"
#include "ingot/ops/manipulation.h"

namespace ingot {
const Shape& NamedTensor::shape() const noexcept { return composite ? composite->shape : tensor.shape(); }

DType NamedTensor::dtype() const noexcept { return composite ? composite->dtype : tensor.dtype(); }

std::uint64_t NamedTensor::nbytes() const {
  if (!composite) return tensor.nbytes();
  std::uint64_t bytes = 0;
  for (const NamedTensor& part : composite->parts) bytes += part.nbytes();
  return bytes;
}

std::string NamedTensor::held_as() const {
  if (composite) return composite->scheme;
  return std::string(tensor.is_quantized() ? to_string(tensor.encoding()->scheme()) : to_string(tensor.dtype()));
}

std::int64_t NamedTensor::row_count() const noexcept {
  std::int64_t rows = 1;
  for (int axis = 0; axis + 1 < shape().rank(); ++axis) rows *= shape()[axis];
  return rows;
}

Tensor NamedTensor::rows(std::int64_t first, std::int64_t last) const {
  const std::int64_t count = row_count();
  if (first < 0 || first > last || last > count)
    fail(ErrorCode::out_of_range, "NamedTensor::rows", "tensor {}: rows {} to {} of {}", printable(name), first, last,
         count);
  if (composite) return composite->rows(first, last);
  return reshape(tensor, {count, shape().empty() ? 1 : shape().back()}).slice(0, first, last);
}

Tensor NamedTensor::whole() const {
  if (!composite) return tensor;
  if (composite->encoded) return composite->encoded();
  return composite->rows(0, row_count()).view(composite->shape);
}

void NamedTensor::release_pages() const {
  if (composite)
    for (const NamedTensor& part : composite->parts) part.release_pages();
  else
    tensor.storage()->advise(Advice::dont_need, static_cast<std::size_t>(tensor.meta().byte_offset), tensor.nbytes());
}

SourceFile SourceFile::at(const std::string& path) {
  std::error_code failed, unreadable;
  const auto bytes = std::filesystem::file_size(path, failed);
  const auto modified = std::filesystem::last_write_time(path, unreadable);
  if (failed || unreadable)
    fail(ErrorCode::io, "SourceFile::at", "{}: {}", printable(path), (failed ? failed : unreadable).message());
  return {path, bytes, static_cast<std::int64_t>(modified.time_since_epoch().count())};
}

void Checkpoint::replace(std::vector<NamedTensor> others) {
  tensors.clear();
  index_.clear();
  for (NamedTensor& tensor : others) add(std::move(tensor));
}

void Checkpoint::add(NamedTensor tensor) {
  const auto [position, added] = index_.try_emplace(tensor.name, tensors.size());
  if (!added) {
    const NamedTensor& first = tensors[position->second];
    const auto file_of = [&](const NamedTensor& t) {
      const auto i = static_cast<std::size_t>(t.file);
      return i < files.size() ? files[i] : path;
    };
    fail(ErrorCode::invalid_file, "open_checkpoint",
         "{}: tensor {} at byte {} has the name of the one at byte {} of {}", file_of(tensor), printable(tensor.name),
         tensor.offset, first.offset, file_of(first));
  }
  tensors.push_back(std::move(tensor));
}

const NamedTensor* Checkpoint::find(std::string_view name) const noexcept {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors[found->second];
}

Tensor Checkpoint::get(std::string_view name) const {
  if (const NamedTensor* tensor = find(name)) return tensor->whole();
  fail(ErrorCode::not_found, "Checkpoint::get", "{}: no tensor {}", path, printable(name));
}

}  // namespace ingot
