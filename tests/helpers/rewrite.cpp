// rewrite IN FORMAT[:SHARD_BYTES] OUT: opens a checkpoint and writes the same tensors, metadata and documents.
#include <cstdio>
#include <string>

#include "ingot/checkpoint.h"

int main(int argc, char** argv) {
  using namespace ingot;
  if (argc != 4) return 2;
  try {
    const Checkpoint in = open_checkpoint(argv[1]);
    OutputPlan plan;
    plan.metadata = in.metadata;
    plan.documents = in.documents;
    for (const NamedTensor& t : in.tensors) plan.tensors.push_back(OutputTensor::of(t.name, t.tensor));
    std::string format = argv[2];
    if (const auto colon = format.find(':'); colon != std::string::npos) {
      plan.max_shard_bytes = std::stoull(format.substr(colon + 1));
      format.resize(colon);
    }
    write_checkpoint(argv[3], format, plan);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
