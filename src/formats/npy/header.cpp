#include <charconv>

#include "formats/cursor.h"
#include "formats/extent.h"
#include "formats/npy/npy.h"
#include "formats/utf8.h"

namespace ingot::npy {
namespace {

constexpr const char* operation = "npy";
constexpr std::string_view magic = "\x93NUMPY";

constexpr ElementType plain(std::string_view descr, int bytes, DType dtype) {
  return {descr, bytes, dtype, std::nullopt, bytes};
}

constexpr ElementType rows[] = {
    plain("b1", 1, DType::bool_),
    plain("u1", 1, DType::u8),
    plain("u2", 2, DType::u16),
    plain("u4", 4, DType::u32),
    plain("u8", 8, DType::u64),
    plain("i1", 1, DType::i8),
    plain("i2", 2, DType::i16),
    plain("i4", 4, DType::i32),
    plain("i8", 8, DType::i64),
    plain("f2", 2, DType::f16),
    plain("f4", 4, DType::f32),
    plain("f8", 8, DType::f64),
    // ml_dtypes' bfloat16 as numpy.save writes it. Void with a byte order is no type of NumPy's own, and no other of
    // ml_dtypes has two bytes; its 8-bit floats and int4 are all "V1", so they cannot be told apart.
    plain("V2", 2, DType::bf16),
    {"c8", 8, std::nullopt, Scheme::c64, 4},
};

// Why a dtype is refused; empty where there is nothing to say.
std::string_view objection(std::string_view descr) noexcept {
  switch (descr.size() > 1 ? descr[1] : '\0') {
    case 'O': return ": Python objects are pickles, which are not read here";
    case 'S':
    case 'U': return ": texts are no numbers";
    case 'M':
    case 'm': return ": times are no numbers";
    case 'V': return ": raw bytes, whose type the file does not say";
    default: return {};
  }
}

// The header is a Python literal: of that language, just what a dictionary with these three keys needs.
class Literal {
 public:
  Literal(const Cursor& cursor, std::string_view text, std::size_t begin)
      : cursor_(cursor), text_(text), begin_(begin) {}

  bool take(char c) {
    blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) reject("expected {}", c);
  }
  std::string_view text() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) reject("a text without its end");
    const auto found = text_.substr(at_, end - at_);
    if (found.find('\\') != std::string_view::npos) reject("an escape in a text");
    at_ = end + 1;
    return found;
  }
  bool boolean() {
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (blanks(), text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    reject("expected True or False");
  }
  std::int64_t size() {
    blanks();
    std::int64_t value = 0;
    const char* const first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) reject("expected a size");
    at_ += static_cast<std::size_t>(end - first);
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2's long
    return value;
  }
  // Only white space is left.
  bool done() {
    blanks();
    return at_ == text_.size();
  }

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    cursor_.reject(begin_ + at_, "header", format, std::forward<Args>(args)...);
  }

 private:
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  const Cursor& cursor_;
  std::string_view text_;
  std::size_t begin_, at_ = 0;
};

void read_descr(Literal& literal, Header& header) {
  if (literal.take('[')) literal.reject("a structured dtype, expected one number");
  const auto descr = literal.text();
  header.type = element_type(descr);
  if (!header.type) literal.reject("dtype {}{}", printable(descr), objection(descr));
  header.swapped = descr[0] == '>' && header.type->number_bytes > 1;
}

void read_shape(Literal& literal, Header& header) {
  literal.expect('(');
  bool comma = true;
  while (!literal.take(')')) {
    if (!comma) literal.reject("expected , or )");
    if (header.shape.rank() == max_rank) literal.reject("more than {} dimensions", max_rank);
    header.shape.push_back(literal.size());
    comma = literal.take(',');
  }
  if (header.shape.rank() == 1 && !comma) literal.reject("(n) is a number, expected (n,)");
}

}  // namespace

const ElementType* element_type(std::string_view descr) noexcept {
  if (descr.empty()) return nullptr;
  for (const ElementType& row : rows) {
    if (row.descr != descr.substr(1)) continue;
    const bool ordered = descr[0] == '<' || (descr[0] == '>' && row.dtype != DType::bf16);
    return ordered || (descr[0] == '|' && row.bytes == 1) ? &row : nullptr;
  }
  return nullptr;
}

const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept {
  for (const ElementType& row : rows)
    if (encoding ? row.scheme == encoding->scheme() : row.dtype == dtype) return &row;
  return nullptr;
}

Header read_header(std::string_view file, std::span<const std::byte> bytes) {
  Cursor cursor(operation, file, bytes);
  if (cursor.text(magic.size(), "magic") != magic) cursor.reject(0, "magic", "not a NumPy array");
  const auto major = cursor.read<std::uint8_t>("version"), minor = cursor.read<std::uint8_t>("version");
  if (major < 1 || major > 3 || minor != 0)
    cursor.reject(magic.size(), "version", "{}.{}, expected 1.0, 2.0 or 3.0", major, minor);
  const std::size_t length =
      major == 1 ? cursor.read<std::uint16_t>("header length") : cursor.read<std::uint32_t>("header length");
  const std::size_t begin = cursor.offset();
  Literal literal(cursor, cursor.text(length, "header"), begin);

  Header header;
  bool descr = false, order = false, shape = false;
  literal.expect('{');
  while (!literal.take('}')) {
    const auto key = literal.text();
    bool* seen = key == "descr" ? &descr : key == "fortran_order" ? &order : key == "shape" ? &shape : nullptr;
    if (!seen || *seen) literal.reject("key {} {}", printable(key), seen ? "is there twice" : "is unknown");
    *seen = true;
    literal.expect(':');
    if (seen == &descr)
      read_descr(literal, header);
    else if (seen == &order)
      header.fortran = literal.boolean();
    else
      read_shape(literal, header);
    if (literal.take(',')) continue;
    literal.expect('}');
    break;
  }
  if (!literal.done()) literal.reject("characters behind the dictionary");
  if (!descr || !order || !shape) literal.reject("no {}", !descr ? "descr" : !order ? "fortran_order" : "shape");

  const auto bits = extent_bits(header.shape, 8 * header.type->bytes);
  if (!bits) literal.reject("the size of {} {} overflows", header.type->descr, to_string(header.shape));
  header.data = cursor.offset();
  header.bytes = *bits / 8;
  if (header.bytes != cursor.remaining())
    cursor.reject(header.data, "elements", "{} {} takes {} bytes, but {} remain", header.type->descr,
                  to_string(header.shape), header.bytes, cursor.remaining());
  return header;
}

std::string header_text(const ElementType& type, const Shape& shape) {
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                 type.bytes == 1 ? '|' : '<', type.descr, to_string(shape));
  // Room to let the first dimension grow in place, as numpy.save leaves it: up to 21 digits.
  if (!shape.empty()) text.append(21 - std::to_string(shape[0]).size(), ' ');
  constexpr std::size_t before = magic.size() + 4;
  text.append(64 - (before + text.size() + 1) % 64, ' ');
  text += '\n';
  std::string out(magic);
  out += {'\x01', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return out + text;
}

bool probe(const Source& source) {
  return !source.is_directory() && source.bytes->size() >= magic.size() &&
         std::string_view(reinterpret_cast<const char*>(source.bytes->data()), magic.size()) == magic;
}

}  // namespace ingot::npy
