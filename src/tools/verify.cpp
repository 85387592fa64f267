#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "formats/zip/zip.h"
#include "ingot/model.h"
#include "ingot/tools.h"
#include "models/config.h"

namespace ingot {
namespace {

// model.safetensors.index.json: metadata.total_size against the tensors there are.
void check_index(const Checkpoint& checkpoint, VerifyReport& report) {
  const auto found = checkpoint.documents.find("model.safetensors.index.json");
  if (found == checkpoint.documents.end()) return;
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/metadata/total_size");
  if (json.is_discarded() || !json.contains(pointer) || !json[pointer].is_number_unsigned()) return;
  const auto total = json[pointer].get<std::uint64_t>();
  if (total != report.bytes)
    report.findings.push_back({"model.safetensors.index.json",
                               fmt::format("total_size is {}, the tensors have {} bytes", total, report.bytes)});
}

// ZIP archives carry checksums, which opening leaves alone where it would have to read the tensors.
void check_archives(const Checkpoint& checkpoint, VerifyReport& report) {
  for (const std::string& path : checkpoint.files) {
    const Source source = source_at(path);
    if (!zip::probe(source)) continue;
    for (const zip::Entry& entry : zip::open("verify", source).entries) {
      try {
        zip::check_crc("verify", path, entry);
      } catch (const Error& error) {
        report.findings.push_back({entry.name, error.message()});
      }
      entry.storage->advise(Advice::dont_need, static_cast<std::size_t>(entry.begin),
                            static_cast<std::size_t>(entry.bytes));
    }
  }
}

// Runs one comparison; what is not built, or is absent as `optional` allows, is a note and no finding.
template <class F>
void check_part(VerifyReport& report, const char* part, bool optional, F&& compare) {
  try {
    compare();
  } catch (const Error& error) {
    const bool note = error.code() == ErrorCode::not_implemented || (optional && error.code() == ErrorCode::not_found);
    if (note)
      report.notes.push_back(fmt::format("{} not checked: {}", part, error.message()));
    else
      report.findings.push_back({part, error.message()});
  }
}

// Loading a model compares every tensor's shape with the configuration; the vocabulary must fit the embedding.
void check_model(const Checkpoint& checkpoint, VerifyReport& report) {
  if (!checkpoint.documents.contains("config.json") && !checkpoint.metadata.contains("general.architecture")) return;
  check_part(report, "model", false, [&] {
    const ModelConfig config = ModelConfig::from(checkpoint);
    Model::load(checkpoint, config);
    check_part(report, "vocabulary", true, [&] { check_vocabulary(load_vocabulary(checkpoint), config); });
  });
}

}  // namespace

VerifyReport verify(const Checkpoint& checkpoint, const Progress& progress) {
  VerifyReport report;
  report.notes = checkpoint.notes;
  std::uint64_t total = 0;
  for (const NamedTensor& entry : checkpoint.tensors) total += entry.nbytes();
  for (const NamedTensor& entry : checkpoint.tensors) {
    ++report.tensors;
    report.bytes += entry.nbytes();
    report.elements += static_cast<std::uint64_t>(entry.shape().numel());
    if (is_floating(entry.dtype()) || entry.is_quantized()) try {
        const TensorStats stats = tensor_stats(entry);
        if (stats.nans || stats.infinities)
          report.findings.push_back({entry.name, fmt::format("{} NaN and {} infinite of {} elements", stats.nans,
                                                             stats.infinities, stats.count)});
      } catch (const NotImplemented& error) {
        report.notes.push_back(fmt::format("{}: values not checked: {}", entry.name, error.message()));
      }
    // Read pages of a mapping are not needed again; without this a large model fills memory.
    entry.release_pages();
    if (progress) progress(report.bytes, total);
  }
  check_archives(checkpoint, report);
  check_index(checkpoint, report);
  check_model(checkpoint, report);
  return report;
}

}  // namespace ingot
