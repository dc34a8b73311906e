// y[i] = x[i] for tensors of up to five dimensions with any strides, converting; one thread an element.
// Grid: one dimension, ceil(elements / 256) blocks.  Block: 256 threads.
#pragma once
#include "device.cuh"

struct Strided {
  int size[5];     // outermost first, 1 where there are fewer dimensions
  long long y[5];  // elements from one index to the next
  long long x[5];
};

template <typename Y, typename X>
struct Convert {
  static __device__ __forceinline__ Y of(X x) { return from_f32<Y>(to_f32(x)); }
};
template <typename T>
struct Convert<T, T> {
  static __device__ __forceinline__ T of(T x) { return x; }
};

template <typename Y, typename X>
__device__ __forceinline__ void copy_strided(Y* y, const X* x, const Strided& s) {
  long long rest = (long long)blockIdx.x * 256 + threadIdx.x;
  long long to = 0, from = 0;
#pragma unroll
  for (int d = 4; d >= 0; d--) {
    const int i = (int)(rest % s.size[d]);
    rest /= s.size[d];
    to += i * s.y[d];
    from += i * s.x[d];
  }
  if (rest == 0) y[to] = Convert<Y, X>::of(x[from]);
}
