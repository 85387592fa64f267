// What a command is: a name, its options, and a function to run. One file each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ingot::cli {

/// Declares a command's options. CLI11 stays inside args.cpp: it costs seconds in every file that includes it.
class Args {
 public:
  explicit Args(void* app) : app_(app) {}
  void positional(std::string& target, const char* name, const char* help);
  void option(std::string& target, const char* names, const char* help);
  /// An option whose empty text differs from its absence.
  void text(std::string& target, bool& given, const char* names, const char* help);
  void option(std::int64_t& target, const char* names, const char* help);
  void option(double& target, const char* names, const char* help);
  void option(std::vector<std::string>& target, const char* names, const char* help);
  /// One of `choices`, upper or lower case.
  void choice(std::string& target, const char* names, const char* help, const std::vector<std::string>& choices);
  void flag(bool& target, const char* names, const char* help);

 private:
  void* app_;  // CLI::App
};

struct Command {
  const char* name;
  const char* summary;
  const char* details;  // shown under the options by --help: definitions and an example
  /// Declares the options and returns what runs once they are parsed: the exit status, 0 or 1.
  std::function<std::function<int()>(Args&)> setup;
};

Command inspect_command();
Command verify_command();
Command diff_command();
Command convert_command();
Command shard_command();
Command quantize_command();
Command calibrate_command();
Command run_command();
Command perplexity_command();
Command embed_command();
Command tokenize_command();
Command devices_command();
Command version_command();

/// A wrong use that the options' types cannot express: exit status 2.
struct UsageError {
  std::string message;
};

/// Parses the command line, runs the command it names. The process's exit status: 0 done, 1 failed, 2 wrong usage.
int dispatch(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace ingot::cli
