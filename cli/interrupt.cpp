#include "interrupt.h"

namespace ingot::cli {
namespace {

volatile std::sig_atomic_t received = 0;

struct sigaction keep(int signal) noexcept {
  struct sigaction action{}, before{};
  action.sa_handler = [](int number) { received = number; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(signal, nullptr, &before);
  // A shell that runs us in the background has it ignored.
  if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  return before;
}

}  // namespace

InterruptScope::InterruptScope() noexcept : interrupt_(keep(SIGINT)), terminate_(keep(SIGTERM)) {}

InterruptScope::~InterruptScope() {
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGTERM, &terminate_, nullptr);
}

void InterruptScope::check() {
  if (received) throw Interrupted{received};
}

}  // namespace ingot::cli
