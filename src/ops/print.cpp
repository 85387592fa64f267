#include "ingot/ops/print.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/decimal.h"
#include "ingot/ops.h"
#include "ops/check.h"

namespace ingot {
namespace {

void pad_left(std::string& text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
}

// What NumPy's finfo calls precision: decimal digits that every number of the dtype keeps.
int decimal_digits(DType dtype) {
  switch (dtype) {
    case DType::f64: return 15;
    case DType::f32: return 6;
    default: return 3;
  }
}

std::vector<double> as_doubles(const Tensor& x) {
  const Tensor wide = contiguous(astype(x, DType::f64));
  return {wide.data<double>(), wide.data<double>() + wide.numel()};
}

// Numbers in one column, aligned at the point.
std::vector<std::string> float_words(const std::vector<double>& values, DType dtype, const PrintOptions& options) {
  double largest = 0, smallest = HUGE_VAL;
  bool finite = true, minus_infinity = false;
  for (const double x : values) {
    if (!std::isfinite(x)) {
      finite = false;
      minus_infinity = minus_infinity || x < 0;
    } else if (x != 0) {
      largest = std::max(largest, std::fabs(x));
      smallest = std::min(smallest, std::fabs(x));
    }
  }
  // The quotient is rounded to the dtype, as where NumPy computes it.
  const double ratio =
      dtype == DType::f64 ? largest / smallest : static_cast<double>(static_cast<float>(largest / smallest));
  const bool exponents = largest > 0 && (largest >= std::pow(10, std::min(8, decimal_digits(dtype))) ||
                                         (!options.suppress && (smallest < 0.0001 || ratio > 1000)));
  std::size_t left = 0, right = 0, exponent = 0;
  std::vector<Decimal> decimals;
  for (const double x : values) {
    Decimal& d = decimals.emplace_back();
    if (!std::isfinite(x)) continue;
    d = exponents ? scientific(x, dtype, options.precision) : positional(x, dtype, options.precision);
    left = std::max(left, d.sign.size() + d.digits.size());
    right = std::max(right, d.fraction.size());
    exponent = std::max(exponent, d.exponent.size());
  }
  const std::size_t tail = exponents ? right + 1 + exponent : right;
  if (!finite) {
    const std::size_t widest = minus_infinity ? 4 : 3;
    if (left + tail + 1 < widest) left = widest - tail - 1;
  }
  std::vector<std::string> words;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    const Decimal& d = decimals[i];
    std::string& word = words.emplace_back();
    if (!std::isfinite(x)) {
      word = std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
      pad_left(word, left + tail + 1);
    } else if (exponents) {
      word = exact_scientific(x, static_cast<int>(right));
      const std::size_t digits = word.size() - word.find('e') - 2;
      word.insert(word.size() - digits, exponent - 1 - std::min(digits, exponent - 1), '0');
      pad_left(word, left + right + 2 + exponent);
    } else {
      word = d.text();
      pad_left(word, word.size() + left - d.sign.size() - d.digits.size());
      word.append(right - d.fraction.size(), ' ');
    }
  }
  return words;
}

template <class T>
std::vector<std::string> integer_words(const Tensor& x) {
  const Tensor wide = contiguous(astype(x, dtype_of<T>));
  std::vector<std::string> words;
  std::size_t width = 0;
  for (std::int64_t i = 0; i < wide.numel(); ++i)
    width = std::max(width, words.emplace_back(std::to_string(wide.data<T>()[i])).size());
  for (std::string& word : words) pad_left(word, width);
  return words;
}

std::vector<std::string> words_of(const Tensor& x, const PrintOptions& options) {
  switch (kind(x.dtype())) {
    case Kind::boolean: {
      std::vector<std::string> words;
      const Tensor flags = contiguous(x);
      for (std::int64_t i = 0; i < x.numel(); ++i)
        words.emplace_back(flags.data<bool>()[i] ? x.rank() ? " True" : "True" : "False");
      return words;
    }
    case Kind::signed_integer: return integer_words<std::int64_t>(x);
    case Kind::unsigned_integer: return integer_words<std::uint64_t>(x);
    case Kind::floating: break;
  }
  return float_words(as_doubles(x), x.dtype(), options);
}

// One number in full, as Python prints it.
std::string number(const Tensor& x) {
  if (!is_floating(x.dtype())) return words_of(x, {}).front();
  const double value = as_doubles(x).front(), size = std::fabs(value);
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const double beyond = x.dtype() == DType::f64 ? 1e16 : std::pow(10, decimal_digits(x.dtype()));
  const int all = 2000;
  if (size != 0 && (size < 1e-4 || size >= beyond)) {
    const Decimal d = scientific(value, x.dtype(), all);
    return d.sign + d.digits + (d.fraction.empty() ? "" : "." + d.fraction) + "e" + d.exponent;
  }
  const Decimal d = positional(value, x.dtype(), all);
  return d.text() + (d.fraction.empty() ? "0" : "");
}

// Whether views can be cut from the outer dimensions whatever they are.
bool cuts_rows(const Encoding& encoding) {
  return encoding.scheme() != Scheme::i2_s && !affine_codes(encoding.scheme());
}

// The elements that are printed, and the words for them.
class Layout {
 public:
  Layout(const Tensor& x, const PrintOptions& options, int linewidth, std::string separator)
      : options_(options), separator_(std::move(separator)), linewidth_(linewidth) {
    Tensor shown = x;
    const bool cut = x.numel() > options.threshold;
    for (int axis = 0; axis < x.rank(); ++axis) {
      cut_[axis] = cut && x.shape()[axis] / 2 >= options.edgeitems && x.shape()[axis] != 2 * options.edgeitems;
      if (!cut_[axis]) continue;
      if (shown.is_quantized() && (axis == x.rank() - 1 || !cuts_rows(*x.encoding()))) shown = dequantize(shown);
      const Tensor ends[] = {shown.slice(axis, 0, options.edgeitems),
                             shown.slice(axis, -options.edgeitems, x.shape()[axis])};
      shown = concat(ends, axis);
    }
    shape_ = shown.shape();
    words_ = words_of(shown.is_quantized() ? dequantize(shown) : shown, options);
  }

  std::string text(std::size_t indent) {
    next_ = 0;
    return rows(0, std::string(indent + 1, ' '), linewidth_);
  }

 private:
  std::string rows(int axis, const std::string& indent, int width) {
    if (axis == shape_.rank()) return words_[next_++];
    const bool last = axis == shape_.rank() - 1;
    std::string bare = separator_;
    bare.erase(bare.find_last_not_of(' ') + 1);
    const std::string between = bare + std::string(static_cast<std::size_t>(shape_.rank() - 1 - axis), '\n');
    std::string text, line = indent;
    const int room = width - static_cast<int>(std::max<std::size_t>(bare.size(), 1));
    const auto put = [&](const std::string& word, bool end) {
      if (!last) {
        text += indent + word + (end ? "" : between);
        return;
      }
      if (static_cast<int>(line.size() + word.size()) > room && line.size() > indent.size()) {
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
        line = indent;
      }
      line += word + (end ? "" : separator_);
    };
    for (std::int64_t i = 0; i < shape_[axis]; ++i) {
      if (cut_[axis] && i == options_.edgeitems) put("...", false);
      put(rows(axis + 1, indent + ' ', width - 1), i + 1 == shape_[axis]);
    }
    if (last) text += line;
    return '[' + text.substr(indent.size()) + ']';
  }

  const PrintOptions& options_;
  std::string separator_;
  int linewidth_;
  Shape shape_;
  bool cut_[max_rank] = {};
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

void check(const char* operation, const Tensor& x, const PrintOptions& options) {
  check_inputs(operation, {&x});
  if (options.precision < 0 || options.edgeitems < 1)
    fail(ErrorCode::invalid_argument, operation, "precision {}, edgeitems {}", options.precision, options.edgeitems);
}

}  // namespace

std::string to_string(const Tensor& x, const PrintOptions& options) {
  check("to_string", x, options);
  if (x.numel() == 0) return "[]";
  if (x.rank() == 0) return number(x);
  return Layout(x, options, options.linewidth, " ").text(0);
}

std::string repr(const Tensor& x, const PrintOptions& options) {
  check("repr", x, options);
  const std::string prefix = "Tensor(";
  std::string extras = "dtype=" + std::string(array_api_name(x.dtype()));
  if (x.is_quantized())
    return prefix + "shape=" + to_string(x.shape()) + ", " + extras + ", encoding='" +
           std::string(to_string(x.encoding()->scheme())) + "', device='" + to_string(x.device()) + "')";
  if ((x.numel() == 0 && x.shape() != Shape{0}) || x.numel() > options.threshold)
    extras = "shape=" + to_string(x.shape()) + ", " + extras;
  extras += ", device='" + to_string(x.device()) + "')";
  std::string text = prefix;
  text += x.numel() == 0 ? "[]" : Layout(x, options, options.linewidth - 1, ", ").text(prefix.size());
  text += ',';
  const std::size_t line = text.size() - (text.rfind('\n') + 1);
  const bool wraps = line + extras.size() + 1 > static_cast<std::size_t>(std::max(options.linewidth, 0));
  return text + (wraps ? "\n" + std::string(prefix.size(), ' ') : " ") + extras;
}

std::string_view array_api_name(DType dtype) noexcept {
  constexpr std::string_view names[] = {"bool",     "uint8",   "uint16",  "uint32",        "uint64",     "int8",
                                        "int16",    "int32",   "int64",   "int4",          "int2",       "float16",
                                        "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"};
  static_assert(std::size(names) == dtype_count);
  return names[static_cast<std::size_t>(dtype)];
}

}  // namespace ingot
