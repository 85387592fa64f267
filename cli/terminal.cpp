#include "terminal.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace ingot::cli {
namespace {

bool is_terminal(FILE* stream) { return ::isatty(::fileno(stream)) != 0; }

// Characters, not bytes: continuation bytes of UTF-8 take no column. Good for what we print.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

void report_error(std::string_view message) {
  fmt::print(stderr, "{}ingot:{} {}\n", is_terminal(stderr) ? "\x1b[31m" : "", is_terminal(stderr) ? "\x1b[0m" : "",
             one_line(message));
}

void report_note(std::string_view message) { fmt::print(stderr, "note: {}\n", one_line(message)); }

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  return line;
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::ptrdiff_t first = digits[0] == '-' ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

void Table::print() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
  }
  const auto line = [&](auto cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& content = cell(i);
      const std::string padding(widths[i] - width(content), ' ');
      const bool last = i + 1 == columns_.size();
      if (columns_[i].align == Align::right)
        text += padding + content;
      else
        text += content + (last ? "" : padding);
      if (!last) text += "  ";
    }
    return text;
  };
  const bool bold = is_terminal(stdout);
  fmt::print("{}{}{}\n", bold ? "\x1b[1m" : "",
             line([&](std::size_t i) -> const std::string& { return columns_[i].title; }), bold ? "\x1b[0m" : "");
  for (const auto& row : rows_) fmt::print("{}\n", line([&](std::size_t i) -> const std::string& { return row[i]; }));
}

std::string sparkline(const std::int64_t* counts, std::size_t n) {
  static constexpr std::array blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::int64_t most = *std::max_element(counts, counts + n);
  std::string line;
  for (std::size_t i = 0; i < n; ++i) {
    // Anything counted shows: an outlier that vanished would be the one worth seeing.
    const auto level = most == 0 ? 0 : (counts[i] * 8 + most - 1) / most;
    line += blocks[static_cast<std::size_t>(level)];
  }
  return line;
}

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)),
      terminal_(is_terminal(stderr)),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

ProgressBar::~ProgressBar() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - start_ < 500ms || now - last_ < 100ms || total == 0) return;
  last_ = now;
  shown_ = true;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<std::size_t>(share * 30);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r{} [{}{}] {:3.0f} %  {:.0f} MB/s  {:.0f} s left\x1b[K", label_, std::string(filled, '='),
             std::string(30 - filled, ' '), share * 100, static_cast<double>(done) / 1e6 / seconds,
             seconds * (1 - share) / std::max(share, 1e-9));
  std::fflush(stderr);
}

}  // namespace ingot::cli
