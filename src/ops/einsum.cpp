// einsum: subscripts become labels, each step contracts two operands by matmul.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "ingot/ops.h"
#include "ops/check.h"

namespace ingot {
namespace {

// A letter, or 256 + the place of an axis in the broadcast shape of what the ellipses stand for.
using Label = int;
using Labels = std::vector<Label>;
constexpr Label first_ellipsis = 256;

struct Term {
  Tensor x;
  Labels labels;  // one an axis
};

bool has(const Labels& labels, Label label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

class Parser {
 public:
  Parser(std::string_view subscripts, std::span<const Tensor> operands) : text_(subscripts), operands_(operands) {
    std::erase(text_, ' ');
    const auto arrow = text_.find("->");
    std::vector<std::string> parts(1);
    for (const char c : text_.substr(0, arrow))
      if (c == ',')
        parts.emplace_back();
      else
        parts.back() += c;
    if (parts.size() != operands.size())
      bad(fmt::format("{} subscripts for {} operands", parts.size(), operands.size()));
    for (std::size_t i = 0; i < parts.size(); ++i) covered_ = std::max(covered_, ellipsis_rank(parts[i], operands[i]));
    for (std::size_t i = 0; i < parts.size(); ++i)
      terms.push_back({operands[i], labels_of(parts[i], ellipsis_rank(parts[i], operands[i]))});
    if (arrow == std::string::npos)
      implicit_output();
    else
      explicit_output(text_.substr(arrow + 2));
    find_sizes();
  }

  std::vector<Term> terms;
  Labels output;

  std::int64_t size(Label label) const { return sizes_[static_cast<std::size_t>(label)]; }
  [[noreturn]] void bad(std::string_view what) const {
    std::string shapes;
    for (const Tensor& x : operands_) shapes += (shapes.empty() ? "" : ", ") + describe(x);
    fail(ErrorCode::invalid_argument, "einsum", "\"{}\" with {}: {}", text_, shapes, what);
  }

 private:
  // The number of letters in a term, which may have one ellipsis beside them.
  int letters_in(const std::string& part) const {
    const auto letters = std::count_if(part.begin(), part.end(),
                                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    const std::size_t others = part.size() - static_cast<std::size_t>(letters);
    if (others != 0 && (others != 3 || part.find("...") == std::string::npos)) bad("letters and one ellipsis expected");
    return static_cast<int>(letters);
  }

  // How many axes the ellipsis stands for: 0 without one.
  int ellipsis_rank(const std::string& part, const Tensor& x) const {
    const int letters = letters_in(part);
    if (part.find('.') == std::string::npos ? letters != x.rank() : letters > x.rank())
      bad(fmt::format("\"{}\" does not fit {}", part, describe(x)));
    return x.rank() - letters;
  }

  Labels labels_of(const std::string& part, int ellipsis) const {
    Labels labels;
    for (std::size_t i = 0; i < part.size(); ++i)
      if (part[i] == '.') {
        for (int axis = covered_ - ellipsis; axis < covered_; ++axis) labels.push_back(first_ellipsis + axis);
        i += 2;
      } else {
        labels.push_back(part[i]);
      }
    return labels;
  }

  void implicit_output() {
    for (int axis = 0; axis < covered_; ++axis) output.push_back(first_ellipsis + axis);
    std::array<int, 128> count{};
    for (const Term& term : terms)
      for (const Label label : term.labels)
        if (label < first_ellipsis) ++count[static_cast<std::size_t>(label)];
    for (Label letter = 'A'; letter <= 'z'; ++letter)
      if (count[static_cast<std::size_t>(letter)] == 1) output.push_back(letter);
  }

  void explicit_output(const std::string& part) {
    letters_in(part);
    if (part.find('.') == std::string::npos && covered_ > 0) bad("the result lacks the ellipsis");
    output = labels_of(part, covered_);
    for (std::size_t i = 0; i < output.size(); ++i) {
      const bool known =
          std::any_of(terms.begin(), terms.end(), [&](const Term& term) { return has(term.labels, output[i]); });
      if (!known || std::count(output.begin(), output.end(), output[i]) > 1)
        bad("each letter of the result must occur once there, and in an operand");
    }
  }

  // Axes of one label have one size; 1 stretches.
  void find_sizes() {
    sizes_.fill(1);
    for (const Term& term : terms)
      for (int axis = 0; axis < term.x.rank(); ++axis) {
        const std::int64_t here = term.x.shape()[axis];
        std::int64_t& known = sizes_[static_cast<std::size_t>(term.labels[static_cast<std::size_t>(axis)])];
        if (known == 1)
          known = here;
        else if (here != 1 && here != known)
          fail(ErrorCode::shape_mismatch, "einsum", "\"{}\": sizes {} and {} of one subscript", text_, known, here);
      }
  }

  std::string text_;
  std::span<const Tensor> operands_;
  int covered_ = 0;  // axes the longest ellipsis stands for
  std::array<std::int64_t, first_ellipsis + max_rank> sizes_{};
};

// Repeated labels become one: the diagonal.
Term without_repeats(Term term) {
  for (std::size_t i = 0; i < term.labels.size(); ++i)
    for (std::size_t j = i + 1; j < term.labels.size(); ++j)
      if (term.labels[i] == term.labels[j]) {
        if (term.x.shape()[static_cast<int>(i)] != term.x.shape()[static_cast<int>(j)])
          fail(ErrorCode::shape_mismatch, "einsum", "a subscript is repeated over sizes {} and {}",
               term.x.shape()[static_cast<int>(i)], term.x.shape()[static_cast<int>(j)]);
        const Label label = term.labels[i];
        term.x = diagonal(term.x, 0, static_cast<int>(i), static_cast<int>(j));
        term.labels.erase(term.labels.begin() + static_cast<std::ptrdiff_t>(j));
        term.labels.erase(term.labels.begin() + static_cast<std::ptrdiff_t>(i));
        term.labels.push_back(label);
        return without_repeats(std::move(term));
      }
  return term;
}

// The axes in the order of `labels`; those the term lacks get size 1.
Tensor arranged(const Term& term, const Labels& labels) {
  Shape axes;
  for (const Label label : labels) {
    const auto at = std::find(term.labels.begin(), term.labels.end(), label);
    if (at != term.labels.end()) axes.push_back(at - term.labels.begin());
  }
  Tensor x = term.x.permute(axes);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (!has(term.labels, labels[i])) x = x.unsqueeze(static_cast<int>(i));
  return x;
}

// Sums over every label that `kept` does not hold.
Term summed(const Term& term, const Labels& kept) {
  Term result;
  std::vector<int> axes;
  for (std::size_t i = 0; i < term.labels.size(); ++i)
    if (has(kept, term.labels[i]))
      result.labels.push_back(term.labels[i]);
    else
      axes.push_back(static_cast<int>(i));
  result.x = axes.empty() ? term.x : sum(term.x, Axes(axes), false, term.x.dtype());
  return result;
}

Term contracted(const Parser& parser, Term a, Term b, const Labels& kept) {
  const auto without_foreign = [&](const Term& term, const Term& other) {
    Labels wanted = kept;
    wanted.insert(wanted.end(), other.labels.begin(), other.labels.end());
    return summed(term, wanted);
  };
  a = without_foreign(a, b);
  b = without_foreign(b, a);
  Labels batch, inner, left, right;
  for (const Label label : a.labels) (!has(b.labels, label) ? left : has(kept, label) ? batch : inner).push_back(label);
  for (const Label label : b.labels)
    if (!has(a.labels, label)) right.push_back(label);

  const auto joined = [](std::initializer_list<const Labels*> parts) {
    Labels all;
    for (const Labels* part : parts) all.insert(all.end(), part->begin(), part->end());
    return all;
  };
  const Labels result = joined({&batch, &left, &right});
  if (inner.empty()) return {multiply(arranged(a, result), arranged(b, result)), result};

  const auto sizes = [&](const Labels& labels, Shape& shape) {
    std::int64_t product = 1;
    for (const Label label : labels) {
      const bool in_a = has(a.labels, label), in_b = has(b.labels, label);
      const auto of = [&](const Term& term) {
        const auto at = std::find(term.labels.begin(), term.labels.end(), label) - term.labels.begin();
        return term.x.shape()[static_cast<int>(at)];
      };
      const std::int64_t size = in_a && in_b ? parser.size(label) : in_a ? of(a) : of(b);
      shape.push_back(size);
      product *= size;
    }
    return product;
  };
  const auto stretched = [&](const Term& term, const Labels& order) {
    Shape shape;
    sizes(order, shape);
    return arranged(term, order).expand(shape);
  };
  Shape shape, unused;
  const std::int64_t batches = sizes(batch, shape), rows = sizes(left, shape), columns = sizes(right, shape);
  const std::int64_t depth = sizes(inner, unused);
  const Tensor x = reshape(stretched(a, joined({&batch, &left, &inner})), Shape{batches, rows, depth});
  const Tensor y = reshape(stretched(b, joined({&batch, &inner, &right})), Shape{batches, depth, columns});
  return {matmul(x, y).view(shape), result};
}

}  // namespace

Tensor einsum(std::string_view subscripts, std::span<const Tensor> operands) {
  if (operands.empty()) fail(ErrorCode::invalid_argument, "einsum", "no operands");
  std::vector<const Tensor*> inputs;
  for (const Tensor& x : operands) inputs.push_back(&x);
  check_inputs("einsum", inputs);
  DType dtype = operands[0].dtype();
  for (const Tensor& x : operands) {
    check_plain("einsum", x);
    dtype = promote_types(dtype, x.dtype());
  }
  const bool truth = dtype == DType::bool_;
  if (truth) dtype = DType::i64;
  if (dtype == DType::i8 && operands.size() > 1) dtype = DType::i32;  // as matmul

  Parser parser(subscripts, operands);
  for (Term& term : parser.terms) {
    term.x = astype(term.x, dtype);
    term = without_repeats(term);
  }
  Term result = parser.terms[0];
  for (std::size_t i = 1; i < parser.terms.size(); ++i) {
    Labels kept = parser.output;
    for (std::size_t later = i + 1; later < parser.terms.size(); ++later)
      kept.insert(kept.end(), parser.terms[later].labels.begin(), parser.terms[later].labels.end());
    result = contracted(parser, result, parser.terms[i], kept);
  }
  result = summed(result, parser.output);
  const Tensor out = arranged(result, parser.output);
  if (truth) return astype(out, DType::bool_);
  return out.same_storage(operands[0]) ? astype(out, dtype, true) : contiguous(out);
}

}  // namespace ingot
