// New tensors. Sources: the array API standard 2024.12, NumPy 2.
//
// Without a dtype, floats give f32, integers i64, bool bool. Negative sizes and shapes of more than 2⁶³ − 1 elements
// throw out_of_range, memory that is not there out_of_memory.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

/// Uninitialised elements.
Tensor empty(const Shape& shape, DType dtype = DType::f32, Device device = cpu_device);
Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = cpu_device);
Tensor ones(const Shape& shape, DType dtype = DType::f32, Device device = cpu_device);
/// Throws out_of_range for an integer that does not fit an integer dtype.
Tensor full(const Shape& shape, const Scalar& value, std::optional<DType> dtype = {}, Device device = cpu_device);

/// The same with the shape, device and, unless given, logical dtype of x.
Tensor empty_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor ones_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor full_like(const Tensor& x, const Scalar& value, std::optional<DType> dtype = {});

/// start + i·step for i in 0 … ⌈(stop − start)/step⌉ − 1; floats are computed in f64 and rounded once.
/// Throws invalid_argument for step 0 and NaN, out_of_range for integers that do not fit the dtype.
Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1, std::optional<DType> dtype = {},
              Device device = cpu_device);
Tensor arange(const Scalar& stop);
/// `count` numbers start + i·(stop − start)/(count − 1), the last one exactly `stop`; without the endpoint, divided by
/// count. Floating dtypes (not of 8 bits), computed in f64 and rounded once.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = DType::f32, bool endpoint = true,
                Device device = cpu_device);
/// (rows, columns): 1 where column = row + diagonal, else 0.
Tensor eye(std::int64_t rows, std::optional<std::int64_t> columns = {}, std::int64_t diagonal = 0,
           DType dtype = DType::f32, Device device = cpu_device);
/// x (…, m, n) with 0 where column > row + diagonal (tril), column < row + diagonal (triu). dtypes from 8 bits on.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

enum class GridIndexing : std::uint8_t {
  xy,  // Cartesian: the first two axes change places
  ij,  // matrix: tensor i varies along axis i
};
/// Coordinates of the grid that 1-D (or 0-d) tensors span, each in its own dtype.
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, GridIndexing indexing = GridIndexing::xy);

}  // namespace ingot
