// sort and argsort: lines as integer keys, alone or with indices, in a radix sort by bytes from the lowest on, which is
// stable. (Highway 1.0's vqsort takes four times as long for ten million keys of 32 bits on a Zen 4, whose compressing
// stores are slow.)
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "backends/cpu/kernels.h"
#include "backends/cpu/sort_keys.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

// A key with its place.
struct Pair {
  std::uint64_t key;
  std::int64_t index;
};

// f(line's first element, place in each output) for all lines along the axis, some to a task; make() gives each task
// its own f.
template <class Make>
void for_each_line(const Call& call, Make&& make) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const int axis = call.params.as<SortParams>().axis;
  const std::int64_t n = x.shape()[axis];
  Shape shape = x.shape(), strides = x.strides(), to_strides = out.strides();
  shape.erase(axis);
  strides.erase(axis);
  to_strides.erase(axis);
  const StridedLoop<2> loop(shape, {strides, to_strides});
  parallel_for(loop.size(), std::max<std::int64_t>(1, (std::int64_t{1} << 14) / n),
               [&](std::int64_t begin, std::int64_t end) {
                 auto f = make();
                 loop.run(begin, end, [&](const auto& at, std::int64_t count) {
                   for (std::int64_t i = 0; i < count; ++i)
                     f(at[0] + i * loop.inner_strides()[0], at[1] + i * loop.inner_strides()[1]);
                 });
               });
}

// What is sorted by: keys themselves, the upper half of 64 bits whose lower half is the index, a pair's key.
template <class Key>
struct ByItself {
  static constexpr std::size_t bytes = sizeof(Key);
  std::uint64_t operator()(Key key) const noexcept { return key; }
};
struct ByUpperHalf {
  static constexpr std::size_t bytes = 4;
  std::uint64_t operator()(std::uint64_t item) const noexcept { return item >> 32; }
};
struct ByKey {
  static constexpr std::size_t bytes = 8;
  std::uint64_t operator()(Pair item) const noexcept { return item.key; }
};

// Stable; `spare` has the size of `items`.
template <class Item, class By>
void radix_sort(Item* items, Item* spare, std::size_t n, By by) {
  if (n < 96) {  // where counting 256 values for each byte costs more than comparing
    for (std::size_t i = 1; i < n; ++i) {
      const Item item = items[i];
      std::size_t k = i;
      for (; k > 0 && by(item) < by(items[k - 1]); --k) items[k] = items[k - 1];
      items[k] = item;
    }
    return;
  }
  std::array<std::array<std::size_t, 256>, By::bytes> counts{};
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t byte = 0; byte < By::bytes; ++byte) ++counts[byte][by(items[i]) >> 8 * byte & 0xFF];
  Item *from = items, *to = spare;
  for (std::size_t byte = 0; byte < By::bytes; ++byte) {
    auto& count = counts[byte];
    if (count[by(items[0]) >> 8 * byte & 0xFF] == n) continue;  // one value: in order already
    std::size_t place = 0;
    for (std::size_t& value : count) place += std::exchange(value, place);
    for (std::size_t i = 0; i < n; ++i) to[count[by(from[i]) >> 8 * byte & 0xFF]++] = from[i];
    std::swap(from, to);
  }
  if (from != items) std::copy_n(from, n, items);
}

template <class T>
void sort_lines(const Call& call) {
  using K = SortKey<T>;
  using Key = typename K::Key;
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto params = call.params.as<SortParams>();
  const std::int64_t n = x.shape()[params.axis], step = x.strides()[params.axis], to_step = out.strides()[params.axis];
  const T* from = x.data<T>();
  T* to = out.mutable_data<T>();
  const Key flip = params.descending ? std::numeric_limits<Key>::max() : Key{0};
  for_each_line(call, [&] {
    const auto size = static_cast<std::size_t>(n);
    return [&, keys = std::vector<Key>(size), spare = std::vector<Key>(size)](std::int64_t at,
                                                                              std::int64_t to_at) mutable {
      bool negative_zero = false;
      for (std::int64_t i = 0; i < n; ++i) {
        const Key key = K::encode(from[at + i * step]);
        if constexpr (K::floating) negative_zero |= key == K::negative_zero;
        keys[static_cast<std::size_t>(i)] = static_cast<Key>(key ^ flip);
      }
      radix_sort(keys.data(), spare.data(), keys.size(), ByItself<Key>());
      for (std::int64_t i = 0; i < n; ++i)
        to[to_at + i * to_step] = K::decode(static_cast<Key>(keys[static_cast<std::size_t>(i)] ^ flip));
      if constexpr (K::floating) {
        if (!negative_zero) return;
        // Zeros of either sign are equal: they come in the order they had.
        const Key first = static_cast<Key>((params.descending ? K::zero : K::negative_zero) ^ flip);
        auto place = std::lower_bound(keys.begin(), keys.end(), first) - keys.begin();
        for (std::int64_t i = 0; i < n; ++i) {
          const T element = from[at + i * step];
          const Key key = K::encode(element);
          if (key == K::zero || key == K::negative_zero) to[to_at + place++ * to_step] = element;
        }
      }
    };
  });
}

inline std::uint64_t make_item(ByUpperHalf, std::uint64_t key, std::int64_t index) {
  return key << 32 | static_cast<std::uint64_t>(index);
}
inline Pair make_item(ByKey, std::uint64_t key, std::int64_t index) { return {key, index}; }
inline std::int64_t index_of(std::uint64_t item) { return static_cast<std::int64_t>(item & 0xFFFFFFFFu); }
inline std::int64_t index_of(Pair item) { return item.index; }

template <class T, class By>
void argsort_lines(const Call& call) {
  using K = SortKey<T>;
  using Key = typename K::Key;
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto params = call.params.as<SortParams>();
  const std::int64_t n = x.shape()[params.axis], step = x.strides()[params.axis];
  const std::int64_t k = out.shape()[params.axis], to_step = out.strides()[params.axis];
  const T* from = x.data<T>();
  auto* to = out.mutable_data<std::int64_t>();
  T* values = call.outputs.size() > 1 ? call.outputs[1].mutable_data<T>() : nullptr;
  const Key flip = params.descending ? std::numeric_limits<Key>::max() : Key{0};
  for_each_line(call, [&] {
    using Item = decltype(make_item(By(), 0, 0));
    const auto size = static_cast<std::size_t>(n);
    return [&, size, items = std::vector<Item>(size), spare = std::vector<Item>(size)](std::int64_t at,
                                                                                       std::int64_t to_at) mutable {
      const auto item = [&](std::int64_t i) {
        Key key = K::encode(from[at + i * step]);
        if (K::floating && key == K::negative_zero) key = K::zero;
        return make_item(By(), static_cast<Key>(key ^ flip), i);
      };
      const auto before = [](const Item& a, const Item& b) {
        return By()(a) != By()(b) ? By()(a) < By()(b) : index_of(a) < index_of(b);
      };
      const auto begin = items.begin();
      if (k < n / 4) {
        // Few of a random line's elements are among the first k of those before them: the others are not kept.
        const std::int64_t room = std::min(n, std::max<std::int64_t>(4 * k, 64));
        std::int64_t kept = 0;
        std::optional<std::uint64_t> limit;  // keys from it on come too late
        for (std::int64_t i = 0; i < n; ++i) {
          const Item next = item(i);
          if (limit && By()(next) >= *limit) continue;
          begin[kept++] = next;
          if (kept < room) continue;
          std::nth_element(begin, begin + (k - 1), begin + kept, before);
          kept = k;
          limit = By()(begin[k - 1]);
        }
        std::nth_element(begin, begin + (k - 1), begin + kept, before);
        std::sort(begin, begin + k, before);
      } else {
        for (std::int64_t i = 0; i < n; ++i) begin[i] = item(i);
        radix_sort(items.data(), spare.data(), size, By());
      }
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t index = index_of(items[static_cast<std::size_t>(i)]);
        to[to_at + i * to_step] = index;
        if (values) values[to_at + i * to_step] = from[at + index * step];
      }
    };
  });
}

}  // namespace

void sort_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  visit_numeric(call.inputs[0].dtype(), "sort", [&]<class T>(T) { sort_lines<T>(call); });
}

void argsort_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  const bool fits = call.inputs[0].shape()[call.params.as<SortParams>().axis] <= std::int64_t{1} << 32;
  visit_numeric(call.inputs[0].dtype(), "argsort", [&]<class T>(T) {
    if constexpr (sizeof(T) < 8) {
      if (fits) return argsort_lines<T, ByUpperHalf>(call);
    }
    argsort_lines<T, ByKey>(call);
  });
}

}  // namespace ingot::cpu
