// Blocks of quantized weights.
#include "unit/ops_table/table.h"

namespace ingot::testing {

// What the bytes must be is quant_test's business: here the columns must agree to the bit, for any layout.
void quantize_table() {
  Random random(22);
  for (const Scheme scheme :
       {Scheme::q8_0, Scheme::q4_0, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::tq1_0, Scheme::tq2_0})
    for (const DType dtype : floating_dtypes)
      for (const Pattern pattern : all_patterns) {
        const Tensor x = make_tensor(random, Shape{5, 512}, dtype, pattern);
        const auto f = [&] { return quantize(x, scheme); };
        const Tensor reference = in_column(Column::reference, f), found = in_column(Column::cpu, f);
        ASSERT_EQ(reference.nbytes(), found.nbytes());
        EXPECT_EQ(std::memcmp(reference.bytes(), found.bytes(), found.nbytes()), 0)
            << to_string(scheme) << " " << label(dtype, x.shape(), pattern);
      }
}

void dequantize_table() {
  Random random(23);
  for (const Scheme scheme :
       {Scheme::q8_0, Scheme::q4_0, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::tq1_0, Scheme::tq2_0}) {
    const Tensor x = quantize(make_tensor(random, Shape{3, 5, 512}, DType::f32, Pattern::contiguous), scheme);
    for (const Tensor& view : {x, x.transpose(0, 1), x.slice(1, 1, 5, 2), x.select(0, 2), x.slice(0, 1, 1)}) {
      const auto f = [&] { return dequantize(view); };
      EXPECT_TRUE(doubles(on_cpu(f, describe(view))) == doubles(in_column(Column::reference, f))) << describe(view);
    }
  }
}

}  // namespace ingot::testing
