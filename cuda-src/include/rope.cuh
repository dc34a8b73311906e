// Rotations of the halves of a head, in f32 (Su et al. 2021, in the half-split order of GPT-NeoX).
#pragma once
#include "vec.cuh"

// a and b, half a head apart, turned by an angle. One product is rounded and the other is not, wherever this is compiled.
__device__ __forceinline__ void turn(float& a, float& b, float cos, float sin) {
  const float x = a, y = b;
  a = fmaf(x, cos, -(y * sin));
  b = fmaf(y, cos, x * sin);
}

template <typename T>
__device__ __forceinline__ void rotate(Vec<T>& a, Vec<T>& b, const Vec<float, Vec<T>::N>& cos,
                                       const Vec<float, Vec<T>::N>& sin) {
#pragma unroll
  for (int i = 0; i < Vec<T>::N; i++) {
    float x = to_f32(a.v[i]), y = to_f32(b.v[i]);
    turn(x, y, cos.v[i], sin.v[i]);
    a.v[i] = from_f32<T>(x), b.v[i] = from_f32<T>(y);
  }
}

// Head `x` of a token, rotated, to `y`, which may be x: elements j to j + N - 1 of both halves.
template <typename T>
__device__ __forceinline__ void rotate(T* y, const T* x, const float* cos, const float* sin, int j, int half) {
  constexpr int N = Vec<T>::N;
  const int left = half - j;
  Vec<T> a = load(x + j, left), b = load(x + half + j, left);
  rotate(a, b, load<float, N>(cos + j, left), load<float, N>(sin + j, left));
  store(y + j, a, left);
  store(y + half + j, b, left);
}
