// y[r] = exp(x[r] - max x[r]) / sum exp(x[r] - max x[r]), in f32, rounded once.
// x, y: rows of `columns` elements, T = f32 or bf16; y may be x itself.  Any alignment.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 1024.  Shared: 264 B static.
// Reads x three times, from caches after the first.  Deterministic.  Twin: ReferenceKernels.softmax
#include "reduce.cuh"
#include "rows.cuh"
#include "vec.cuh"

template <typename T>
__device__ __forceinline__ void softmax(T* y, const Rows& y_rows, const T* x, const Rows& x_rows, int columns) {
  x += row_at(x_rows, blockIdx.x);
  y += row_at(y_rows, blockIdx.x);
  const int first = threadIdx.x * Vec<T>::N;
  const int step = blockDim.x * Vec<T>::N;
  float largest = Max::ZERO;
  for (int c = first; c < columns; c += step) {
    const Vec<T> v = load(x + c, columns - c);
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++)
      if (c + j < columns) largest = fmaxf(largest, to_f32(v.v[j]));
  }
  largest = block_max(largest);
  float sum = 0.f;
  for (int c = first; c < columns; c += step) {
    const Vec<T> v = load(x + c, columns - c);
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++)
      if (c + j < columns) sum += expf(to_f32(v.v[j]) - largest);
  }
  const float scale = 1.f / block_sum(sum);
  for (int c = first; c < columns; c += step) {
    Vec<T> v = load(x + c, columns - c);
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++) v.v[j] = from_f32<T>(expf(to_f32(v.v[j]) - largest) * scale);
    store(y + c, v, columns - c);
  }
}

extern "C" __global__ void __launch_bounds__(1024)
    softmax_f32(float* y, Rows y_rows, const float* x, Rows x_rows, int columns) {
  softmax(y, y_rows, x, x_rows, columns);
}
EXPORT_KERNEL(softmax_f32)

extern "C" __global__ void __launch_bounds__(1024)
    softmax_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, int columns) {
  softmax(y, y_rows, x, x_rows, columns);
}
EXPORT_KERNEL(softmax_bf16)
