// Whole text files and standard input.
#pragma once

#include <string>

namespace ingot::cli {

/// Throws Error (io) naming the path.
std::string read_file(const std::string& path);
std::string read_stdin();

}  // namespace ingot::cli
