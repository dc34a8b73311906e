// What kernels that normalise rows share: y = x / sqrt(mean(x^2) + eps) * weight (Zhang & Sennrich 2019, equation 4).
// Sums in f32; as in the reference, the normalised value is rounded to T before the weight.
#pragma once
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
