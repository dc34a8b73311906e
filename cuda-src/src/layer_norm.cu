// y[r] = (x[r] - mean) / sqrt(variance + eps) * weight + bias, variance with divisor `columns` (Ba et al. 2016)
// x, y: rows of `columns` elements, T = f32 or bf16; weight, bias: [columns], f32; y may be x itself.  Any alignment.
// All in f32, rounded once, as in the reference; the variance is that of the differences from the mean.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads x once while columns <= KEPT * blockDim.x * 16 / sizeof(T) (the row stays in registers), three times above:
// bound by memory.  Deterministic.  Twin: ReferenceKernels.layerNorm
#include "reduce.cuh"
#include "rows.cuh"
#include "vec.cuh"

static constexpr int KEPT = 2;  // vectors of a row that a thread keeps in registers

template <typename T>
__device__ __forceinline__ float sum_of(const Vec<T>& x) {
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) sum += to_f32(x.v[j]);
  return sum;
}

template <typename T>
__device__ __forceinline__ float deviation(const Vec<T>& x, float mean, int left) {
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) {
    const float d = to_f32(x.v[j]) - mean;
    if (j < left) sum += d * d;
  }
  return sum;
}

template <typename T>
__device__ __forceinline__ void finish(T* y, Vec<T> x, float mean, float scale, const float* weight, const float* bias,
                                       int left) {
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++)
    if (j < left) x.v[j] = from_f32<T>((to_f32(x.v[j]) - mean) * scale * weight[j] + bias[j]);
  store(y, x, left);
}

template <typename T>
__device__ __forceinline__ void layer_norm(T* y, const Rows& y_rows, const T* x, const Rows& x_rows,
                                           const float* weight, const float* bias, int columns, float eps) {
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
    sum += sum_of(kept[i]);
  }
  for (int c = first + KEPT * step; c < columns; c += step) sum += sum_of(load(x + c, columns - c));
  const float mean = block_sum(sum) / columns;

  sum = 0.f;
#pragma unroll
  for (int i = 0; i < KEPT; i++) sum += deviation(kept[i], mean, columns - first - i * step);
  for (int c = first + KEPT * step; c < columns; c += step)
    sum += deviation(load(x + c, columns - c), mean, columns - c);
  const float scale = rsqrtf(block_sum(sum) / columns + eps);

#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = first + i * step;
    finish(y + c, kept[i], mean, scale, weight + c, bias + c, columns - c);
  }
  for (int c = first + KEPT * step; c < columns; c += step)
    finish(y + c, load(x + c, columns - c), mean, scale, weight + c, bias + c, columns - c);
}

extern "C" __global__ void __launch_bounds__(512)
    layer_norm_f32(float* y, Rows y_rows, const float* x, Rows x_rows, const float* weight, const float* bias,
                   int columns, float eps) {
  layer_norm(y, y_rows, x, x_rows, weight, bias, columns, eps);
}
EXPORT_KERNEL(layer_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    layer_norm_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, const float* weight, const float* bias,
                    int columns, float eps) {
  layer_norm(y, y_rows, x, x_rows, weight, bias, columns, eps);
}
EXPORT_KERNEL(layer_norm_bf16)
