#include "ingot/quantize_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "formats/output.h"

namespace ingot {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { opacity: .7; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #8884; white-space: nowrap; }
th { position: sticky; top: 0; background: Canvas; }
.n { text-align: right; }
svg { display: block; } rect { fill: #47a; }
)";

// Names come from files.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += "&#xFFFD;";
    else
      out += c;
  }
  return out;
}

std::string histogram(const TensorStats& stats) {
  const auto most = static_cast<double>(*std::ranges::max_element(stats.histogram));
  std::string bars;
  for (int i = 0; i < TensorStats::bins && most > 0; ++i) {
    const double height = 24 * static_cast<double>(stats.histogram[static_cast<std::size_t>(i)]) / most;
    if (height > 0)
      bars += fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"3\" height=\"{:.1f}\"/>", 4 * i, 24 - height, height);
  }
  return fmt::format(
      "<svg width=\"128\" height=\"24\" role=\"img\"><title>{:.4g} to {:.4g}, mean {:.4g}, standard "
      "deviation {:.4g}</title>{}</svg>",
      stats.min, stats.max, stats.mean, stats.std, bars);
}

std::string row_of(const QuantizedTensor& t) {
  const Difference& d = t.difference;
  return fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{} → {}</td><td class=\"n\">{:.2f}</td><td class=\"n\">{:.3g}</td>"
      "<td class=\"n\">{}</td><td class=\"n\">{:.3g}</td><td>{}</td></tr>\n",
      escaped(t.name), to_string(t.shape), escaped(t.from), escaped(t.to), t.bits, d.relative,
      d.relative > 0 ? fmt::format("{:.1f}", d.signal_to_noise()) : "exact", d.maximum, histogram(t.stats));
}

std::string page_of(const QuantizationPage& page) {
  double bits = 0, elements = 0;
  for (const QuantizedTensor& t : page.tensors) {
    bits += t.bits * static_cast<double>(t.shape.numel());
    elements += static_cast<double>(t.shape.numel());
  }
  std::string facts = fmt::format(
      "<dt>model</dt><dd>{}</dd><dt>written</dt><dd>{}</dd><dt>tensors</dt><dd>{}</dd><dt>size</dt><dd>{:.1f} MiB, "
      "{:.3f} bits per weight</dd>",
      escaped(page.source), escaped(page.result), page.tensors.size(), bits / 8 / (1 << 20),
      elements > 0 ? bits / elements : 0);
  const auto perplexity = [&](const char* when, const std::optional<PerplexityResult>& result) {
    if (result)
      facts += fmt::format("<dt>perplexity {}</dt><dd>{:.4f} ± {:.4f} ({} tokens of {})</dd>", when, result->perplexity,
                           result->standard_error, result->tokens, escaped(page.text));
  };
  perplexity("before", page.before);
  perplexity("after", page.after);
  std::string rows;
  for (const QuantizedTensor& t : page.tensors) rows += row_of(t);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quantization of {}</title>\n"
      "<style>{}</style></head><body>\n<h1>Quantization of {}</h1>\n<dl>{}</dl>\n<table><thead><tr><th>tensor</th>"
      "<th>shape</th><th>type</th><th class=\"n\">bits</th><th class=\"n\">relative error</th>"
      "<th class=\"n\">SNR, dB</th><th class=\"n\">largest error</th><th>quantized values</th></tr></thead><tbody>\n"
      "{}</tbody></table></body></html>\n",
      escaped(page.source), style, escaped(page.source), facts, rows);
}

}  // namespace

std::vector<QuantizedTensor> quantization_quality(const QuantizeReport& report, const Checkpoint& result,
                                                  const Progress& progress) {
  std::uint64_t total = 0, done = 0;
  for (const NamedTensor& entry : result.tensors) total += entry.nbytes();
  std::vector<QuantizedTensor> tensors;
  for (const OutputTensor& source : report.sources) {
    const NamedTensor* entry = result.find(source.name);
    if (!entry)
      fail(ErrorCode::not_found, "quantization_quality", "{}: tensor '{}' is missing", result.path, source.name);
    const OutputTensor output = OutputTensor::of(*entry);
    const std::uint64_t bytes = output.nbytes();
    const auto elements = static_cast<double>(output.shape.numel());
    tensors.push_back({.name = source.name,
                       .from = std::string(source.held_as()),
                       .to = std::string(output.held_as()),
                       .shape = output.shape,
                       .bits = elements > 0 ? 8 * static_cast<double>(bytes) / elements : 0,
                       .difference = compare(source, output),
                       .stats = tensor_stats(*entry)});
    done += bytes;
    if (progress) progress(done, total);
  }
  return tensors;
}

void write_quantization_page(const std::string& path, const QuantizationPage& page, bool force) {
  const std::string text = page_of(page);
  Output output(path, Output::Kind::file, force);
  OutputFile file = output.create(text.size());
  file.write(0, text);
  file.close();
  output.commit();
}

}  // namespace ingot
