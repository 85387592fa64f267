#include "formats/pytorch/tensors.h"

#include <map>

#include "formats/extent.h"
#include "formats/scratch.h"
#include "formats/utf8.h"

namespace ingot::pytorch {
namespace {

constexpr const char* operation = "pytorch";
constexpr int max_depth = 64;
// Strides of 0 make a large tensor of few bytes. What programs keep that way is small, or repeated a few times.
constexpr std::uint64_t most_repetition = 1024, small_bytes = std::uint64_t{64} << 20;
// A list may hold the same list many times, so that a small file could have names without end.
constexpr std::size_t max_visits = std::size_t{1} << 22, max_name_bytes = std::size_t{64} << 20;

struct Found {
  std::string name;
  Reference tensor;
};

// Gives everything in the pickle its name.
class Walk {
 public:
  Walk(const Pickle& pickle, const Cursor& cursor, Metadata& metadata)
      : pickle_(pickle), cursor_(cursor), metadata_(metadata) {
    visit(pickle.root, "", 0);
  }
  std::vector<Found> found;

 private:
  void visit(const Value& value, const std::string& name, int depth) {
    name_bytes_ += name.size();
    if (++visits_ > max_visits || name_bytes_ > max_name_bytes)
      cursor_.reject(cursor_.offset(), "pickle", "its containers hold each other too often to be listed");
    if (const auto* reference = std::get_if<Reference>(&value)) return visit_node(*reference, name, depth);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return set(name, *number);
    if (const auto* real = std::get_if<double>(&value)) return set(name, *real);
    if (const auto* truth = std::get_if<bool>(&value)) return set(name, *truth);
    if (const auto* text = std::get_if<std::string_view>(&value); text && is_valid_utf8(*text))
      set(name, std::string(*text));
  }

  // What stands alone has no name to be found by.
  void set(const std::string& name, ingot::Value value) {
    if (!name.empty() && !metadata_.contains(name)) metadata_.set(name, std::move(value));
  }

  void visit_node(Reference reference, const std::string& name, int depth) {
    const Node& node = pickle_[reference];
    if (depth > max_depth) cursor_.reject(node.at, "pickle", "nested more than {} deep", max_depth);
    const std::string prefix = depth == 0 ? "" : name + ".";
    switch (node.kind) {
      case Node::Kind::tensor: found.push_back({depth == 0 ? "tensor" : name, reference}); return;
      case Node::Kind::storage:
        throw NotImplemented(operation, fmt::format("{}: a storage without a tensor", printable(name)));
      case Node::Kind::list:
      case Node::Kind::tuple:
        for (std::size_t i = 0; i < node.items.size(); ++i) visit(node.items[i], prefix + std::to_string(i), depth + 1);
        return;
      case Node::Kind::dict:
        for (std::size_t i = 0; i < node.items.size(); i += 2)
          visit(node.items[i + 1], prefix + key(node, node.items[i]), depth + 1);
        return;
    }
  }

  std::string key(const Node& dict, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    const auto* text = std::get_if<std::string_view>(&value);
    if (!text) cursor_.reject(dict.at, "pickle", "a dictionary with keys that are neither texts nor integers");
    if (!is_valid_utf8(*text) || text->find('\0') != std::string_view::npos)
      cursor_.reject(dict.at, "pickle", "key {}: not valid UTF-8 without NUL", printable(*text));
    return std::string(*text);
  }

  const Pickle& pickle_;
  const Cursor& cursor_;
  Metadata& metadata_;
  std::size_t visits_ = 0, name_bytes_ = 0;
};

// A tensor checked against its storage, but for the storage's own bytes.
struct Spec {
  const ElementType* type = nullptr;
  Shape shape, strides;
  std::uint64_t offset = 0;   // in elements
  std::uint64_t reached = 0;  // one past the last element
  bool row_major = false;
};

class SpecReader {
 public:
  SpecReader(const Pickle& pickle, const Cursor& cursor, const Found& found)
      : pickle_(pickle), cursor_(cursor), found_(found), node_(pickle[found.tensor]) {}

  Spec read() const {
    Spec spec;
    const Node& storage = pickle_[std::get<Reference>(node_.items[0])];
    const auto* typed = std::get_if<Global>(&node_.items[4]);
    spec.type = typed ? typed->type : std::get<Global>(storage.items[0]).type;
    if (!spec.type) spec.type = element_type("uint8");  // a storage of bytes
    spec.shape = sizes(node_.items[2]);
    spec.strides = sizes(node_.items[3]);
    if (spec.shape.rank() != spec.strides.rank())
      reject("{} sizes with {} strides", spec.shape.rank(), spec.strides.rank());
    if (!extent_bits(spec.shape, 8 * spec.type->bytes))
      reject("the size of {} {} overflows", spec.type->name, to_string(spec.shape));
    const std::int64_t offset = integer(node_.items[1]);
    spec.offset = static_cast<std::uint64_t>(offset);
    spec.reached = reach(spec);
    spec.row_major = true;
    std::int64_t expected = 1;
    for (int i = spec.shape.rank() - 1; i >= 0; --i) {
      spec.row_major &= spec.shape[i] == 1 || spec.strides[i] == expected;
      expected *= spec.shape[i];
    }
    spec.row_major |= expected == 0;
    return spec;
  }

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    cursor_.reject(node_.at, "tensor " + printable(found_.name), format, std::forward<Args>(args)...);
  }

 private:
  std::int64_t integer(const Value& value) const {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (!number || *number < 0) reject("offset, sizes and strides are non-negative integers");
    return *number;
  }

  Shape sizes(const Value& value) const {
    const auto* reference = std::get_if<Reference>(&value);
    const Node* tuple = reference ? &pickle_[*reference] : nullptr;
    if (!tuple || (tuple->kind != Node::Kind::tuple && tuple->kind != Node::Kind::list))
      reject("sizes and strides are tuples");
    if (tuple->items.size() > max_rank) reject("{} dimensions, at most {} are possible", tuple->items.size(), max_rank);
    Shape shape;
    for (const Value& item : tuple->items) shape.push_back(integer(item));
    return shape;
  }

  // One past the last element that strides lead to; an empty tensor reaches nothing.
  std::uint64_t reach(const Spec& spec) const {
    std::uint64_t last = spec.offset;
    bool overflow = false;
    for (int i = 0; i < spec.shape.rank(); ++i) {
      std::uint64_t step = 0;
      if (spec.shape[i] == 0) return 0;
      overflow |= __builtin_mul_overflow(static_cast<std::uint64_t>(spec.shape[i] - 1),
                                         static_cast<std::uint64_t>(spec.strides[i]), &step);
      overflow |= __builtin_add_overflow(last, step, &last);
    }
    if (overflow || last > static_cast<std::uint64_t>(INT64_MAX) / 16)
      reject("{} with strides {} from element {} overflows", to_string(spec.shape), to_string(spec.strides),
             spec.offset);
    return last + 1;
  }

  const Pickle& pickle_;
  const Cursor& cursor_;
  const Found& found_;
  const Node& node_;
};

Tensor view_of(const Spec& spec, const Placed& placed, const std::string& name) {
  const auto width = static_cast<std::uint64_t>(spec.type->bytes);
  const bool empty = spec.reached == 0;
  const auto begin = static_cast<std::size_t>(placed.begin + (empty ? 0 : spec.offset * width));
  if (spec.type->scheme) {
    if (!spec.row_major)
      throw NotImplemented(operation, fmt::format("tensor {}: {} that is not row-major", printable(name),
                                                  to_string(*spec.type->scheme)));
    return Tensor::view_of(placed.storage, begin, spec.shape, Encoding::of(*spec.type->scheme));
  }
  if (spec.row_major) return Tensor::view_of(placed.storage, begin, spec.shape, *spec.type->dtype);
  auto* meta = new TensorMeta;
  Tensor view{Ref<const TensorMeta>(meta)};
  meta->storage = placed.storage;
  meta->shape = spec.shape;
  meta->strides = spec.strides;
  meta->byte_offset = begin;
  meta->dtype = *spec.type->dtype;
  return view;
}

}  // namespace

std::uint64_t storage_bytes(const Node& storage, const Cursor& cursor) {
  const ElementType* type = std::get<Global>(storage.items[0]).type;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(std::get<std::int64_t>(storage.items[2])),
                             static_cast<std::uint64_t>(type ? type->bytes : 1), &bytes))
    cursor.reject(storage.at, "storage " + printable(storage_key(storage)), "its size overflows");
  return bytes;
}

std::string_view storage_key(const Node& storage) { return std::get<std::string_view>(storage.items[1]); }

void add_tensors(Checkpoint& into, const Pickle& pickle, const Cursor& cursor, bool swapped, const FindStorage& find) {
  const std::vector<Found> all = Walk(pickle, cursor, into.metadata).found;
  const int file = static_cast<int>(into.files.size()) - 1;
  std::vector<std::pair<Spec, Placed>> views;
  SwappedCopy copy;
  std::map<std::pair<std::string_view, int>, std::uint64_t> copied;  // storage and width → where in the copy
  for (const Found& found : all) {
    const SpecReader reader(pickle, cursor, found);
    const Spec spec = reader.read();
    const Node& storage = pickle[std::get<Reference>(pickle[found.tensor].items[0])];
    const std::string_view key = storage_key(storage);
    Placed placed = find(key, storage.at);
    const std::uint64_t bytes = storage_bytes(storage, cursor);
    if (bytes > placed.bytes)
      reader.reject("storage {} should have {} bytes, found {}", printable(key), bytes, placed.bytes);
    if (spec.reached > bytes / static_cast<std::uint64_t>(spec.type->bytes))
      reader.reject("{} {} with strides {} from element {} reaches past its storage of {} bytes", spec.type->name,
                    to_string(spec.shape), to_string(spec.strides), spec.offset, bytes);
    const std::uint64_t taken = *extent_bits(spec.shape, 8 * spec.type->bytes) / 8;
    if (taken > small_bytes && taken / most_repetition > bytes)
      reader.reject("{} {} takes {} bytes of a storage of {}: more than {} times as many", spec.type->name,
                    to_string(spec.shape), taken, bytes, most_repetition);
    if (const int width = spec.type->number_bytes; swapped && width > 1 && spec.reached != 0) {
      const auto [place, added] = copied.try_emplace({key, width}, 0);
      if (added)
        place->second = copy.add({placed.storage->data() + placed.begin, static_cast<std::size_t>(bytes)},
                                 static_cast<std::size_t>(width));
      placed.begin = place->second;
      placed.storage = nullptr;
    }
    views.emplace_back(spec, std::move(placed));
  }
  if (!copy.empty()) {
    const Ref<Storage> storage = copy.make(operation);
    for (auto& [spec, placed] : views)
      if (!placed.storage) placed.storage = storage;
    into.notes.push_back(into.files.back() + ": big-endian, read through a copy");
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [spec, placed] = views[i];
    const std::uint64_t first = spec.reached == 0 ? 0 : spec.offset * static_cast<std::uint64_t>(spec.type->bytes);
    into.add({all[i].name, view_of(spec, placed, all[i].name), file, placed.offset + first});
  }
}

}  // namespace ingot::pytorch
