#include "formats/output.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <random>
#include <utility>

#include "core/fail.h"
#include "formats/utf8.h"

namespace ingot {
namespace {

constexpr const char* operation = "write_checkpoint";

[[noreturn]] void fail_io(const std::string& path, int error) {
  const char* hint = error == ENOSPC   ? " (the disk is full)"
                     : error == EFBIG  ? " (larger than the file size limit of the process or the file system)"
                     : error == EDQUOT ? " (the disk quota is used up)"
                                       : "";
  fail(ErrorCode::io, operation, "{}: {}{}", path, std::strerror(error), hint);
}

// Passing RLIMIT_FSIZE sends SIGXFSZ, which kills the process unless it is handled. A library must not install
// handlers, which belong to the program, so the signal is blocked in this thread around the call that may raise it
// (it is directed at the thread) and, if the call did, taken off the queue before the mask is put back.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock() {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGXFSZ) == 1;
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &set_, &previous_);
  }
  ~FileSizeSignalBlock() {
    sigset_t pending;
    ::sigpending(&pending);
    if (!was_pending_ && ::sigismember(&pending, SIGXFSZ) == 1) {
      int signal;
      ::sigwait(&set_, &signal);
    }
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
  FileSizeSignalBlock(const FileSizeSignalBlock&) = delete;
  FileSizeSignalBlock& operator=(const FileSizeSignalBlock&) = delete;

 private:
  sigset_t set_{}, previous_{};
  bool was_pending_;
};

// 0 or an errno.
int reserve(int descriptor, std::uint64_t bytes) {
  if (bytes == 0) return 0;
  if (!std::in_range<off_t>(bytes)) return EFBIG;
  const FileSizeSignalBlock block;
#ifdef __linux__
  if (::fallocate(descriptor, 0, 0, static_cast<off_t>(bytes)) == 0) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR) return errno;
#endif
  return ::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
}

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void sync_directory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail_io(path, errno);
  // Some file systems cannot sync a directory and say EINVAL; the rename itself is still atomic there.
  const int error = ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  ::close(descriptor);
  if (error) fail_io(path, error);
}

// A directory may be replaced by `force` if it is empty or holds weights: never somebody's home by a slip of the hand.
bool holds_a_model(const std::string& path) {
  bool any = false;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    any = true;
    const auto name = entry->path().filename().string();
    if (name == "config.json" || name.ends_with(".safetensors") || name.ends_with(".gguf") ||
        name.ends_with(".safetensors.index.json") || name == "pytorch_model.bin" ||
        name == "pytorch_model.bin.index.json")
      return true;
  }
  if (error) fail(ErrorCode::io, operation, "{}: {}", path, error.message());
  return !any;
}

// 0 or an errno. EEXIST: the name was taken in the meantime.
int rename_new(const std::string& from, const std::string& to) {
#if defined(__linux__) && defined(RENAME_NOREPLACE)
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
#endif
  struct stat status{};
  if (::lstat(to.c_str(), &status) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

OutputFile::OutputFile(const std::string& path, std::string shown, std::uint64_t bytes)
    : shown_(std::move(shown)), bytes_(bytes) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_io(shown_, errno);
  if (const int error = reserve(descriptor_, bytes)) {
    ::close(descriptor_);
    fail_io(shown_, error);
  }
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : shown_(std::move(other.shown_)), bytes_(other.bytes_), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (offset > bytes_ || bytes.size() > bytes_ - offset)
    fail(ErrorCode::internal, operation, "{}: {} bytes at {} pass the planned size of {}", shown_, bytes.size(), offset,
         bytes_);
  const FileSizeSignalBlock block;
  while (!bytes.empty()) {
    const ::ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_io(shown_, errno);
    if (written == 0) fail_io(shown_, ENOSPC);
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void OutputFile::close() {
  if (::fsync(descriptor_) != 0) fail_io(shown_, errno);
  // Network file systems report a full disk here at the latest.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_io(shown_, errno);
}

Output::Output(const std::string& path, Kind kind, bool force) : path_(path), kind_(kind), force_(force) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  const auto name = std::filesystem::path(path_).filename().string();
  if (name.empty() || name == "." || name == ".." || path_ == "/")
    fail(ErrorCode::invalid_argument, operation, "{}: not a name for an output", printable(path));

  struct stat status{};
  if (::lstat(path_.c_str(), &status) == 0) {
    if (!force) fail(ErrorCode::invalid_argument, operation, "{} exists: force replaces it", path_);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode))
      fail(ErrorCode::invalid_argument, operation, "{} is neither a file nor a directory, and is not replaced", path_);
    if (S_ISDIR(status.st_mode) && !holds_a_model(path_))
      fail(ErrorCode::invalid_argument, operation, "{} is a directory without a model, and is not replaced", path_);
  } else if (errno != ENOENT) {
    fail_io(path_, errno);
  }

  std::error_code unknown;
  free_ = std::filesystem::space(parent_of(path_), unknown).available;
  if (unknown) free_ = std::numeric_limits<std::uint64_t>::max();  // reserving it will tell

  // Hidden, so that directory listings and model look-ups pass over a run in progress; in the same directory, so that
  // the rename stays on one file system. Names are limited to 255 bytes.
  std::random_device random;
  const auto parent = std::filesystem::path(path_).parent_path();
  for (int attempt = 0;; ++attempt) {
    temporary_ = (parent / fmt::format(".{}.{:08x}.partial", name.substr(0, 200), random())).string();
    if (kind == Kind::directory) {
      if (::mkdir(temporary_.c_str(), 0777) == 0) break;
      if (errno != EEXIST || attempt == 100) fail_io(path_, errno);
    } else if (::lstat(temporary_.c_str(), &status) != 0) {
      break;  // create() makes it, exclusively
    }
  }
  pending_ = true;
}

Output::~Output() {
  if (!pending_) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_, ignored);
}

OutputFile Output::create(std::uint64_t bytes, const std::string& name) {
  planned_ += bytes;
  if (planned_ > free_ || planned_ < bytes)
    fail(ErrorCode::io, operation, "{}: the disk is full: {} bytes or more are to be written, {} are free", path_,
         planned_, free_);
  if (kind_ == Kind::file) return {temporary_, path_, bytes};
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = std::string_view(name).substr(at, end - at);
    if (part.empty() || part == "." || part == "..")
      fail(ErrorCode::invalid_argument, operation, "{}: {} is not a file name", path_, printable(name));
    at = end + 1;
  }
  if (const auto slash = name.rfind('/'); slash != std::string::npos) {
    folders_.insert(temporary_ + "/" + name.substr(0, slash));
    std::error_code error;
    std::filesystem::create_directories(temporary_ + "/" + name.substr(0, slash), error);
    if (error) fail(ErrorCode::io, operation, "{}/{}: {}", path_, name.substr(0, slash), error.message());
  }
  return {temporary_ + "/" + name, path_ + "/" + name, bytes};
}

void Output::commit() {
  const std::string parent = parent_of(path_);
  for (const std::string& folder : folders_) sync_directory(folder);
  if (kind_ == Kind::directory) sync_directory(temporary_);
  int error = rename_new(temporary_, path_);
  if (error == EEXIST && force_) {
#if defined(__linux__) && defined(RENAME_EXCHANGE)
    error = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0 ? 0 : errno;
    if (error == 0) {
      // The old one stands under the temporary name now. A mapping of it stays valid until its last user lets go.
      sync_directory(parent);
      pending_ = false;
      std::error_code failed;
      std::filesystem::remove_all(temporary_, failed);
      if (failed) fail(ErrorCode::io, operation, "{}: {}", temporary_, failed.message());
      return;
    }
#else
    error = EINVAL;
#endif
    if (error == EINVAL || error == ENOSYS) {
      // Without an exchange the old one is moved aside first: a directory cannot be renamed over.
      const std::string aside = temporary_ + ".old";
      error = ::rename(path_.c_str(), aside.c_str()) == 0 ? 0 : errno;
      if (error == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) {
        error = errno;
        ::rename(aside.c_str(), path_.c_str());
      }
      if (error == 0) {
        std::error_code failed;
        std::filesystem::remove_all(aside, failed);
      }
    }
  }
  if (error == EEXIST) fail(ErrorCode::invalid_argument, operation, "{} exists: force replaces it", path_);
  if (error) fail_io(path_, error);
  pending_ = false;
  sync_directory(parent);
}

}  // namespace ingot
