#include "formats/zip/writer.h"
#include "core/checked.h"
#include "formats/npy/npy.h"
#include "formats/pipeline.h"
#include "formats/plan.h"
#include "formats/utf8.h"
#include "formats/zip/zip.h"

namespace ingot::npy {
namespace {

constexpr const char* operation = "write_checkpoint";

// The header of every tensor. NumPy's files hold arrays and nothing else.
std::vector<std::string> plan_headers(const OutputPlan& plan) {
  if (plan.max_shard_bytes != 0)
    fail(ErrorCode::invalid_argument, operation, "NumPy's files are not split into shards");
  require_no_metadata(plan, "NumPy's files");
  std::vector<std::string> headers;
  for (const OutputTensor& tensor : plan.tensors) {
    const ElementType* type = element_type(tensor.dtype, tensor.encoding.get());
    if (!type)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: NumPy has no dtype for {}", printable(tensor.name),
           tensor.held_as());
    headers.push_back(header_text(*type, tensor.shape));
  }
  return headers;
}

}  // namespace

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  const std::vector<std::string> headers = plan_headers(plan);
  if (headers.size() != 1)
    fail(ErrorCode::invalid_argument, operation, "a .npy file holds one tensor, the plan has {}; .npz holds any number",
         headers.size());
  const OutputTensor& tensor = plan.tensors[0];
  const auto total = checked_add<std::uint64_t>(headers[0].size(), tensor.nbytes(), operation);
  WriteProgress progress(options, total);
  Output output(path, Output::Kind::file, options.force);
  OutputFile file = output.create(total);
  file.write(0, headers[0]);
  progress.add(headers[0].size());
  write_tensors({{{&tensor, &file, headers[0].size()}}}, plan.sources, options, progress);
  file.close();
  output.commit();
}

void write_npz(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  const std::vector<std::string> headers = plan_headers(plan);
  zip::Writer archive;
  std::uint64_t arrays = 0;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto bytes = checked_add<std::uint64_t>(headers[i].size(), plan.tensors[i].nbytes(), operation);
    archive.add(plan.tensors[i].name + ".npy", bytes);
    arrays += bytes;
  }
  WriteProgress progress(options, archive.file_bytes());
  Output output(path, Output::Kind::file, options.force);
  OutputFile file = output.create(archive.file_bytes());
  std::vector<zip::Crc> crcs(headers.size());
  std::vector<PlacedTensor> tensors;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    file.write(archive.offset(i), headers[i]);
    crcs[i].add(std::as_bytes(std::span(headers[i])));
    progress.add(headers[i].size());
    tensors.push_back({&plan.tensors[i], &file, archive.offset(i) + headers[i].size(), &crcs[i]});
  }
  write_tensors(tensors, plan.sources, options, progress);
  for (std::size_t i = 0; i < headers.size(); ++i) archive.set_crc(i, crcs[i].value());
  progress.add(archive.file_bytes() - arrays);
  archive.finish(file);
  file.close();
  output.commit();
}

}  // namespace ingot::npy
