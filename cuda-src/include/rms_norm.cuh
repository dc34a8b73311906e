// What kernels that normalise rows share: y = x / sqrt(mean(x^2) + eps) * weight (Zhang & Sennrich 2019, equation 4).
// Sums in f32; as in the reference, the normalised value is rounded to T before the weight.
#pragma once
#include "reduce.cuh"
#include "vec.cuh"

template <typename T>
__device__ __forceinline__ float square_sum(const Vec<T>& x) {
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) sum = fmaf(to_f32(x.v[j]), to_f32(x.v[j]), sum);
  return sum;
}

// By which the numbers of a row are multiplied.
__device__ __forceinline__ float rms_scale(float square_sum, int columns, float eps) {
  return rsqrtf(square_sum / columns + eps);
}

// The `left` elements of a row that x holds, normalised; what is behind them stays.
template <typename T>
__device__ __forceinline__ Vec<T> normalised(Vec<T> x, float scale, const float* weight, int left) {
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++)
    if (j < left) x.v[j] = from_f32<T>(rounded<T>(to_f32(x.v[j]) * scale) * weight[j]);
  return x;
}

static constexpr int KEPT = 2;  // vectors of a row that a thread keeps in registers

// A row by a block of a multiple of 32 threads, at most 1024; y may be x. Reads x once while it stays in registers:
// columns <= KEPT * blockDim.x * 16 / sizeof(T); twice above.
template <typename T>
__device__ __forceinline__ void rms_norm(T* y, const T* x, const float* weight, int columns, float eps) {
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
