// Byte for byte what the reference writer makes: tensors by dtype descending, then by name; compact JSON; the header
// padded with spaces so that the data begins at a multiple of 8.
#include <fmt/format.h>
#include <algorithm>

#include "core/checked.h"
#include "formats/pipeline.h"
#include "formats/plan.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"

namespace ingot::safetensors {
namespace {

constexpr const char* operation = "write_checkpoint";

// As serde_json escapes: quotes, backslash and control characters; everything else as it is.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  out += '"';
}

const ElementType& type_of(const OutputTensor& tensor) {
  if (const ElementType* type = element_type(tensor.dtype, tensor.encoding.get())) return *type;
  fail(ErrorCode::invalid_argument, operation, "tensor {}: SafeTensors has no type for {}", printable(tensor.name),
       tensor.held_as());
}

std::string metadata_json(const Metadata& metadata) {
  std::string out = "{";
  for (const auto& [key, value] : metadata) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text)
      fail(ErrorCode::invalid_argument, operation, "metadata {} is {}: SafeTensors holds strings only", printable(key),
           describe(value));
    if (!is_valid_utf8(key) || !is_valid_utf8(*text))
      fail(ErrorCode::invalid_argument, operation, "metadata {}: not valid UTF-8", printable(key));
    if (out.size() > 1) out += ',';
    append_string(out, key);
    out += ':';
    append_string(out, *text);
  }
  return out + '}';
}

struct Planned {
  std::string header;                        // with its length before it
  std::vector<const OutputTensor*> tensors;  // in the order of the file
  std::uint64_t data_bytes = 0;
};

Planned plan_file(std::vector<const OutputTensor*> tensors, const Metadata& metadata) {
  Planned planned;
  std::sort(tensors.begin(), tensors.end(), [](const OutputTensor* a, const OutputTensor* b) {
    const int left = type_of(*a).rank, right = type_of(*b).rank;
    return left != right ? left > right : a->name < b->name;
  });
  std::string json = "{";
  if (metadata.size() != 0) json += "\"__metadata__\":" + metadata_json(metadata);
  for (const OutputTensor* tensor : tensors) {
    if (tensor->name == "__metadata__")
      fail(ErrorCode::invalid_argument, operation, "tensor __metadata__: SafeTensors reserves the name");
    const std::uint64_t end = checked_add(planned.data_bytes, tensor->nbytes(), operation);
    if (json.size() > 1) json += ',';
    append_string(json, tensor->name);
    json += fmt::format(":{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", type_of(*tensor).name,
                        fmt::join(tensor->shape.begin(), tensor->shape.end(), ","), planned.data_bytes, end);
    planned.data_bytes = end;
    if (json.size() >= max_header_bytes)
      fail(ErrorCode::invalid_argument, operation, "the header passes SafeTensors' limit of {} bytes",
           max_header_bytes);
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  if (json.size() > max_header_bytes)
    fail(ErrorCode::invalid_argument, operation, "the header passes SafeTensors' limit of {} bytes", max_header_bytes);
  for (int i = 0; i < 8; ++i) planned.header += static_cast<char>(json.size() >> (8 * i) & 0xFF);
  planned.header += json;
  planned.tensors = std::move(tensors);
  return planned;
}

void write_files(std::vector<OutputFile> files, const std::vector<Planned>& planned,
                 std::span<const SourceFile> sources, const WriteOptions& options, WriteProgress& progress) {
  std::vector<PlacedTensor> tensors;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    files[i].write(0, planned[i].header);
    progress.add(planned[i].header.size());
    std::uint64_t offset = planned[i].header.size();
    for (const OutputTensor* tensor : planned[i].tensors) {
      tensors.push_back({tensor, &files[i], offset});
      offset += tensor->nbytes();
    }
  }
  write_tensors(tensors, sources, options, progress);
  for (OutputFile& file : files) file.close();
}

std::vector<const OutputTensor*> pointers(const OutputPlan& plan) {
  std::vector<const OutputTensor*> out;
  out.reserve(plan.tensors.size());
  for (const OutputTensor& tensor : plan.tensors) out.push_back(&tensor);
  return out;
}

}  // namespace

std::string index_json(std::vector<std::pair<std::string, std::string>> weight_map, std::uint64_t total_size,
                       std::optional<std::uint64_t> total_parameters) {
  std::sort(weight_map.begin(), weight_map.end());
  // Laid out as transformers does: two spaces, sorted keys.
  std::string out = fmt::format("{{\n  \"metadata\": {{\n    \"total_size\": {}", total_size);
  if (total_parameters) out += fmt::format(",\n    \"total_parameters\": {}", *total_parameters);
  out += "\n  },\n  \"weight_map\": {";
  for (std::size_t i = 0; i < weight_map.size(); ++i) {
    out += i ? ",\n    " : "\n    ";
    append_string(out, weight_map[i].first);
    out += ": ";
    append_string(out, weight_map[i].second);
  }
  return out + "\n  }\n}\n";
}

void write_into(Output& output, const OutputPlan& plan, const WriteOptions& options,
                std::optional<std::uint64_t> total_parameters) {
  std::vector<Planned> shards;
  std::uint64_t total = 0;
  for (auto& tensors : distribute(pointers(plan), plan.max_shard_bytes)) {
    shards.push_back(plan_file(std::move(tensors), plan.metadata));
    total = checked_add<std::uint64_t>(total, shards.back().header.size() + shards.back().data_bytes, operation);
  }
  WriteProgress progress(options, total);
  // Every file gets its room first: a disk that is too small fails before the work.
  std::vector<OutputFile> files;
  const auto file_name = [&](std::size_t i) {
    return shards.size() == 1 ? "model.safetensors" : shard_name("model", i + 1, shards.size(), ".safetensors");
  };
  for (std::size_t i = 0; i < shards.size(); ++i)
    files.push_back(output.create(shards[i].header.size() + shards[i].data_bytes, file_name(i)));
  write_files(std::move(files), shards, plan.sources, options, progress);
  if (shards.size() > 1 || total_parameters) {
    std::vector<std::pair<std::string, std::string>> weight_map;
    std::uint64_t data_bytes = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      data_bytes += shards[i].data_bytes;
      for (const OutputTensor* tensor : shards[i].tensors) weight_map.emplace_back(tensor->name, file_name(i));
    }
    const std::string index = index_json(std::move(weight_map), data_bytes, total_parameters);
    OutputFile file = output.create(index.size(), "model.safetensors.index.json");
    file.write(0, index);
    file.close();
  }
}

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  if (plan.max_shard_bytes != 0) {
    Output output(path, Output::Kind::directory, options.force);
    write_into(output, plan, options);
    output.commit();
    return;
  }
  const std::vector<Planned> planned{plan_file(pointers(plan), plan.metadata)};
  const auto bytes = checked_add<std::uint64_t>(planned[0].header.size(), planned[0].data_bytes, operation);
  WriteProgress progress(options, bytes);
  Output output(path, Output::Kind::file, options.force);
  std::vector<OutputFile> files;
  files.push_back(output.create(bytes));
  write_files(std::move(files), planned, plan.sources, options, progress);
  output.commit();
}

}  // namespace ingot::safetensors
