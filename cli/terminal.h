// What people see: tables, progress, sizes. Colours and progress only on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::cli {

/// "ingot: message" on stderr.
void report_error(std::string_view message);
/// "note: message" on stderr.
void report_note(std::string_view message);

/// Text from a file, safe to show: control characters, which could drive the terminal, become \xHH.
std::string one_line(std::string_view text);

/// "5.8 MiB"
std::string human_bytes(std::uint64_t bytes);
/// 1234567 → "1,234,567"
std::string grouped(std::int64_t number);

/// Columns as wide as their widest cell; printed to stdout, the header bold on a terminal.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = one_line(cell);
    rows_.push_back(std::move(cells));
  }
  void print() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Counts as one line of eighth blocks: "▁▃█▅".
std::string sparkline(const std::int64_t* counts, std::size_t n);

/// A bar on stderr that appears after half a second of work, and not at all where stderr is no terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void update(std::uint64_t done, std::uint64_t total);

 private:
  std::string label_;
  bool terminal_, shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace ingot::cli
