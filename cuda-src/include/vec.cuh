// A few elements of T in registers, read and written 16 bytes at a time where they lie well.
#pragma once
#include "device.cuh"

template <typename T, int LENGTH = 16 / sizeof(T)>
struct alignas(16) Vec {
  static constexpr int N = LENGTH;
  T v[N];
};

__device__ __forceinline__ bool is_wide(const void* p) { return (reinterpret_cast<uint64_t>(p) & 15) == 0; }

// The `left` elements from p on, at most N of them, zeros behind them.
template <typename T, int N = Vec<T>::N>
__device__ __forceinline__ Vec<T, N> load(const T* p, int left) {
  static_assert(N * sizeof(T) % 16 == 0);
  if (left >= N && is_wide(p)) return *reinterpret_cast<const Vec<T, N>*>(p);
  Vec<T, N> x;
#pragma unroll
  for (int j = 0; j < N; j++) x.v[j] = j < left ? p[j] : T{};
  return x;
}

template <typename T>
__device__ __forceinline__ void store(T* p, const Vec<T>& x, int left) {
  if (left >= Vec<T>::N && is_wide(p)) {
    *reinterpret_cast<Vec<T>*>(p) = x;
    return;
  }
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++)
    if (j < left) p[j] = x.v[j];
}
