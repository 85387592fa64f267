#include <csignal>

#include "command.h"

int main(int argc, char** argv) {
  using namespace ingot::cli;
  // A write past a size limit shall fail with an error that the writer reports and cleans up after, not kill us.
  std::signal(SIGXFSZ, SIG_IGN);
  return dispatch(argc, argv,
                  {inspect_command(), verify_command(), diff_command(), convert_command(), shard_command(),
                   quantize_command(), calibrate_command(), run_command(), perplexity_command(), embed_command(),
                   tokenize_command(), devices_command(), version_command()});
}
