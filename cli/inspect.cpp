#include <fmt/core.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/checkpoint.h"
#include "ingot/tools.h"
#include "packing.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string path, packing = "x86";
  bool tensors = false, stats = false, json = false;
};

Json to_json(const Value& value);

Json to_json(const Array& array) {
  return std::visit(
      [](const auto& values) {
        Json list = Json::array();
        for (const auto& element : values) {
          if constexpr (std::is_same_v<std::decay_t<decltype(element)>, Array>)
            list.push_back(to_json(element));
          else
            list.push_back(element);
        }
        return list;
      },
      array.values);
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& v) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, Array>)
          return to_json(v);
        else
          return v;
      },
      value);
}

Json to_json(const TensorStats& stats) {
  // JSON has no NaN: statistics of no finite element are null.
  const auto number = [](double x) { return std::isfinite(x) ? Json(x) : Json(); };
  return {{"min", number(stats.min)}, {"max", number(stats.max)},    {"mean", number(stats.mean)},
          {"std", number(stats.std)}, {"zeros", stats.zeros},        {"nan", stats.nans},
          {"inf", stats.infinities},  {"histogram", stats.histogram}};
}

// None, with a note, for a scheme that is only carried: the other tensors are worth seeing.
std::optional<TensorStats> stats_of(const NamedTensor& entry) {
  try {
    return tensor_stats(entry);
  } catch (const NotImplemented& error) {
    report_note(fmt::format("{}: no statistics: {}", entry.name, error.message()));
    return std::nullopt;
  }
}

// A metadata value on one line.
std::string summary(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::size_t end = std::min<std::size_t>(text->size(), 60);
    while (end > 0 && end < text->size() && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) --end;
    std::string line = text->substr(0, end);
    for (char& c : line)
      if (c == '\n' || c == '\t' || c == '\r') c = ' ';
    return one_line(line) + (end < text->size() ? "…" : "");
  }
  if (std::holds_alternative<Array>(value)) return describe(value);
  return to_json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

int run_json(const Checkpoint& checkpoint, const Options& options) {
  Json out{{"path", checkpoint.path}, {"format", checkpoint.format}, {"files", checkpoint.files}};
  Json metadata = Json::object();
  for (const auto& [key, value] : checkpoint.metadata) metadata[key] = to_json(value);
  out["metadata"] = std::move(metadata);
  out["notes"] = checkpoint.notes;
  Json tensors = Json::array();
  for (const NamedTensor& entry : checkpoint.tensors) {
    Json row{{"name", entry.name},
             {"dtype", entry.held_as()},
             {"shape", std::vector<std::int64_t>(entry.shape().begin(), entry.shape().end())},
             {"bytes", entry.nbytes()},
             {"file", checkpoint.files[static_cast<std::size_t>(entry.file)]},
             {"offset", entry.offset}};
    if (entry.composite) {
      row["decodes_to"] = to_string(entry.dtype());
      for (const NamedTensor& part : entry.composite->parts) row["parts"].push_back(part.name);
    }
    if (options.stats) {
      const auto stats = stats_of(entry);
      row["stats"] = stats ? to_json(*stats) : Json();
    }
    tensors.push_back(std::move(row));
  }
  out["tensors"] = std::move(tensors);
  fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
  return 0;
}

void print_tensors(const Checkpoint& checkpoint, bool stats) {
  using enum Table::Align;
  std::vector<Table::Column> columns{{"tensor"}, {"dtype"}, {"shape"}, {"bytes", right}, {"offset", right}};
  if (stats)
    for (const char* title : {"min", "max", "mean", "std", "zeros", "non-finite"}) columns.push_back({title, right});
  if (stats) columns.push_back({"histogram"});
  Table table(std::move(columns));
  ProgressBar bar("reading");
  std::uint64_t done = 0, total = 0;
  for (const NamedTensor& entry : checkpoint.tensors) total += entry.nbytes();
  for (const NamedTensor& entry : checkpoint.tensors) {
    std::vector<std::string> row{entry.name, entry.held_as(), to_string(entry.shape()),
                                 grouped(static_cast<std::int64_t>(entry.nbytes())),
                                 grouped(static_cast<std::int64_t>(entry.offset))};
    if (stats) {
      if (const auto s = stats_of(entry)) {
        for (const double x : {s->min, s->max, s->mean, s->std}) row.push_back(fmt::format("{:.4g}", x));
        row.push_back(grouped(s->zeros));
        row.push_back(grouped(s->nans + s->infinities));
        row.push_back(sparkline(s->histogram.data(), s->histogram.size()));
      } else {
        row.insert(row.end(), 7, "-");
      }
    }
    table.add(std::move(row));
    bar.update(done += entry.nbytes(), total);
  }
  table.print();
}

int run(const Options& options) {
  const Checkpoint checkpoint = open_checkpoint(options.path, {.i2s_packing = parse_packing(options.packing)});
  if (options.json) return run_json(checkpoint, options);

  std::uint64_t bytes = 0, elements = 0;
  std::map<std::string, std::pair<std::int64_t, std::uint64_t>> types;  // tensors, bytes
  for (const NamedTensor& entry : checkpoint.tensors) {
    bytes += entry.nbytes();
    elements += static_cast<std::uint64_t>(entry.shape().numel());
    auto& [count, size] = types[entry.held_as()];
    ++count, size += entry.nbytes();
  }
  fmt::print("{}\n", checkpoint.path);
  fmt::print("  format    {}, {} file{}\n", checkpoint.format, checkpoint.files.size(),
             checkpoint.files.size() == 1 ? "" : "s");
  fmt::print("  tensors   {}, {} elements, {}", grouped(static_cast<std::int64_t>(checkpoint.tensors.size())),
             grouped(static_cast<std::int64_t>(elements)), human_bytes(bytes));
  if (elements)
    fmt::print(", {:.2f} bits per element", 8.0 * static_cast<double>(bytes) / static_cast<double>(elements));
  fmt::print("\n");
  for (const auto& [type, counts] : types)
    fmt::print("    {:<10} {} tensors, {}\n", type, grouped(counts.first), human_bytes(counts.second));
  if (checkpoint.metadata.size()) {
    fmt::print("  metadata  {} keys\n", checkpoint.metadata.size());
    for (const auto& [key, value] : checkpoint.metadata) fmt::print("    {} = {}\n", one_line(key), summary(value));
  }
  for (const std::string& note : checkpoint.notes) report_note(note);
  if (options.tensors || options.stats) {
    fmt::print("\n");
    print_tensors(checkpoint, options.stats);
  }
  return 0;
}

}  // namespace

Command inspect_command() {
  return {"inspect", "Show what a model or weight file holds",
          "--stats reads every tensor: minimum, maximum, mean, population standard deviation, zeros and\n"
          "non-finite elements, with a histogram of 32 equal bins. Encoded tensors are decoded.\n\n"
          "Example: ingot inspect model.gguf --tensors",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->path, "path", "A model, file or directory");
            args.flag(options->tensors, "--tensors", "List every tensor: name, dtype, shape, bytes, offset");
            args.flag(options->stats, "--stats", "List every tensor with its statistics");
            args.flag(options->json, "--json", "Everything as JSON");
            add_packing(args, options->packing);
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
