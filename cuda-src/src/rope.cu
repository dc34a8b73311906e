// y[j] = x[j] * cos[j] - x[j + D/2] * sin[j],  y[j + D/2] = x[j + D/2] * cos[j] + x[j] * sin[j]
// for every head of every token, in f32, rounded once (see rope.cuh).
// x, y: [T, H, D], T = f32 or bf16, heads contiguous; cos, sin: [T, D/2], f32; y may be x itself.
// Grid: ceil(T * H * ceil(D/2 / N) / 256) blocks, N elements of T being 16 bytes.  Block: 256 threads.
// Any alignment; 16 bytes at a time where heads allow it.  Bound by memory.  Deterministic.
// Twin: ReferenceKernels.rope
#include "rope.cuh"
#include "rows.cuh"

template <typename T>
__device__ __forceinline__ void rope(T* y, const Rows& y_rows, const T* x, const Rows& x_rows, const float* cos,
                                     const float* sin, int rows, int heads, int half) {
  const int pieces = (half + Vec<T>::N - 1) / Vec<T>::N;
  const long long piece = (long long)blockIdx.x * 256 + threadIdx.x;
  const int row = (int)(piece / pieces);
  const int j = (int)(piece % pieces) * Vec<T>::N;
  if (row >= rows) return;
  const long long angle = (long long)(row / heads) * half;
  rotate(y + row_at(y_rows, row), x + row_at(x_rows, row), cos + angle, sin + angle, j, half);
}

extern "C" __global__ void __launch_bounds__(256)
    rope_f32(float* y, Rows y_rows, const float* x, Rows x_rows, const float* cos, const float* sin, int rows,
             int heads, int half) {
  rope(y, y_rows, x, x_rows, cos, sin, rows, heads, half);
}
EXPORT_KERNEL(rope_f32)

extern "C" __global__ void __launch_bounds__(256)
    rope_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, const float* cos, const float* sin, int rows,
              int heads, int half) {
  rope(y, y_rows, x, x_rows, cos, sin, rows, heads, half);
}
EXPORT_KERNEL(rope_bf16)
