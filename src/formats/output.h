// Output that appears under its name only when it is complete: written beside it, synced, renamed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "ingot/checkpoint.h"

namespace ingot {

/// One file of an output, of a size known beforehand. Parts may be written in any order, by several threads.
class OutputFile {
 public:
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Throws io; what is never written reads as zeros.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void write(std::uint64_t offset, std::string_view text) { write(offset, std::as_bytes(std::span(text))); }
  /// Brings the file to the disk and closes it. Throws io.
  void close();

 private:
  friend class Output;
  OutputFile(const std::string& path, std::string shown, std::uint64_t bytes);
  std::string shown_;  // the final name, for errors
  std::uint64_t bytes_;
  int descriptor_ = -1;
};

/// A file, or a directory of files, under a temporary sibling name until commit(). The destructor removes what was not
/// committed, so a failure anywhere leaves nothing; a process that is killed leaves the temporary name only.
class Output {
 public:
  enum class Kind { file, directory };

  /// Throws invalid_argument where something stands at `path` and `force` is false, or where it is nothing that may be
  /// replaced: a device, a socket, or a directory that holds no model.
  Output(const std::string& path, Kind kind, bool force);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  /// The file itself (Kind::file: without a name, once), or one of the directory or of a folder in it. Room for `bytes`
  /// is reserved now, so that a full disk is known before any work.
  OutputFile create(std::uint64_t bytes, const std::string& name = {});
  /// Syncs and renames. What stood there under `force` is exchanged, then removed.
  void commit();

 private:
  std::string path_, temporary_;
  std::set<std::string> folders_;  // those in the directory
  Kind kind_;
  bool force_;
  std::uint64_t free_ = 0, planned_ = 0;  // bytes on the disk when this began, and of the files so far
  bool pending_ = false;                  // something stands under the temporary name
};

/// Counts bytes towards WriteOptions::progress, which is called by the thread that made this and by no other.
class WriteProgress {
 public:
  WriteProgress(const WriteOptions& options, std::uint64_t total) : report_(options.progress), total_(total) {}
  /// By any thread.
  void add(std::uint64_t bytes) {
    done_ += bytes;
    if (report_ && std::this_thread::get_id() == owner_) report_(done_, total_);
  }

 private:
  const std::function<void(std::uint64_t, std::uint64_t)>& report_;
  const std::thread::id owner_ = std::this_thread::get_id();
  std::atomic<std::uint64_t> done_ = 0;
  const std::uint64_t total_;
};

}  // namespace ingot
