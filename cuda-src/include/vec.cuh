// 16 bytes of T: one global access.
#pragma once
#include "device.cuh"

template <typename T>
struct alignas(16) Vec {
  static constexpr int N = 16 / sizeof(T);
  T v[N];
};
