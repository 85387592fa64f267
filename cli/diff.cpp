#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/diff.h"
#include "packing.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string a, b, packing = "x86";
  double tolerance = -1;
  bool json = false, all = false;
};

Json to_json(const std::optional<TensorDiff::Side>& side) {
  if (!side) return nullptr;
  return {{"dtype", side->held_as}, {"shape", std::vector<std::int64_t>(side->shape.begin(), side->shape.end())}};
}

// JSON has no infinity: null.
Json number(double x) { return x - x == 0 ? Json(x) : Json(); }

Json to_json(const DiffReport& report) {
  Json tensors = Json::array();
  for (const TensorDiff& t : report.tensors) {
    Json row{{"name", t.name}, {"a", to_json(t.a)}, {"b", to_json(t.b)}};
    if (t.values)
      row.update(Json{{"elements", t.values->elements},
                      {"unequal", t.values->unequal},
                      {"maximum", number(t.values->maximum)},
                      {"relative", number(t.values->relative)},
                      {"cosine", t.values->cosine}});
    tensors.push_back(std::move(row));
  }
  return tensors;
}

std::string both(const std::string& a, const std::string& b) { return a == b ? a : a + " → " + b; }

void print(const DiffReport& report, bool all) {
  using enum Table::Align;
  Table table({{"tensor"},
               {"type"},
               {"shape"},
               {"unequal", right},
               {"maximum", right},
               {"relative", right},
               {"cosine", right}});
  for (const TensorDiff& t : report.tensors) {
    if (!t.a || !t.b) {
      const TensorDiff::Side& there = t.a ? *t.a : *t.b;
      table.add({t.name, there.held_as, to_string(there.shape), t.a ? "only in A" : "only in B", "", "", ""});
      continue;
    }
    if (!all && t.values && t.values->unequal == 0 && t.a == t.b) continue;
    std::vector<std::string> row{t.name, both(t.a->held_as, t.b->held_as),
                                 both(to_string(t.a->shape), to_string(t.b->shape))};
    if (t.values)
      row.insert(row.end(), {grouped(t.values->unequal), fmt::format("{:.4g}", t.values->maximum),
                             fmt::format("{:.4g}", t.values->relative), fmt::format("{:.6f}", t.values->cosine)});
    else
      row.insert(row.end(), 4, "-");
    table.add(std::move(row));
  }
  table.print();
}

int run(const Options& options) {
  const OpenOptions open{.i2s_packing = parse_packing(options.packing)};
  const Checkpoint a = open_checkpoint(options.a, open), b = open_checkpoint(options.b, open);
  DiffReport report;
  {
    ProgressBar bar("comparing");
    report = diff(a, b, [&](std::uint64_t done, std::uint64_t total) { bar.update(done, total); });
  }
  const bool same = report.same(options.tolerance >= 0 ? std::optional(options.tolerance) : std::nullopt);
  if (options.json) {
    const Json out{{"a", a.path}, {"b", b.path}, {"same", same}, {"tensors", to_json(report)}, {"notes", report.notes}};
    fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
    return same ? 0 : 1;
  }
  for (const std::string& note : report.notes) report_note(note);
  std::size_t differing = 0;
  for (const TensorDiff& t : report.tensors) differing += t.values && t.values->unequal == 0 && t.a == t.b ? 0 : 1;
  if (differing != 0 || options.all) print(report, options.all);
  fmt::print("{} of {} tensors differ{}\n", differing, report.tensors.size(),
             same && differing != 0 ? ", within the tolerance" : "");
  return same ? 0 : 1;
}

}  // namespace

Command diff_command() {
  return {
      "diff", "Compare two models or weight files, tensor by tensor",
      "Tensors of one name are compared as numbers, encoded ones decoded, across formats: a Hugging Face directory\n"
      "meets a GGUF file under GGUF's names. For each: elements that are unequal, the largest |a − b|,\n"
      "‖a − b‖ / ‖a‖, and the cosine. Exit status 1 where tensors are missing, shapes or types differ, or elements;\n"
      "with --tolerance where shapes differ or a relative error is larger.\n\n"
      "Example: ingot diff models/tiny-bitnet tiny-q4_k_m.gguf",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        args.positional(options->a, "a", "A model, file or directory");
        args.positional(options->b, "b", "Another");
        args.option(options->tolerance, "--tolerance", "The relative error that counts as the same");
        args.flag(options->all, "--all", "List equal tensors too");
        args.flag(options->json, "--json", "The report as JSON");
        add_packing(args, options->packing);
        return [options] { return run(*options); };
      }};
}

}  // namespace ingot::cli
