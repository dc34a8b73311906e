// Normalised rows for products of few (see gemv.cuh): every block normalises the rows for itself, into shared memory. The
// squares of a row are summed in the order in which a block of `norm.threads` of rms_norm.cu sums them, so that the
// results have the bits of rms_norm.cu and gemv.cu.
#pragma once
#include "gemv.cuh"
#include "rms_norm.cuh"

struct Norm {
  const float* weight;
  float eps;
  int threads;  // a multiple of 32, at most 1024
};

// The sum of a row's squares, for every thread.
template <typename T>
__device__ __forceinline__ float row_square_sum(const T* x, int in, int threads) {
  __shared__ float part[32];
  __shared__ float total;
  const int lane = threadIdx.x & 31;
  for (int t = threadIdx.x; t < threads; t += 32 * WARPS) {
    float sum = 0.f;
    for (int c = t * Vec<T>::N; c < in; c += threads * Vec<T>::N) sum += square_sum(load(x + c, in - c));
    sum = warp_sum(sum);
    if (lane == 0) part[t >> 5] = sum;
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    const float all = warp_sum(lane < threads >> 5 ? part[lane] : 0.f);
    if (lane == 0) total = all;
  }
  __syncthreads();
  return total;
}

// The rows of x, normalised, `pitch` elements long with zeros behind them; `x[r]` of rows that are not there is that of
// the last.
template <typename T, int ROWS>
__device__ __forceinline__ void normalise(const T* (&x)[ROWS], T* rows, const Product<T>& p, const Norm& norm) {
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const T* from = p.x + row_at(p.x_rows, min(r, p.rows - 1));
    const float scale = rms_scale(row_square_sum(from, p.in, norm.threads), p.in, norm.eps);
    for (int c = threadIdx.x * Vec<T>::N; c < p.pitch; c += 32 * WARPS * Vec<T>::N)
      store(rows + r * p.pitch + c, normalised(load(from + c, p.in - c), scale, norm.weight + c, p.in - c), p.pitch - c);
    x[r] = rows + r * p.pitch;
  }
  __syncthreads();
}
