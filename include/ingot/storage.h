// A range of bytes on a device: heap, mapped file or borrowed memory look alike to tensors.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include "ingot/device.h"
#include "ingot/ref.h"

namespace [[gnu::visibility("default")]] ingot {

enum class Access { read_only, copy_on_write };
enum class Advice { normal, sequential, random, will_need, dont_need };

class Storage final : public RefCounted {
 public:
  using Deleter = std::function<void(void*)>;

  /// `bytes` uninitialised bytes aligned to 64, huge pages from 4 MiB on. Throws out_of_memory.
  static Ref<Storage> allocate(std::size_t bytes, Device device = cpu_device);
  /// Maps `length` bytes (to the end of the file when npos) from `offset`, which need not be page-aligned.
  /// Writes to a copy_on_write mapping stay private to the process. Throws io naming the path.
  static Ref<Storage> map(const std::string& path, std::size_t offset = 0, std::size_t length = npos,
                          Access access = Access::read_only);
  /// The same from an open descriptor, which may be closed afterwards; `name` is what errors call it.
  static Ref<Storage> map(int descriptor, const std::string& name, std::size_t offset = 0, std::size_t length = npos,
                          Access access = Access::read_only);
  /// Memory of someone else's; `deleter` (may be empty) is called with `data` when the last tensor lets go.
  static Ref<Storage> borrow(void* data, std::size_t bytes, Deleter deleter, bool read_only,
                             Device device = cpu_device);

  ~Storage();

  const std::byte* data() const noexcept { return data_; }
  /// Throws invalid_argument on read-only storage. Counts as a write: bumps version().
  std::byte* mutable_data();
  std::size_t size() const noexcept { return size_; }
  Device device() const noexcept { return device_; }
  bool read_only() const noexcept { return read_only_; }
  bool mapped() const noexcept { return mapped_; }
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

  /// Hints to the kernel about a mapped range (clamped to the storage); nothing happens on other storage.
  void advise(Advice advice, std::size_t offset = 0, std::size_t length = npos) const noexcept;

  /// The stream and event of the last writer. Whoever needs the bytes waits; an asynchronous failure is thrown here.
  void written_by(Stream stream, Event event) noexcept;
  void wait() const;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  // Small blocks lie behind their Storage, in one allocation of `size` + `extra` bytes.
  static void* operator new(std::size_t size, std::size_t extra = 0);
  static void operator delete(void* storage) noexcept;
  static void operator delete(void* storage, std::size_t) noexcept { operator delete(storage); }

 private:
  Storage() noexcept = default;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  Device device_;
  bool read_only_ = false, mapped_ = false;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> event_{0};
  std::atomic<std::uint32_t> stream_{0};
  Deleter deleter_;
};

}  // namespace ingot
