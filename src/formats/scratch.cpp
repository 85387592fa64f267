#include "formats/scratch.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/checked.h"

namespace ingot {
namespace {

constexpr std::uint64_t max_heap_bytes = std::uint64_t{64} << 20;

}  // namespace

Scratch::Scratch(std::string_view operation, std::string_view purpose, std::uint64_t bytes)
    : operation_(operation), purpose_(purpose) {
  if (bytes <= max_heap_bytes) {
    heap_ = Storage::allocate(static_cast<std::size_t>(bytes));
    if (bytes != 0) std::memset(heap_->mutable_data(), 0, heap_->size());
    return;
  }
  std::error_code error;
  auto directory = std::filesystem::temp_directory_path(error);
  if (error) directory = "/tmp";
  name_ = (directory / "ingot-XXXXXX").string();
  descriptor_ = ::mkstemp(name_.data());
  if (descriptor_ < 0) reject();
  ::unlink(name_.c_str());
  errno = EFBIG;
  if (!std::in_range<::off_t>(bytes) || ::ftruncate(descriptor_, static_cast<::off_t>(bytes)) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    errno = reason;
    reject();
  }
}

Scratch::~Scratch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Scratch::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (heap_) {
    if (!bytes.empty()) std::memcpy(heap_->mutable_data() + offset, bytes.data(), bytes.size());
    return;
  }
  while (!bytes.empty()) {
    const ::ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) reject();
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

Ref<Storage> Scratch::finish() const { return heap_ ? heap_ : Storage::map(descriptor_, name_); }

void Scratch::reject() const {
  fail(ErrorCode::io, operation_, "{}: {} (for {})", name_, std::strerror(errno), purpose_);
}

std::uint64_t SwappedCopy::add(std::span<const std::byte> numbers, std::size_t width) {
  parts_.push_back({numbers, width, bytes_});
  bytes_ = checked_add<std::uint64_t>(bytes_, numbers.size() + 63, "byteswap") / 64 * 64;
  return parts_.back().at;
}

Ref<Storage> SwappedCopy::make(std::string_view operation) const {
  constexpr std::size_t most = std::size_t{1} << 20;
  Scratch scratch(operation, "the byte-swapped copy of a big-endian file", bytes_);
  std::vector<std::byte> piece;
  for (const Part& part : parts_)
    for (std::size_t done = 0; done < part.numbers.size(); done += piece.size()) {
      const auto taken =
          part.numbers.subspan(done, std::min(most / part.width * part.width, part.numbers.size() - done));
      piece.assign(taken.begin(), taken.end());
      for (std::size_t i = 0; i + part.width <= piece.size(); i += part.width)
        std::reverse(&piece[i], &piece[i] + part.width);
      scratch.write(part.at + done, piece);
    }
  return scratch.finish();
}

}  // namespace ingot
