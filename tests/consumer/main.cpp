// Adds two tensors, and catches an error thrown inside the library: its type information must cross the boundary.
#include <ingot/error.h>
#include <ingot/ops.h>
#include <ingot/tensor.h>
#include <ingot/version.h>

#include <cstdio>
#include <string>

int main() {
  const ingot::Tensor x = ingot::Tensor::full({2, 3}, 1.5);
  const ingot::Tensor sum = ingot::add(x, x.select(0, 1));
  try {
    (void)sum.transpose(0, 7);
  } catch (const ingot::Error& error) {
    std::printf("%s %g %s\n", std::string(ingot::version()).c_str(), static_cast<double>(sum.data<float>()[5]),
                std::string(to_string(error.code())).c_str());
    return 0;
  }
  return 1;
}
