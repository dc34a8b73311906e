// What a matrix product y = weight * x + bias ends with; shared by gemv and gemm. Twin of the Java class MatMul.
//
// Rounding points are the reference's: the product with its bias is rounded to T before anything is done to it.
// Weights: [out, pitch] of T, pitch a multiple of 16 bytes, zeros behind `in` columns, 16-byte aligned.
#pragma once
#include "activation.cuh"
#include "rows.cuh"
#include "vec.cuh"

enum class End {
  NONE,     // y = p
  GELU,     // y = gelu(p)
  ADD,      // y = residual + scale * p
  SWI_GLU,  // y = silu(p) * q, p and q the products with two weights
};

// Everything of a product but its sums. Null where there is none.
template <typename T>
struct Product {
  T* y;
  Rows y_rows;
  const T* x;
  Rows x_rows;
  const T* weight;
  const T* up;  // SWI_GLU's second weight
  const float* bias;
  const float* scale;
  const T* residual;
  Rows residual_rows;
  int rows, in, out, pitch;
};

// An element of y from its sum (and for SWI_GLU the one with `up`).
template <End END, typename T>
__device__ __forceinline__ float end_of(const Product<T>& p, long long residual_row, int column, float sum, float up) {
  if (END == End::SWI_GLU) return rounded<T>(silu(rounded<T>(sum))) * rounded<T>(up);
  const float product = rounded<T>(p.bias ? sum + p.bias[column] : sum);
  if (END == End::GELU) return gelu(product);
  if (END == End::ADD) {
    const float scaled = p.scale ? rounded<T>(product * p.scale[column]) : product;
    return to_f32(p.residual[residual_row + column]) + scaled;
  }
  return product;
}

// Two elements of a row side by side, of which `left` are there.
__device__ __forceinline__ void store_pair(bf16* to, float first, float second, int left) {
  if (left >= 2 && (reinterpret_cast<uint64_t>(to) & 3) == 0) {
    *reinterpret_cast<uint32_t*>(to) = pack_bf16(first, second);
    return;
  }
  if (left > 0) to[0] = to_bf16(first);
  if (left > 1) to[1] = to_bf16(second);
}
