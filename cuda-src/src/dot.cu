// y[r] = sum of x[r] * v, in f32.
// x: rows of `columns` elements, T = f32 or bf16; v: [columns], f32; y: f32.  Any alignment.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 1024.  Shared: 132 B static.
// Reads x once: bound by memory.  Deterministic.  Twin: ReferenceKernels.dot
#include "reduce.cuh"
#include "rows.cuh"
#include "vec.cuh"

template <typename T>
__device__ __forceinline__ void dot(float* y, const T* x, const Rows& x_rows, const float* v, int columns) {
  constexpr int N = Vec<T>::N;
  x += row_at(x_rows, blockIdx.x);
  float sum = 0.f;
  for (int c = threadIdx.x * N; c < columns; c += blockDim.x * N) {
    const Vec<T> a = load(x + c, columns - c);
    const Vec<float, N> b = load<float, N>(v + c, columns - c);
#pragma unroll
    for (int j = 0; j < N; j++) sum += to_f32(a.v[j]) * b.v[j];
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) y[blockIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(1024)
    dot_f32(float* y, const float* x, Rows x_rows, const float* v, int columns) {
  dot(y, x, x_rows, v, columns);
}
EXPORT_KERNEL(dot_f32)

extern "C" __global__ void __launch_bounds__(1024)
    dot_bf16(float* y, const bf16* x, Rows x_rows, const float* v, int columns) {
  dot(y, x, x_rows, v, columns);
}
EXPORT_KERNEL(dot_bf16)
