#include <algorithm>
#include <mutex>

#include "core/checked.h"
#include "core/parallel.h"
#include "formats/huggingface/huggingface.h"
#include "formats/mlx/mlx.h"
#include "formats/utf8.h"
#include "quant/mlx_blocks.h"

namespace ingot::mlx {
namespace {

constexpr const char* operation = "mlx";
constexpr std::int64_t grain = 1 << 15;  // elements decoded at a time by a thread

// The parts of one weight, checked against each other: rows behind one another.
struct Parts {
  MlxScheme scheme;
  Tensor codes, scales, biases;  // biases undefined but in the affine mode
  std::int64_t rows, columns;

  DType dtype() const noexcept { return biases.defined() ? biases.dtype() : DType::f32; }
  const std::byte* codes_of(std::int64_t row) const { return codes.bytes() + row * scheme.code_bytes(columns); }
  const std::byte* scales_of(std::int64_t row) const { return part_of(scales, row); }
  const std::byte* biases_of(std::int64_t row) const { return biases.defined() ? part_of(biases, row) : nullptr; }

  std::int64_t rows_at_once() const noexcept {
    return std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, columns));
  }

 private:
  std::byte const* part_of(const Tensor& part, std::int64_t row) const {
    return part.bytes() + row * (columns / scheme.group) * (bit_width(part.dtype()) / 8);
  }
};

// What composed() was given: the shapes say it, since each width and group has one mode without biases.
Parts parts_of(const Composite& composite) {
  const Tensor &codes = composite.parts[0].tensor, &scales = composite.parts[1].tensor;
  const std::int64_t columns = composite.shape.back();
  MlxScheme scheme{.bits = static_cast<int>(codes.shape().back() * 32 / columns),
                   .group = static_cast<int>(columns / scales.shape().back())};
  if (composite.parts.size() == 2)
    scheme.mode = scheme.bits == 8 ? MlxMode::mxfp8 : scheme.group == 16 ? MlxMode::nvfp4 : MlxMode::mxfp4;
  return {scheme,
          codes,
          scales,
          composite.parts.size() == 3 ? composite.parts[2].tensor : Tensor(),
          composite.parts[0].row_count(),
          columns};
}

Tensor decoded(const Parts& parts, std::int64_t first, std::int64_t last) {
  const Tensor out = Tensor::empty({last - first, parts.columns}, DType::f32);
  auto* values = out.mutable_data<float>();
  parallel_for(last - first, parts.rows_at_once(), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t row = first + begin;
    mlx_decode(parts.scheme, parts.dtype(), parts.codes_of(row), parts.scales_of(row), parts.biases_of(row),
               (end - begin) * parts.columns, values + begin * parts.columns);
  });
  return out;
}

// The block scheme that holds the same numbers. Reads scales and biases.
std::optional<Scheme> exact_scheme(const Parts& parts) {
  std::mutex mutex;
  BlocksOfMlx all(parts.scheme, parts.dtype(), parts.columns);
  if (!all.scheme()) return {};
  parallel_for(parts.rows, parts.rows_at_once(), [&](std::int64_t begin, std::int64_t end) {
    BlocksOfMlx some(parts.scheme, parts.dtype(), parts.columns);
    some.see(parts.codes_of(begin), parts.scales_of(begin), parts.biases_of(begin), (end - begin) * parts.columns);
    const std::lock_guard lock(mutex);
    all.merge(some);
  });
  return all.scheme();
}

Tensor as_blocks(const Parts& parts, Scheme scheme, std::int64_t first, std::int64_t last) {
  const SchemeInfo& block = info(scheme);
  const std::int64_t row_bytes = parts.columns / block.block_elements * block.block_bytes;
  const auto storage = Storage::allocate(static_cast<std::size_t>((last - first) * row_bytes));
  std::byte* bytes = storage->mutable_data();
  parallel_for(last - first, parts.rows_at_once(), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t row = first + begin;
    blocks_from_mlx(scheme, parts.scheme, parts.dtype(), parts.codes_of(row), parts.scales_of(row),
                    parts.biases_of(row), (end - begin) * parts.columns, bytes + begin * row_bytes);
  });
  return Tensor::view_of(storage, 0, {last - first, parts.columns}, Encoding::of(scheme));
}

// --- from a checkpoint's tensors ------------------------------------------------------------------------------------

[[noreturn]] void reject(const Checkpoint& checkpoint, const std::string& tensor, std::string_view what) {
  fail(ErrorCode::invalid_file, operation, "{}: tensor {}: {}", checkpoint.path, printable(tensor), what);
}

std::string stem_of(const std::string& name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string();
}

// The leading axes of a weight, with another last one.
Shape with_last(Shape shape, std::int64_t last) {
  shape[shape.rank() - 1] = last;
  return shape;
}

const NamedTensor& part(const Checkpoint& checkpoint, const std::string& name, const std::string& of, DType dtype,
                        const Shape& shape) {
  const NamedTensor* found = checkpoint.find(name);
  if (!found) reject(checkpoint, of, fmt::format("{} is missing", printable(name)));
  const Tensor& tensor = found->tensor;
  if (tensor.is_quantized() || tensor.dtype() != dtype || tensor.shape() != shape || !tensor.is_contiguous())
    reject(checkpoint, name, fmt::format("{}, expected {} {}", describe(tensor), to_string(dtype), to_string(shape)));
  return *found;
}

NamedTensor composed(const Checkpoint& checkpoint, const std::string& stem, const MlxScheme& scheme) {
  const std::string name = stem + ".weight", scales_name = stem + ".scales";
  if (checkpoint.find(stem + ".global_scale"))
    throw NotImplemented(operation, fmt::format("{}: tensor {}.global_scale: a scale for the whole of a tensor",
                                                checkpoint.path, printable(stem)));
  const NamedTensor* weight = checkpoint.find(name);
  const NamedTensor* scales = checkpoint.find(scales_name);
  if (!scales) reject(checkpoint, name, fmt::format("{} is missing: {}", printable(scales_name), scheme.describe()));
  const Tensor& codes = weight->tensor;
  if (codes.is_quantized() || codes.dtype() != DType::u32 || codes.rank() < 2 || !codes.is_contiguous())
    reject(checkpoint, name, fmt::format("{}, expected a u32 matrix: {}", describe(codes), scheme.describe()));
  const std::int64_t words = codes.shape().back();
  const std::int64_t bits = checked_mul<std::int64_t>(words, 32, operation), columns = bits / scheme.bits;
  if (words == 0 || bits % scheme.bits != 0 || columns % scheme.group != 0)
    reject(checkpoint, name,
           fmt::format("rows of {} words are not whole groups of {}: config.json contradicts the shape", words,
                       scheme.describe()));
  const Shape groups = with_last(codes.shape(), columns / scheme.group);
  const bool affine = scheme.mode == MlxMode::affine;
  const DType dtype = affine ? scales->tensor.dtype() : DType::u8;
  if (affine && dtype != DType::f16 && dtype != DType::bf16 && dtype != DType::f32)
    reject(checkpoint, scales_name, fmt::format("{}, expected f16, bf16 or f32", describe(scales->tensor)));
  Composite composite{.shape = with_last(codes.shape(), columns), .dtype = DType::f32, .scheme = scheme.describe()};
  composite.parts = {*weight, part(checkpoint, scales_name, name, dtype, groups)};
  if (affine) composite.parts.push_back(part(checkpoint, stem + ".biases", name, dtype, groups));

  Parts parts{scheme, codes, scales->tensor, affine ? composite.parts[2].tensor : Tensor(), weight->row_count(),
              columns};
  composite.rows = [parts](std::int64_t first, std::int64_t last) { return decoded(parts, first, last); };
  composite.encoded = [parts, shape = composite.shape] {
    const auto exact = exact_scheme(parts);
    if (!exact) return decoded(parts, 0, parts.rows).view(shape);
    return Tensor::view_of(as_blocks(parts, *exact, 0, parts.rows).storage(), 0, shape, Encoding::of(*exact));
  };
  return {.name = name,
          .tensor = {},
          .file = weight->file,
          .offset = weight->offset,
          .composite = std::make_shared<const Composite>(std::move(composite))};
}

}  // namespace

void assemble(Checkpoint& checkpoint, const Quantization& quantization) {
  std::vector<NamedTensor> tensors;
  for (const NamedTensor& entry : checkpoint.tensors) {
    bool part_of_another = false;
    for (const char* suffix : {".scales", ".biases"})
      if (const std::string stem = stem_of(entry.name, suffix); !stem.empty() && checkpoint.find(stem + ".weight"))
        part_of_another = checkpoint.find(stem + ".scales") != nullptr;
    if (part_of_another) continue;
    const std::string stem = stem_of(entry.name, ".weight");
    const bool packed = !stem.empty() && (checkpoint.find(stem + ".scales") || entry.tensor.dtype() == DType::u32);
    const auto module = quantization.modules.find(stem);
    const bool named = !stem.empty() && module != quantization.modules.end();
    const std::optional<MlxScheme> scheme = named    ? module->second
                                            : packed ? std::optional(quantization.scheme)
                                                     : std::nullopt;
    if (packed && !scheme)
      reject(checkpoint, entry.name, "quantized, but config.json's quantization says false for it");
    tensors.push_back(scheme ? composed(checkpoint, stem, *scheme) : entry);
  }
  checkpoint.replace(std::move(tensors));
}

std::optional<BlockRows> blocks_of(const NamedTensor& weight) {
  if (!weight.composite || !weight.composite->scheme.starts_with("mlx")) return {};
  const Parts parts = parts_of(*weight.composite);
  const auto exact = exact_scheme(parts);
  if (!exact) return {};
  return BlockRows{*exact, [parts, exact = *exact](std::int64_t first, std::int64_t last) {
                     return as_blocks(parts, exact, first, last);
                   }};
}

bool probe(const Source& source) {
  if (!source.is_directory()) return false;
  const std::string path = source.path + "/config.json";
  if (!path_exists(path)) return false;
  return read_quantization(huggingface::read_document(path), path).has_value();
}

Checkpoint open(const Source& source, const OpenOptions& options) {
  Checkpoint checkpoint = huggingface::open(source, options);
  const auto config = checkpoint.documents.find("config.json");
  if (config == checkpoint.documents.end()) return checkpoint;  // one GGUF file beside a config.json
  checkpoint.format = "mlx";
  assemble(checkpoint, *read_quantization(config->second, source.path + "/config.json"));
  return checkpoint;
}

}  // namespace ingot::mlx
