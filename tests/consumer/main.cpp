// Adds two tensors and catches an error thrown inside the library: its type information must cross the boundary.
#include <ingot/error.h>
#include <ingot/ops.h>
#include <ingot/tensor.h>
#include <ingot/version.h>

#include <cstdio>
#include <string>

int main() {
  const ingot::Tensor x = ingot::Tensor::empty(ingot::Shape{2, 3}, ingot::DType::f32);
  try {
    (void)x.transpose(0, 7);
  } catch (const ingot::Error& error) {
    std::printf("%s %s\n", std::string(ingot::version()).c_str(), std::string(to_string(error.code())).c_str());
    return 0;
  }
  return 1;
}
