// Ctrl-C and termination as exceptions, so that what was begun is cleaned up.
#pragma once

#include <csignal>

namespace ingot::cli {

/// Thrown where work that may be given up has seen a signal.
struct Interrupted {
  int signal;
};

/// While one lives, SIGINT and SIGTERM are kept for check(); a second one ends the process as ever.
class InterruptScope {
 public:
  InterruptScope() noexcept;
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  /// Throws Interrupted if a signal came.
  static void check();

 private:
  struct sigaction interrupt_, terminate_;  // what stood before
};

}  // namespace ingot::cli
