#include "ingot/checkpoint.h"

#include "core/fail.h"
#include "formats/utf8.h"

namespace ingot {

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

const Tensor* Checkpoint::find(std::string_view name) const noexcept {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors[found->second].tensor;
}

const Tensor& Checkpoint::get(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  fail(ErrorCode::not_found, "Checkpoint::get", "{}: no tensor {}", path, printable(name));
}

}  // namespace ingot
