// y[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight      (Zhang & Sennrich 2019, equation 4)
// x, y: rows of `columns` elements, T = f32 or bf16; weight: [columns], f32; y may be x itself.  Any alignment.
// Sums in f32; as in the reference, the normalised value is rounded to T before the weight.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads x once while columns <= KEPT * blockDim.x * 16 / sizeof(T) (the row stays in registers), twice above:
// bound by memory.  Deterministic.  Twin: ReferenceKernels.rmsNorm
#include "reduce.cuh"
#include "rms_norm.cuh"
#include "rows.cuh"

static constexpr int KEPT = 2;  // vectors of a row that a thread keeps in registers

template <typename T>
__device__ __forceinline__ void rms_norm(T* y, const Rows& y_rows, const T* x, const Rows& x_rows, const float* weight,
                                         int columns, float eps) {
  x += row_at(x_rows, blockIdx.x);
  y += row_at(y_rows, blockIdx.x);
  const int first = threadIdx.x * Vec<T>::N;
  const int step = blockDim.x * Vec<T>::N;
  Vec<T> kept[KEPT];
  float sum = 0.f;
#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = first + i * step;
    kept[i] = load(x + c, columns - c);
    sum += square_sum(kept[i]);
  }
  for (int c = first + KEPT * step; c < columns; c += step) sum += square_sum(load(x + c, columns - c));

  const float scale = rms_scale(block_sum(sum), columns, eps);
#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = first + i * step;
    store(y + c, normalised(kept[i], scale, weight + c, columns - c), columns - c);
  }
  for (int c = first + KEPT * step; c < columns; c += step)
    store(y + c, normalised(load(x + c, columns - c), scale, weight + c, columns - c), columns - c);
}

extern "C" __global__ void __launch_bounds__(512)
    rms_norm_f32(float* y, Rows y_rows, const float* x, Rows x_rows, const float* weight, int columns, float eps) {
  rms_norm(y, y_rows, x, x_rows, weight, columns, eps);
}
EXPORT_KERNEL(rms_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    rms_norm_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, const float* weight, int columns, float eps) {
  rms_norm(y, y_rows, x, x_rows, weight, columns, eps);
}
EXPORT_KERNEL(rms_norm_bf16)
