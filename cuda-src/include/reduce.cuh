// Sums and maxima over a warp and over a block, in a fixed order: a run is bitwise repeatable.
#pragma once
#include "device.cuh"

struct Sum {
  static constexpr float ZERO = 0.f;
  static __device__ __forceinline__ float of(float a, float b) { return a + b; }
};
struct Max {
  static constexpr float ZERO = -3.402823466e38f;
  static __device__ __forceinline__ float of(float a, float b) { return fmaxf(a, b); }
};

// Every lane gets the result.
template <class Op>
__device__ __forceinline__ float warp_reduce(float v) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) v = Op::of(v, __shfl_xor_sync(0xffffffffu, v, offset));
  return v;
}

// Every thread gets the result. blockDim.x is a multiple of 32, at most 1024.
template <class Op>
__device__ __forceinline__ float block_reduce(float v) {
  __shared__ float part[32];
  __shared__ float total;
  const int lane = threadIdx.x & 31;
  const int warp = threadIdx.x >> 5;
  v = warp_reduce<Op>(v);
  if (lane == 0) part[warp] = v;
  __syncthreads();
  if (warp == 0) {
    const float all = warp_reduce<Op>(lane < (int)(blockDim.x >> 5) ? part[lane] : Op::ZERO);
    if (lane == 0) total = all;
  }
  __syncthreads();
  return total;
}

__device__ __forceinline__ float warp_sum(float v) { return warp_reduce<Sum>(v); }
__device__ __forceinline__ float warp_max(float v) { return warp_reduce<Max>(v); }
__device__ __forceinline__ float block_sum(float v) { return block_reduce<Sum>(v); }
__device__ __forceinline__ float block_max(float v) { return block_reduce<Max>(v); }
