// Our time beside NumPy's for some operations, as a table: one call of ours, one of NumPy's, by turns, so that both see
// the same machine; the medians, and their ratio. NumPy runs in a process of its own that times each call itself.
//
//   performance_comparison_demo [--quick] [--threads N] [--python PROGRAM]
//
//   0: the whole table; 1: an error, or no NumPy (our times are printed all the same); 2: an argument that is none
#include <ingot/device.h>
#include <ingot/ops.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace ingot;

struct Options {
  bool quick = false;
  int threads = 1;
  std::string python = "python3";
};

// Reads an expression a line, answers with the nanoseconds that it took.
constexpr const char* script = R"(
import sys, time
try:
    import numpy as np
except ImportError as error:
    print(error, flush=True)
    sys.exit()
n, side = int(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(1)
names = {"np": np, "a": random.standard_normal(n, np.float32), "b": random.standard_normal(n, np.float32),
         "m": random.standard_normal((side, side), np.float32)}
names.update(x=names["a"].reshape(-1, 1000), s=names["a"][: n // 10])
print("numpy", np.__version__, flush=True)
for line in sys.stdin:
    code = compile(line, "expression", "eval")
    begin = time.perf_counter_ns()
    result = eval(code, names)
    print(time.perf_counter_ns() - begin, flush=True)
    del result
)";

class NumPy {
 public:
  NumPy(const Options& options, std::int64_t n, std::int64_t side) {
    int in[2], out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) return;
    const std::string count = std::to_string(n), edge = std::to_string(side), threads = std::to_string(options.threads);
    ::setenv("OPENBLAS_NUM_THREADS", threads.c_str(), 1);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
      ::execlp(options.python.c_str(), options.python.c_str(), "-c", script, count.c_str(), edge.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = ::fdopen(in[1], "w");
    from_ = ::fdopen(out[0], "r");
    const std::string answer = read_line();
    present_ = answer.starts_with("numpy ");
    about_ = !answer.empty() ? answer : "'" + options.python + "' cannot be run";
  }
  ~NumPy() {
    if (to_) std::fclose(to_);  // the end of its input ends it
    if (from_) std::fclose(from_);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }
  NumPy(const NumPy&) = delete;
  NumPy& operator=(const NumPy&) = delete;

  bool present() const { return present_; }
  /// Its version, or why it is absent.
  const std::string& about() const { return about_; }

  /// Of one evaluation; throws where NumPy gives no time.
  double milliseconds(const char* expression) {
    std::fprintf(to_, "%s\n", expression);
    std::fflush(to_);
    const std::string answer = read_line();
    std::int64_t nanoseconds = 0;
    if (std::from_chars(answer.data(), answer.data() + answer.size(), nanoseconds).ec != std::errc())
      throw Error(ErrorCode::io, "NumPy", std::string("no time for ") + expression);
    return static_cast<double>(nanoseconds) / 1e6;
  }

 private:
  std::string read_line() {
    char line[512];
    if (!from_ || !std::fgets(line, sizeof line, from_)) return {};
    return std::string(line, std::strcspn(line, "\n"));
  }

  ::pid_t child_ = -1;
  std::FILE *to_ = nullptr, *from_ = nullptr;
  bool present_ = false;
  std::string about_;
};

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

template <class F>
double milliseconds(F&& f) {
  const auto begin = std::chrono::steady_clock::now();
  const Tensor result = f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// Whether NumPy was there.
bool run(const Options& options) {
  const std::int64_t n = options.quick ? 20'000 : 10'000'000, side = options.quick ? 32 : 1024;
  const std::size_t rounds = options.quick ? 3 : 9;
  set_num_threads(options.threads);
  Generator generator(1);
  const Tensor a = normal(generator, {n}), b = normal(generator, {n}), m = normal(generator, {side, side});
  const Tensor x = a.view({-1, 1000}), s = a.slice(0, 0, n / 10);
  NumPy numpy(options, n, side);

  std::printf("float32, %lld elements (sort: a tenth; matmul: %lld × %lld), threads: %d; median of %zu runs by turns\n",
              static_cast<long long>(n), static_cast<long long>(side), static_cast<long long>(side), options.threads,
              rounds);
  std::printf("%s\n\n%-24s %12s %12s %14s\n", numpy.present() ? numpy.about().c_str() : "without NumPy", "operation",
              "ours, ms", "NumPy, ms", "NumPy / ours");
  std::vector<double> ratios;
  const auto row = [&](const char* name, const char* expression, auto&& f) {
    std::vector<double> ours, theirs;
    for (std::size_t i = 0; i <= rounds; ++i) {
      ours.push_back(milliseconds(f));
      if (numpy.present()) theirs.push_back(numpy.milliseconds(expression));
      if (i == 0) ours.clear(), theirs.clear();  // the first touch of code and memory
    }
    if (!numpy.present()) {
      std::printf("%-24s %12.3f %12s %14s\n", name, median(ours), "–", "–");
      return;
    }
    ratios.push_back(median(theirs) / median(ours));
    std::printf("%-24s %12.3f %12.3f %14.2f\n", name, median(ours), median(theirs), ratios.back());
  };
  row("add", "a + b", [&] { return add(a, b); });
  row("multiply by a number", "a * 1.5", [&] { return multiply(a, 1.5); });
  row("exp", "np.exp(a)", [&] { return exp(a); });
  row("tanh", "np.tanh(a)", [&] { return tanh(a); });
  row("less", "a < b", [&] { return less(a, b); });
  row("where", "np.where(a < b, a, b)", [&] { return where(less(a, b), a, b); });
  row("sum", "np.sum(a)", [&] { return sum(a); });
  row("sum, axis 0", "np.sum(x, axis=0)", [&] { return sum(x, 0); });
  row("var, axis 1", "np.var(x, axis=1)", [&] { return var(x, 1); });
  row("argmax", "np.argmax(a)", [&] { return argmax(a); });
  row("cumulative_sum", "np.cumsum(a)", [&] { return cumulative_sum(a); });
  row("transposed copy", "np.ascontiguousarray(x.T)", [&] { return contiguous(x.transpose(0, 1)); });
  row("sort", "np.sort(s)", [&] { return sort(s); });
  row("matmul", "m @ m", [&] { return matmul(m, m); });
  if (numpy.present())
    std::printf("\nmedian ratio %.2f\n", median(ratios));
  else
    std::fprintf(stderr, "performance_comparison_demo: no NumPy to compare with: %s\n", numpy.about().c_str());
  return numpy.present();
}

// False for an argument that is none.
bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      options.quick = true;
    } else if (argument == "--python" && i + 1 < argc) {
      options.python = argv[++i];
    } else if (argument == "--threads" && i + 1 < argc) {
      const char *text = argv[++i], *end = text + std::strlen(text);
      const auto read = std::from_chars(text, end, options.threads);
      if (read.ec != std::errc() || read.ptr != end || options.threads < 1) return false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: performance_comparison_demo [--quick] [--threads N] [--python PROGRAM]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a process that ends early is an error of ours, not our end
  try {
    return run(options) ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "performance_comparison_demo: %s\n", error.what());
    return 1;
  }
}
