// Who wants to see what is multiplied with a model's weights.
#pragma once

#include <cstdint>
#include <string>

#include "ingot/tensor.h"

namespace ingot {

/// While it lives, what this thread loads and multiplies is shown to it; the last one made sees it.
class LinearObserver {
 public:
  LinearObserver() noexcept : before_(current()) { current() = this; }
  virtual ~LinearObserver() { current() = before_; }
  LinearObserver(const LinearObserver&) = delete;
  LinearObserver& operator=(const LinearObserver&) = delete;

  /// A weight as linear() will get it; `expert` of `experts` that are one tensor in GGUF.
  virtual void loaded(const Tensor& weight, const std::string& name, std::size_t expert, std::size_t experts) = 0;
  /// linear(x, weight) of x (m, k).
  virtual void multiplied(const Tensor& x, const Tensor& weight) = 0;

  /// Of this thread; null where there is none.
  static LinearObserver*& current() noexcept {
    thread_local LinearObserver* observer = nullptr;
    return observer;
  }

 private:
  LinearObserver* before_;
};

}  // namespace ingot
