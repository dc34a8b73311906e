// Rotations of the halves of a head, in f32 (Su et al. 2021, in the half-split order of GPT-NeoX).
#pragma once
#include "vec.cuh"

// a and b, half a head apart, turned by the angles of cos and sin. One product is rounded and the other is not, wherever
// this is compiled.
template <typename T>
__device__ __forceinline__ void rotate(Vec<T>& a, Vec<T>& b, const Vec<float, Vec<T>::N>& cos,
                                       const Vec<float, Vec<T>::N>& sin) {
#pragma unroll
  for (int i = 0; i < Vec<T>::N; i++) {
    const float x = to_f32(a.v[i]), y = to_f32(b.v[i]), c = cos.v[i], s = sin.v[i];
    a.v[i] = from_f32<T>(fmaf(x, c, -(y * s)));
    b.v[i] = from_f32<T>(fmaf(y, c, x * s));
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
