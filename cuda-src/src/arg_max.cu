// y[r] = the place of the largest x[r], the first of equal ones; -1 where x[r] holds a NaN.
// x: rows of `columns` elements, T = f32 or bf16; y: int.  Any alignment.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 1024.  Shared: 256 B static.
// Reads x once: bound by memory.  Deterministic.  Twin: ReferenceKernels.argMax
#include "rows.cuh"
#include "vec.cuh"

struct Best {
  float value;
  int at;  // -1 once a NaN was seen

  __device__ __forceinline__ void meet(float v, int i) {
    if (at < 0) return;
    if (v != v || i < 0) at = -1;
    else if (v > value || (v == value && i < at)) value = v, at = i;
  }
};

__device__ __forceinline__ Best warp_best(Best best) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) {
    const float value = __shfl_xor_sync(0xffffffffu, best.value, offset);
    const int at = __shfl_xor_sync(0xffffffffu, best.at, offset);
    best.meet(value, at);
  }
  return best;
}

static constexpr Best NOTHING = {-3.402823466e38f, 0x7fffffff};

template <typename T>
__device__ __forceinline__ void arg_max(int* y, const T* x, const Rows& x_rows, int columns) {
  __shared__ float values[32];
  __shared__ int places[32];
  x += row_at(x_rows, blockIdx.x);
  Best best = NOTHING;
  for (int c = threadIdx.x * Vec<T>::N; c < columns; c += blockDim.x * Vec<T>::N) {
    const Vec<T> v = load(x + c, columns - c);
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++)
      if (c + j < columns) best.meet(to_f32(v.v[j]), c + j);
  }
  best = warp_best(best);
  const int lane = threadIdx.x & 31;
  const int warp = threadIdx.x >> 5;
  if (lane == 0) values[warp] = best.value, places[warp] = best.at;
  __syncthreads();
  if (warp == 0) {
    best = NOTHING;
    if (lane < (int)(blockDim.x >> 5)) best.value = values[lane], best.at = places[lane];
    best = warp_best(best);
    // a row of nothing but -inf met no number above the start
    if (lane == 0) y[blockIdx.x] = best.at == NOTHING.at ? 0 : best.at;
  }
}

extern "C" __global__ void __launch_bounds__(1024) arg_max_f32(int* y, const float* x, Rows x_rows, int columns) {
  arg_max(y, x, x_rows, columns);
}
EXPORT_KERNEL(arg_max_f32)

extern "C" __global__ void __launch_bounds__(1024) arg_max_bf16(int* y, const bf16* x, Rows x_rows, int columns) {
  arg_max(y, x, x_rows, columns);
}
EXPORT_KERNEL(arg_max_bf16)
