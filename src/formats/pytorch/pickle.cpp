#include "formats/pytorch/pickle.h"

#include <algorithm>
#include <bit>

#include "formats/utf8.h"

namespace ingot::pytorch {
namespace {

constexpr const char* what = "pickle";
// A checkpoint has some twenty values a tensor. What a value takes is bounded, so this bounds memory: 400 MB.
constexpr std::size_t max_values = std::size_t{1} << 22;
constexpr std::size_t max_name_bytes = 256;

struct KnownName {
  std::string_view module, name;
  Role role;
};
constexpr KnownName known_names[] = {
    {"torch._utils", "_rebuild_tensor", Role::rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v2", Role::rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v3", Role::rebuild_tensor_v3},
    {"torch._utils", "_rebuild_parameter", Role::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Role::rebuild_parameter},
    {"torch._tensor", "_rebuild_from_type_v2", Role::rebuild_from_type},
    {"torch", "Tensor", Role::tensor_class},
    {"torch.nn.parameter", "Parameter", Role::tensor_class},
    {"torch.nn.parameter", "Buffer", Role::tensor_class},
    {"torch.storage", "UntypedStorage", Role::storage},
    {"torch", "Size", Role::as_it_is},
    // Python 2's names, which protocol 2 keeps.
    {"__builtin__", "set", Role::as_it_is},
    {"builtins", "set", Role::as_it_is},
    {"collections", "OrderedDict", Role::ordered_dict},
    {"torch", "device", Role::left_out},
    {"_codecs", "encode", Role::left_out},
};

std::optional<Global> find_global(std::string_view module, std::string_view name) noexcept {
  for (const KnownName& known : known_names)
    if (known.module == module && known.name == name) return Global{known.role};
  if (module != "torch" && module != "torch.cuda") return {};
  if (const ElementType* type = storage_type(name)) return Global{Role::storage, type};
  if (const ElementType* type = element_type(name); type && module == "torch") return Global{Role::dtype, type};
  return {};
}

class Machine {
 public:
  explicit Machine(Cursor& cursor) : cursor_(cursor) {}

  Pickle run() {
    at_ = cursor_.offset();
    if (byte() != 0x80) reject("it does not begin with PROTO");
    if (const int version = byte(); version != 2) reject("protocol {}, expected 2", version);
    for (;;) {
      at_ = cursor_.offset();
      const int opcode = byte();
      if (opcode == '.') break;
      step(opcode);
    }
    pickle_.root = pop();
    if (!stack_.empty() || !marks_.empty()) reject("{} values are left over", stack_.size() + marks_.size());
    return std::move(pickle_);
  }

 private:
  void step(int opcode) {
    switch (opcode) {
      case '(': count(), marks_.push_back(stack_.size()); return;
      case ')': push_node(Node::Kind::tuple, {}); return;
      case ']':
      case 0x8f: push_node(Node::Kind::list, {}); return;  // 0x8f: a set
      case '}': push_node(Node::Kind::dict, {}); return;
      case 't': push_node(Node::Kind::tuple, pop_mark()); return;
      case 0x85:
      case 0x86:
      case 0x87: push_tuple(static_cast<std::size_t>(opcode - 0x84)); return;
      case 'N': push({}); return;
      case 0x88: push(true); return;
      case 0x89: push(false); return;
      case 'K': push(std::int64_t{byte()}); return;
      case 'M': push(std::int64_t{cursor_.read<std::uint16_t>(what)}); return;
      case 'J': push(std::int64_t{cursor_.read<std::int32_t>(what)}); return;
      case 0x8a: push(long_integer()); return;
      case 'G': push(std::bit_cast<double>(byteswap(cursor_.read<std::uint64_t>(what)))); return;
      case 'X': push(cursor_.text(cursor_.read<std::uint32_t>(what), what)); return;
      case 'U': push(cursor_.text(cursor_.read<std::uint8_t>(what), what)); return;
      case 'q': put(cursor_.read<std::uint8_t>(what)); return;
      case 'r': put(cursor_.read<std::uint32_t>(what)); return;
      case 'h': get(cursor_.read<std::uint8_t>(what)); return;
      case 'j': get(cursor_.read<std::uint32_t>(what)); return;
      case 'a':
      case 's': extend(opcode == 'a' ? Node::Kind::list : Node::Kind::dict, pop_many(opcode == 'a' ? 1 : 2)); return;
      case 'e': extend(Node::Kind::list, pop_mark()); return;
      case 'u': extend(Node::Kind::dict, pop_mark()); return;
      case 'c': push(global()); return;
      case 'R':
      case 0x81: reduce(); return;
      case 'b': build(); return;
      case 'Q': push_storage(); return;
      default: reject("opcode {:#04x}, which torch.save does not write", opcode);
    }
  }

  int byte() { return cursor_.read<std::uint8_t>(what); }

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    cursor_.reject(at_, what, format, std::forward<Args>(args)...);
  }

  // Everything that takes memory passes here.
  void count() {
    if (++values_ > max_values) reject("more than {} values", max_values);
  }

  void push(Value value) {
    count();
    stack_.push_back(value);
  }

  void push_node(Node::Kind kind, std::vector<Value> items) {
    push(static_cast<Reference>(pickle_.nodes.size()));
    pickle_.nodes.push_back({kind, at_, std::move(items)});
  }

  // The topmost `n` values above the last mark.
  std::vector<Value> pop_many(std::size_t n) {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < n) reject("opcode at the bottom of the stack");
    std::vector<Value> values(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
    stack_.resize(stack_.size() - n);
    return values;
  }
  Value pop() {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) reject("opcode at the bottom of the stack");
    const Value top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::vector<Value> pop_mark() {
    if (marks_.empty()) reject("opcode without a mark");
    std::vector<Value> values = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }

  void push_tuple(std::size_t n) { push_node(Node::Kind::tuple, pop_many(n)); }

  // Two's complement, little-endian, of any length.
  Value long_integer() {
    const auto bytes = cursor_.take(static_cast<std::uint64_t>(byte()), what);
    if (bytes.size() > 8) return {};
    std::uint64_t value = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{} ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
    return static_cast<std::int64_t>(value);
  }

  // Picklers number what they remember in turn, so a larger number is damage and not a reason for a large table.
  void put(std::size_t number) {
    if (number > memo_.size()) reject("memo {} before {}", number, memo_.size());
    const Value top = pop();
    stack_.push_back(top);
    if (number < memo_.size()) {
      memo_[number] = top;
      return;
    }
    count();
    memo_.push_back(top);
  }

  void get(std::size_t number) {
    if (number >= memo_.size()) reject("memo {} of {}", number, memo_.size());
    push(memo_[number]);
  }

  Node* node(const Value& value, Node::Kind kind) {
    const auto* reference = std::get_if<Reference>(&value);
    if (!reference) return nullptr;
    Node& found = pickle_.nodes[static_cast<std::size_t>(*reference)];
    return found.kind == kind ? &found : nullptr;
  }

  // Appends to the list or dictionary on top of the stack.
  void extend(Node::Kind kind, const std::vector<Value>& values) {
    if (kind == Node::Kind::dict && values.size() % 2 != 0) reject("a key without a value");
    const Value top = pop();
    Node* into = node(top, kind);
    if (!into) reject("items for what is no {}", kind == Node::Kind::dict ? "dictionary" : "list");
    into->items.insert(into->items.end(), values.begin(), values.end());
    stack_.push_back(top);
  }

  std::string_view line() {
    const std::size_t begin = cursor_.offset();
    const auto text = cursor_.text(std::min(cursor_.remaining(), max_name_bytes + 1), what);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) reject("a name without its end, or of more than {} bytes", max_name_bytes);
    cursor_.seek(begin + end + 1, what);
    return text.substr(0, end);
  }

  Global global() {
    const auto module = line(), name = line();
    const auto found = find_global(module, name);
    if (!found)
      reject("global {}.{} is none that tensors need; nothing was imported or called", printable(module),
             printable(name));
    return *found;
  }

  void reduce() {
    const Value arguments = pop(), function = pop();
    const auto* global = std::get_if<Global>(&function);
    const Node* items = node(arguments, Node::Kind::tuple);
    if (!global || !items) reject("a call of what is no function, or without arguments");
    rebuild(*global, items->items);
  }

  // Pushes what the function would return. The arguments stay where they are while nodes are added.
  void rebuild(Global function, std::span<const Value> arguments) {
    const auto require = [&](bool fits) {
      if (!fits) reject("arguments that do not fit their function");
    };
    switch (function.role) {
      case Role::rebuild_tensor:
      case Role::rebuild_tensor_v3: {
        const bool typed = function.role == Role::rebuild_tensor_v3;
        require(arguments.size() >= (typed ? 7u : 4u) && node(arguments[0], Node::Kind::storage));
        const auto* dtype = typed ? std::get_if<Global>(&arguments[6]) : nullptr;
        require(!typed || (dtype && dtype->role == Role::dtype));
        std::vector<Value> items(arguments.begin(), arguments.begin() + 4);
        items.push_back(typed ? Value(*dtype) : Value());
        return push_node(Node::Kind::tensor, std::move(items));
      }
      case Role::rebuild_parameter:
        require(!arguments.empty() && node(arguments[0], Node::Kind::tensor));
        return push(arguments[0]);
      case Role::rebuild_from_type: {
        require(arguments.size() == 4);
        const auto* inner = std::get_if<Global>(&arguments[0]);
        const Node* items = node(arguments[2], Node::Kind::tuple);
        require(inner && inner->role != Role::rebuild_from_type && items);
        return rebuild(*inner, items->items);
      }
      case Role::ordered_dict: return push_node(Node::Kind::dict, pairs(arguments));
      case Role::as_it_is:
        require(arguments.size() == 1 &&
                (node(arguments[0], Node::Kind::tuple) || node(arguments[0], Node::Kind::list)));
        return push(arguments[0]);
      case Role::left_out: return push({});
      case Role::storage:
      case Role::dtype:
      case Role::tensor_class: reject("a call of what is no function");
    }
  }

  // Python 2's dictionaries come with a list of [key, value].
  std::vector<Value> pairs(std::span<const Value> arguments) {
    std::vector<Value> items;
    if (arguments.empty()) return items;
    const Node* list = node(arguments[0], Node::Kind::list);
    if (arguments.size() != 1 || !list) reject("a dictionary of something else than pairs");
    for (const Value& value : list->items) {
      const Node* pair = node(value, Node::Kind::list);
      if (!pair) pair = node(value, Node::Kind::tuple);
      if (!pair || pair->items.size() != 2) reject("a dictionary of something else than pairs");
      for (const Value& item : pair->items) count(), items.push_back(item);
    }
    return items;
  }

  // State of a dictionary: what torch.nn adds to it (versions of modules), which is not among its items.
  void build() {
    pop();
    const Value top = pop();
    if (!node(top, Node::Kind::dict)) reject("state for what is no dictionary");
    stack_.push_back(top);
  }

  // ('storage', type, key, location, elements), and in legacy files a view, which has long been None.
  void push_storage() {
    const Value id = pop();
    const Node* items = node(id, Node::Kind::tuple);
    if (!items || items->items.size() < 5 || items->items.size() > 6) reject("a persistent id that names no storage");
    const std::vector<Value>& i = items->items;
    const auto* word = std::get_if<std::string_view>(&i[0]);
    const auto* type = std::get_if<Global>(&i[1]);
    const auto* elements = std::get_if<std::int64_t>(&i[4]);
    if (!word || *word != "storage" || !type || type->role != Role::storage ||
        !std::holds_alternative<std::string_view>(i[2]) || !elements || *elements < 0)
      reject("a persistent id that names no storage");
    if (i.size() == 6 && !std::holds_alternative<std::monostate>(i[5]))
      reject("a view of a storage, which is not read");
    push_node(Node::Kind::storage, {i[1], i[2], i[4]});
  }

  Cursor& cursor_;
  Pickle pickle_;
  std::size_t at_ = 0, values_ = 0;
  std::vector<Value> stack_, memo_;
  std::vector<std::size_t> marks_;
};

}  // namespace

Pickle read_pickle(Cursor& cursor) { return Machine(cursor).run(); }

}  // namespace ingot::pytorch
