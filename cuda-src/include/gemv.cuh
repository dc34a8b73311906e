// Products of up to eight rows, however those come about. A warp makes a column of y for all rows: 16 bytes of the weight a
// lane and step, each lane its own sum, then one sum over the warp. So a row's result depends neither on the other rows
// nor on how many there are.
#pragma once
#include "mat_mul.cuh"
#include "reduce.cuh"

static constexpr int WARPS = 8;

template <typename T, int ROWS>
__device__ __forceinline__ void dot(float (&sums)[ROWS], const T* weight, const T* const (&x)[ROWS], int in) {
#pragma unroll 4
  for (int k = (threadIdx.x & 31) * Vec<T>::N; k < in; k += 32 * Vec<T>::N) {
    const Vec<T> w = *reinterpret_cast<const Vec<T>*>(weight + k);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const Vec<T> v = load(x[r] + k, in - k);
#pragma unroll
      for (int j = 0; j < Vec<T>::N; j++) sums[r] = fmaf(to_f32(w.v[j]), to_f32(v.v[j]), sums[r]);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) sums[r] = warp_sum(sums[r]);
}

// Columns of y; the rows of x are `in` long.
template <typename T, int ROWS, End END>
__device__ __forceinline__ void columns(const Product<T>& p, const T* const (&x)[ROWS], int in) {
  const int lane = threadIdx.x & 31;
  for (int column = blockIdx.x * WARPS + (threadIdx.x >> 5); column < p.out; column += gridDim.x * WARPS) {
    float sums[ROWS] = {}, ups[ROWS] = {};
    dot<T, ROWS>(sums, p.weight + (long long)column * p.pitch, x, in);
    if (END == End::SWI_GLU) dot<T, ROWS>(ups, p.up + (long long)column * p.pitch, x, in);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (lane != r || r >= p.rows) continue;
      const long long residual = END == End::ADD ? row_at(p.residual_rows, r) : 0;
      p.y[row_at(p.y_rows, r) + column] = from_f32<T>(end_of<END>(p, residual, column, sums[r], ups[r]));
    }
  }
}
