// How a quantized tensor's elements are held. One row a scheme.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ingot/dtype.h"
#include "ingot/ref.h"

namespace [[gnu::visibility("default")]] ingot {

// id, name, elements a block, bytes a block, ggml type number (-1: none), logical dtype.
// Sources: ggml's type table; SafeTensors' dtype list (F4…C64, carried as bytes); bitnet.cpp's I2_S (its fork's type
// 36: four elements a byte over the flattened matrix, then a 32-byte tail whose first four bytes are the f32 scale).
// Block formats, each a file of src/quant/blocks/.
#define INGOT_BLOCK_SCHEMES(X)            \
  X(q4_0, "Q4_0", 32, 18, 2, f32)         \
  X(q4_1, "Q4_1", 32, 20, 3, f32)         \
  X(q5_0, "Q5_0", 32, 22, 6, f32)         \
  X(q5_1, "Q5_1", 32, 24, 7, f32)         \
  X(q8_0, "Q8_0", 32, 34, 8, f32)         \
  X(q8_1, "Q8_1", 32, 36, 9, f32)         \
  X(q2_k, "Q2_K", 256, 84, 10, f32)       \
  X(q3_k, "Q3_K", 256, 110, 11, f32)      \
  X(q4_k, "Q4_K", 256, 144, 12, f32)      \
  X(q5_k, "Q5_K", 256, 176, 13, f32)      \
  X(q6_k, "Q6_K", 256, 210, 14, f32)      \
  X(q8_k, "Q8_K", 256, 292, 15, f32)      \
  X(iq2_xxs, "IQ2_XXS", 256, 66, 16, f32) \
  X(iq2_xs, "IQ2_XS", 256, 74, 17, f32)   \
  X(iq3_xxs, "IQ3_XXS", 256, 98, 18, f32) \
  X(iq1_s, "IQ1_S", 256, 50, 19, f32)     \
  X(iq4_nl, "IQ4_NL", 32, 18, 20, f32)    \
  X(iq3_s, "IQ3_S", 256, 110, 21, f32)    \
  X(iq2_s, "IQ2_S", 256, 82, 22, f32)     \
  X(iq4_xs, "IQ4_XS", 256, 136, 23, f32)  \
  X(iq1_m, "IQ1_M", 256, 56, 29, f32)     \
  X(tq1_0, "TQ1_0", 256, 54, 34, f32)     \
  X(tq2_0, "TQ2_0", 256, 66, 35, f32)     \
  X(mxfp4, "MXFP4", 32, 17, 39, f32)      \
  X(nvfp4, "NVFP4", 64, 36, 40, f32)      \
  X(q1_0, "Q1_0", 128, 18, 41, f32)       \
  X(q2_0, "Q2_0", 64, 18, 42, f32)
// AFFINE_…: integer codes in the tensor's storage, held as a plain tensor of that dtype; scales and zero points are
// tensors of their own beside them, so that ONNX's, torchao's and GPTQ's parts need no copy to become one tensor.
#define INGOT_SCHEMES(X)                       \
  INGOT_BLOCK_SCHEMES(X)                       \
  X(i2_s, "I2_S", 4, 1, 36, f32)               \
  X(f4, "F4", 2, 1, -1, f32)                   \
  X(f6_e2m3, "F6_E2M3", 4, 3, -1, f32)         \
  X(f6_e3m2, "F6_E3M2", 4, 3, -1, f32)         \
  X(f8_e8m0, "F8_E8M0", 1, 1, -1, f32)         \
  X(f8_e4m3fnuz, "F8_E4M3FNUZ", 1, 1, -1, f32) \
  X(f8_e5m2fnuz, "F8_E5M2FNUZ", 1, 1, -1, f32) \
  X(c64, "C64", 1, 8, -1, f32)                 \
  X(affine_i8, "AFFINE_I8", 1, 1, -1, f32)     \
  X(affine_u8, "AFFINE_U8", 1, 1, -1, f32)     \
  X(affine_i4, "AFFINE_I4", 2, 1, -1, f32)     \
  X(affine_i2, "AFFINE_I2", 4, 1, -1, f32)

enum class Scheme : std::uint8_t {
#define INGOT_X(id, name, elements, bytes, ggml, dtype) id,
  INGOT_SCHEMES(INGOT_X)
#undef INGOT_X
};

struct SchemeInfo {
  std::string_view name;
  int block_elements;
  int block_bytes;
  int ggml_type;  // -1: GGUF has no number for it
  DType dtype;    // what elements decode to
};

const SchemeInfo& info(Scheme scheme) noexcept;
/// Upper or lower case: "Q8_0", "q8_0". None for an unknown name.
std::optional<Scheme> scheme_from_string(std::string_view name) noexcept;
std::optional<Scheme> scheme_from_ggml(int type) noexcept;
inline std::string_view to_string(Scheme scheme) noexcept { return info(scheme).name; }
/// The dtype of an affine scheme's codes; none for the other schemes.
std::optional<DType> affine_codes(Scheme scheme) noexcept;

/// The orders of elements that I2_S files come in; the file says nothing about which.
enum class Packing : std::uint8_t {
  none,
  i2s_x86,   // 128 elements → 32 bytes, byte k: k, 32+k, 64+k, 96+k from bits 7-6 down
  i2s_arm,   // 64 elements → 16 bytes, byte k: k, 16+k, 32+k, 48+k
  i2s_rows,  // byte (row/4)·columns + column: rows 4r … 4r+3
};

/// "x86", "arm", "rows", "none".
std::string_view to_string(Packing packing) noexcept;
std::optional<Packing> packing_from_string(std::string_view name) noexcept;

class Tensor;
struct TensorMeta;

/// A scheme with what one tensor adds to it. Immutable and shared; plain tensors have none.
class Encoding final : public RefCounted {
 public:
  /// The shared encoding of a scheme that keeps everything in its blocks.
  static Ref<const Encoding> of(Scheme scheme);
  static Ref<const Encoding> i2_s(Packing packing, float scale);
  /// Codes of dtype i8, u8, i4 or i2 (else dtype_mismatch) with the scales and zero points of one tensor. Their shapes
  /// are checked where they meet it: Tensor::view_of.
  static Ref<const Encoding> affine(DType codes, const Tensor& scales, const Tensor& zero_points);
  ~Encoding();

  Scheme scheme() const noexcept { return scheme_; }
  Packing packing() const noexcept { return packing_; }
  /// One factor for the whole tensor (I2_S); 1 for the others.
  float scale() const noexcept { return scale_; }
  /// Of an affine scheme: f16, bf16 or f32, of the tensor's rank. Along an axis of n elements there are n of them, or
  /// 1, or n/g, each for g neighbours. Undefined for other schemes.
  Tensor scales() const noexcept;
  /// Integers of the scales' shape, i8 (u8 for codes of u8); undefined where all are 0.
  Tensor zero_points() const noexcept;

 private:
  Encoding(Scheme scheme, Packing packing, float scale) noexcept;
  Scheme scheme_;
  Packing packing_;
  float scale_;
  Ref<const TensorMeta> scales_, zero_points_;
};

}  // namespace ingot
