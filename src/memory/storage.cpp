#include "ingot/storage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/fail.h"
#include "device/backend.h"

namespace ingot {
namespace {

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail(ErrorCode::io, "Storage::map", "{}: {}", path, std::strerror(errno));
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

// Above this a block has an allocation of its own: by then filling it costs more than a second call of malloc, and
// malloc's caches for threads end about here.
constexpr std::size_t small_block = 512;
constexpr std::size_t alignment = 64;

void* Storage::operator new(std::size_t size, std::size_t extra) {
  void* storage = std::malloc(size + extra);
  if (!storage) fail(ErrorCode::out_of_memory, "Storage", "{} bytes", size + extra);
  return storage;
}
void Storage::operator delete(void* storage) noexcept { std::free(storage); }

Ref<Storage> Storage::allocate(std::size_t bytes, Device device) {
  if (device == cpu_device && bytes > 0 && bytes <= small_block) {
    Ref<Storage> storage(new (bytes + alignment) Storage);
    const auto behind = reinterpret_cast<std::uintptr_t>(storage.get() + 1);
    storage->data_ = reinterpret_cast<std::byte*>(storage.get() + 1) + (0 - behind) % alignment;
    storage->size_ = bytes;
    return storage;
  }
  Ref<Storage> storage(new Storage);
  Backend& backend = backend_of(device);
  storage->data_ = static_cast<std::byte*>(backend.allocate(bytes));
  storage->size_ = bytes;
  storage->device_ = device;
  storage->deleter_ = [&backend, bytes](void* data) { backend.deallocate(data, bytes); };
  return storage;
}

Ref<Storage> Storage::map(const std::string& path, std::size_t offset, std::size_t length, Access access) {
  return map(Descriptor(path).get(), path, offset, length, access);
}

Ref<Storage> Storage::map(int descriptor, const std::string& name, std::size_t offset, std::size_t length,
                          Access access) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) fail(ErrorCode::io, "Storage::map", "{}: {}", name, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::io, "Storage::map", "{}: not a regular file", name);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (offset > size || (length != npos && length > size - offset))
    fail(ErrorCode::out_of_range, "Storage::map", "{}: bytes {} + {} are past its {} bytes", name, offset, length,
         size);
  if (length == npos) length = size - offset;

  Ref<Storage> storage(new Storage);
  storage->size_ = length;
  storage->mapped_ = true;
  storage->read_only_ = access == Access::read_only;
  if (length == 0) return storage;
  const std::size_t lead = offset % page_size();  // mmap wants whole pages
  const int protection = access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  const int sharing = access == Access::read_only ? MAP_SHARED : MAP_PRIVATE;
  void* base = ::mmap(nullptr, length + lead, protection, sharing, descriptor, static_cast<off_t>(offset - lead));
  if (base == MAP_FAILED) fail(ErrorCode::io, "Storage::map", "{}: {}", name, std::strerror(errno));
  storage->data_ = static_cast<std::byte*>(base) + lead;
  storage->deleter_ = [base, total = length + lead](void*) { ::munmap(base, total); };
  return storage;
}

Ref<Storage> Storage::borrow(void* data, std::size_t bytes, Deleter deleter, bool read_only, Device device) {
  Ref<Storage> storage(new Storage);
  storage->data_ = static_cast<std::byte*>(data);
  storage->size_ = bytes;
  storage->device_ = device;
  storage->read_only_ = read_only;
  storage->deleter_ = std::move(deleter);
  return storage;
}

Storage::~Storage() {
  if (!deleter_) return;
  // The last writer may still run on its device. A failure has nobody left to hear of it here.
  try {
    wait();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): see above
  }
  deleter_(data_);
}

std::byte* Storage::mutable_data() {
  if (read_only_) fail(ErrorCode::invalid_argument, "Storage::mutable_data", "the storage is read-only");
  version_.fetch_add(1, std::memory_order_relaxed);
  return data_;
}

void Storage::advise(Advice advice, std::size_t offset, std::size_t length) const noexcept {
  if (!mapped_ || offset >= size_) return;
  length = std::min(length, size_ - offset);
  const auto address = reinterpret_cast<std::uintptr_t>(data_ + offset);
  const std::uintptr_t begin = address / page_size() * page_size();
  int flag = MADV_NORMAL;
  switch (advice) {
    case Advice::normal: flag = MADV_NORMAL; break;
    case Advice::sequential: flag = MADV_SEQUENTIAL; break;
    case Advice::random: flag = MADV_RANDOM; break;
    case Advice::will_need: flag = MADV_WILLNEED; break;
    // Dropping a private mapping's pages would lose writes; of a shared read-only one they come back from the file.
    case Advice::dont_need: flag = read_only_ ? MADV_DONTNEED : MADV_NORMAL; break;
  }
  ::madvise(reinterpret_cast<void*>(begin), length + (address - begin), flag);
}

void Storage::written_by(Stream stream, Event event) noexcept {
  stream_.store(stream.id, std::memory_order_relaxed);
  event_.store(event.ticket, std::memory_order_release);
}

void Storage::wait() const {
  const std::uint64_t ticket = event_.load(std::memory_order_acquire);
  if (ticket != 0) backend_of(device_).wait(Event{ticket});
}

}  // namespace ingot
