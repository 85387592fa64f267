#include <algorithm>
#include <map>

#include "core/fail.h"
#include "core/parallel.h"
#include "ingot/importance.h"
#include "ingot/model.h"
#include "ingot/ops.h"
#include "models/config.h"
#include "ops/linear_observer.h"

namespace ingot {
namespace {

constexpr std::int64_t columns_at_a_time = 64;

/// Σ x² of the inputs of a model's weights, by name.
class Collector final : public LinearObserver {
 public:
  explicit Collector(bool process_output) : process_output_(process_output) {}

  void loaded(const Tensor& weight, const std::string& name, std::size_t expert, std::size_t experts) override {
    if (!name.starts_with("blk.") && !process_output_) return;
    places_[weight.bytes()] = {&sums_[name], expert, experts};
  }

  void multiplied(const Tensor& x, const Tensor& weight) override {
    const auto found = places_.find(weight.bytes());
    if (found == places_.end()) return;
    const auto& [sums, expert, experts] = found->second;
    const std::int64_t rows = x.size(0), columns = x.size(1);
    sums->columns.resize(experts * static_cast<std::size_t>(columns));
    sums->rows.resize(experts);
    sums->rows[expert] += static_cast<double>(rows);
    const Tensor values = contiguous(astype(x, DType::f32));
    const float* from = values.data<float>();
    double* to = sums->columns.data() + expert * static_cast<std::size_t>(columns);
    parallel_for(columns, columns_at_a_time, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t c = begin; c < end; ++c) {
          const double value = from[row * columns + c];
          to[c] += value * value;
        }
    });
  }

  std::map<std::string, ColumnImportance> result() const {
    std::map<std::string, ColumnImportance> weights;
    for (const auto& [name, sums] : sums_)
      if (!sums.rows.empty())
        weights.emplace(
            name, ColumnImportance{{sums.columns.begin(), sums.columns.end()}, {sums.rows.begin(), sums.rows.end()}});
    return weights;
  }

 private:
  struct Sums {
    std::vector<double> columns, rows;
  };
  struct Place {
    Sums* sums;
    std::size_t expert, experts;
  };
  bool process_output_;
  std::map<std::string, Sums> sums_;
  std::map<const std::byte*, Place> places_;
};

}  // namespace

ImportanceMatrix calibrate(const Checkpoint& checkpoint, std::string_view text, const CalibrateOptions& options,
                           const std::function<void(std::int64_t, std::int64_t)>& progress) {
  Collector collector(options.process_output);
  const auto model = Model::load(checkpoint);
  const std::int64_t context = options.context;
  if (context < 1 || context > model->config().context_length)
    fail(ErrorCode::invalid_argument, "calibrate", "context {}: 1 … {} are possible", context,
         model->config().context_length);
  if (options.chunks < 0)
    fail(ErrorCode::invalid_argument, "calibrate", "chunks {}: a number from 0 on was expected", options.chunks);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint, options.tokenizer));
  const Vocabulary& vocabulary = tokenizer->vocabulary();
  check_vocabulary(vocabulary, model->config());
  const std::vector<std::int32_t> tokens = tokenizer->encode(text, {.parse_special = false});
  std::int64_t chunks = static_cast<std::int64_t>(tokens.size()) / context;
  if (chunks == 0)
    fail(ErrorCode::invalid_argument, "calibrate", "the text has {} tokens, {} are needed for a context of {}",
         tokens.size(), context, context);
  if (options.chunks > 0) chunks = std::min(chunks, options.chunks);

  KvCache cache(model->config(), context);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    std::vector<std::int32_t> window(tokens.begin() + chunk * context, tokens.begin() + (chunk + 1) * context);
    if (vocabulary.add_bos) window[0] = vocabulary.bos.value();
    cache.truncate(0);
    model->forward(window, cache, options.process_output ? LogitsOf::all : LogitsOf::last);
    if (progress) progress(chunk + 1, chunks);
  }
  ImportanceMatrix matrix{.weights = collector.result()};
  if (!options.dataset.empty()) matrix.datasets.push_back(options.dataset);
  matrix.chunks = static_cast<std::uint32_t>(chunks);
  matrix.chunk_size = static_cast<std::uint32_t>(context);
  return matrix;
}

}  // namespace ingot
