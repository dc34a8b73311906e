// A row normalised by a block, wherever its elements come from (Ba et al. 2016): all in f32, rounded once; the variance is
// that of the differences from the mean. A row is read once while it stays in registers (columns <= KEPT * blockDim.x * 16
// / sizeof(T)), three times above.
#pragma once
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

// y and x are those of this block's row; x.at(c, left) is a vector of it.
template <typename T, typename X>
__device__ __forceinline__ void layer_norm(T* y, const X& x, const float* weight, const float* bias, int columns,
                                           float eps) {
  const int first = threadIdx.x * Vec<T>::N;
  const int step = blockDim.x * Vec<T>::N;
  Vec<T> kept[KEPT];
  float sum = 0.f;
#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = first + i * step;
    kept[i] = x.at(c, columns - c);
    sum += sum_of(kept[i]);
  }
  for (int c = first + KEPT * step; c < columns; c += step) sum += sum_of(x.at(c, columns - c));
  const float mean = block_sum(sum) / columns;

  sum = 0.f;
#pragma unroll
  for (int i = 0; i < KEPT; i++) sum += deviation(kept[i], mean, columns - first - i * step);
  for (int c = first + KEPT * step; c < columns; c += step)
    sum += deviation(x.at(c, columns - c), mean, columns - c);
  const float scale = rsqrtf(block_sum(sum) / columns + eps);

#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = first + i * step;
    finish(y + c, kept[i], mean, scale, weight + c, bias + c, columns - c);
  }
  for (int c = first + KEPT * step; c < columns; c += step)
    finish(y + c, x.at(c, columns - c), mean, scale, weight + c, bias + c, columns - c);
}
