// y[j] = x[j] * cos[j] - x[j + D/2] * sin[j],  y[j + D/2] = x[j + D/2] * cos[j] + x[j] * sin[j]
// for every head of every token, in f32, rounded once (Su et al. 2021, in the half-split order of GPT-NeoX).
// x, y: [T, H, D], T = f32 or bf16, heads contiguous; cos, sin: [T, D/2], f32; y may be x itself.
// Grid: ceil(T * H * D/2 / 256) blocks.  Block: 256 threads.  Bound by memory.  Deterministic.
// Twin: ReferenceKernels.rope
#include "rows.cuh"

template <typename T>
__device__ __forceinline__ void rope(T* y, const Rows& y_rows, const T* x, const Rows& x_rows, const float* cos,
                                     const float* sin, int rows, int heads, int half) {
  const long long pair = (long long)blockIdx.x * 256 + threadIdx.x;
  const int row = (int)(pair / half);
  const int j = (int)(pair % half);
  if (row >= rows) return;
  const int angle = row / heads * half + j;
  x += row_at(x_rows, row) + j;
  y += row_at(y_rows, row) + j;
  const float a = to_f32(x[0]), b = to_f32(x[half]), c = cos[angle], s = sin[angle];
  y[0] = from_f32<T>(a * c - b * s);
  y[half] = from_f32<T>(b * c + a * s);
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
