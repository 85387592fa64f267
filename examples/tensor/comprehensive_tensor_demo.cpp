// A tour of tensors: made, viewed, indexed, computed with, saved and opened. Prints each expression and its value as
// NumPy would; writes one file into the directory for temporary files and removes it.
//
//   comprehensive_tensor_demo            0: done; 1: an error, named on stderr; 2: there are no arguments to give
#include <ingot/checkpoint.h>
#include <ingot/ops.h>
#include <ingot/ops/print.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace {

using namespace ingot;

void title(const char* text) { std::printf("\n# %s\n", text); }

void show(const char* expression, const Tensor& value) {
  std::printf("> %s\n%s\n", expression, to_string(value).c_str());
}
#define SHOW(...) show(#__VA_ARGS__, __VA_ARGS__)

void make_and_view() {
  title("Creation");
  SHOW(arange(6));
  SHOW(zeros({2, 3}, DType::i32));
  SHOW(linspace(0, 1, 5));
  SHOW(eye(3));

  title("Views share the elements");
  const Tensor x = reshape(arange(12), {3, 4});
  SHOW(x);
  SHOW(x.transpose(0, 1));
  SHOW(x.slice(1, 3, -5, -2));
  SHOW(x.select(0, 1));
  index_put_(x, {Index(1), Index(Slice{})}, 0);  // through any view
  SHOW(x);

  title("Indexing");
  SHOW(index(x, {Ellipsis{}, Slice{1, 3}}));
  SHOW(index(x, {Index(Tensor::from<std::int64_t>({2, 0}))}));
  SHOW(index(x, {Index(greater(x, 7))}));
  SHOW(take(x, Tensor::from<std::int64_t>({3, 3, 0}), 1));
}

void compute() {
  const Tensor a = Tensor::from<float>({1, 2, 3, 4, 5, 6}, Shape{2, 3}), row = Tensor::from<float>({10, 20, 30});
  title("Broadcasting and elementwise operations");
  SHOW(a);
  SHOW(add(a, row));
  SHOW(multiply(a, 0.5));
  SHOW(add(a, Tensor::from<std::int64_t>({1}).expand({2, 3})));  // promoted to f32
  SHOW(where(less(a, 3), a, -1));
  SHOW(maximum(negative(a), -4));
  mul_(a, 2);
  SHOW(a);

  title("Reductions");
  SHOW(sum(a));
  SHOW(sum(a, 0));
  SHOW(mean(a, Axes(1), true));
  SHOW(max(a, {0, 1}));
  SHOW(argmax(a, 1));
  SHOW(cumulative_sum(a, 1));
  SHOW(sort(a, 1, true));

  title("Linear algebra");
  const Tensor m = Tensor::from<double>({4, 1, 1, 3}, Shape{2, 2}), b = Tensor::from<double>({1, 2});
  SHOW(matmul(m, m));
  SHOW(solve(m, b));
  SHOW(det(m));
  SHOW(eigvalsh(m));
  SHOW(matmul(a, matrix_transpose(a)));
  SHOW(matmul(astype(a, DType::i8), astype(matrix_transpose(a), DType::i8)));  // int8 sums in int32
}

void draw() {
  title("Random numbers: the same for every device and number of threads");
  Generator generator(42);
  SHOW(uniform(generator, {3}));
  SHOW(normal(generator, {2, 2}));
  SHOW(randint(generator, 0, 10, {8}));
}

void save_and_open() {
  title("Files");
  const Tensor weight = reshape(arange(0.0, 96.0), {3, 32}), packed = quantize(weight, Scheme::q8_0);
  const std::string path =
      (std::filesystem::temp_directory_path() / ("ingot_demo_" + std::to_string(::getpid()) + ".gguf")).string();
  OutputPlan plan;
  plan.tensors.push_back(OutputTensor::of("weight", weight));
  plan.tensors.push_back(OutputTensor::of("packed", packed));
  plan.metadata.set("general.architecture", Value(std::string("demo")));
  write_checkpoint(path, "gguf", plan);
  const Checkpoint file = open_checkpoint(path);  // reads the header, maps the rest
  std::filesystem::remove(path);                  // the mapping stays
  for (const NamedTensor& entry : file.tensors)
    std::printf("%s: %s, %zu bytes\n", entry.name.c_str(), describe(entry.tensor).c_str(), entry.tensor.nbytes());
  SHOW(all(equal(file.get("weight"), weight)));
  SHOW(max(abs(subtract(dequantize(file.get("packed")), weight))));
}

void refuse() {
  title("Errors name the operation, the shapes and the dtypes");
  try {
    add(zeros({2, 3}), zeros({4}));
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
  }
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::fprintf(stderr, "comprehensive_tensor_demo takes no arguments\n");
    return 2;
  }
  try {
    make_and_view();
    compute();
    draw();
    save_and_open();
    refuse();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "comprehensive_tensor_demo: %s\n", error.what());
    return 1;
  }
}
