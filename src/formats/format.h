// What a weight format is: three functions and a row of the table in formats.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "ingot/checkpoint.h"

namespace ingot {

/// A weight file or a directory about to be opened.
struct Source {
  std::string path;    // what errors call it
  Ref<Storage> bytes;  // the whole file; null for a directory

  bool is_directory() const noexcept { return !bytes; }
  /// Of a file.
  std::span<const std::byte> span() const noexcept { return {bytes->data(), bytes->size()}; }
};

struct Format {
  std::string_view name;
  /// ".gguf": a file no probe accepts is opened by the format its name ends like, for that reader's precise complaint.
  std::string_view suffix;
  /// Whether the content is of this format. Reads no more than the first bytes and the size.
  bool (*probe)(const Source&);
  Checkpoint (*open)(const Source&, const OpenOptions&);
  /// Null: read only. The plan has passed check_plan.
  void (*write)(const std::string& path, const OutputPlan&, const WriteOptions&);
};

/// In the order they are probed.
std::span<const Format> format_table() noexcept;

/// open_checkpoint behind the look-up of the path. Files opened from memory (fuzzing, tests) enter here.
Checkpoint open_source(const Source& source, const OpenOptions& options = {});

/// Maps a file, or names a directory. Throws not_found.
Source source_at(const std::string& path);
/// Maps a file. Throws not_found, and invalid_file for a directory.
Source file_at(const std::string& path);

/// Follows links; false where the path cannot be looked at.
bool path_exists(const std::string& path) noexcept;

}  // namespace ingot
