// Rows of a tensor whose outer dimensions may be strided; twin of the Java class Rows.
#pragma once
#include "device.cuh"

struct Rows {
  int size[4];          // outer dimensions, outermost first, 1 where there are fewer
  long long stride[4];  // elements from one index to the next
};

// Elements from the first row to row r.
__device__ __forceinline__ long long row_at(const Rows& rows, int r) {
  long long at = 0;
#pragma unroll
  for (int d = 3; d >= 0; d--) {
    at += r % rows.size[d] * rows.stride[d];
    r /= rows.size[d];
  }
  return at;
}
