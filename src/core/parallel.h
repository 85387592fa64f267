// Threads. oneTBB stays inside parallel.cpp.
#pragma once

#include <cstdint>
#include <type_traits>

namespace ingot {

namespace detail {
void parallel_for(std::int64_t n, std::int64_t grain, void (*body)(void*, std::int64_t, std::int64_t), void* context);
}

/// Calls body(begin, end) over disjoint ranges that cover 0 … n, in any order, on several threads. Every range but the
/// last has `grain` elements and begins at a multiple of it, whatever the number of threads, so results that depend
/// on ranges do not depend on threads. The first exception is rethrown here.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, Body&& body) {
  using Function = std::remove_reference_t<Body>;
  detail::parallel_for(
      n, grain,
      [](void* context, std::int64_t begin, std::int64_t end) { (*static_cast<Function*>(context))(begin, end); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

/// While one lives, loops that its thread begins run in it, range by range: for tasks of a loop that shall not take up
/// other tasks while they wait for loops of their own.
class SerialScope {
 public:
  SerialScope() noexcept;
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;

 private:
  bool outer_;
};

}  // namespace ingot
