// y[r] = weight * x[r] + bias for up to eight rows, and its ends (see mat_mul.cuh).
// x, y, residual: rows of any alignment, T = f32 or bf16, sums in f32; y may be residual.
// A warp makes a column of y for all rows (see gemv.cuh).
// Grid: ceil(out / 8) blocks, or fewer.  Block: 256 threads.  No shared memory: x is read through the caches.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.matMul
#include "gemv.cuh"

template <typename T, int ROWS, End END>
__device__ __forceinline__ void gemv(const Product<T>& p) {
  const T* x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) x[r] = p.x + row_at(p.x_rows, min(r, p.rows - 1));
  columns<T, ROWS, END>(p, x, p.in);
}

#define ENTRY(name, T, ROWS, END)                                              \
  extern "C" __global__ void __launch_bounds__(256, 1) name(Product<T> product) { \
    gemv<T, ROWS, END>(product);                                               \
  }                                                                            \
  EXPORT_KERNEL(name)

#define ENTRIES(end, END)                        \
  ENTRY(gemv##end##_f32_1, float, 1, END)        \
  ENTRY(gemv##end##_f32_8, float, 8, END)        \
  ENTRY(gemv##end##_bf16_1, bf16, 1, END)        \
  ENTRY(gemv##end##_bf16_2, bf16, 2, END)        \
  ENTRY(gemv##end##_bf16_4, bf16, 4, END)        \
  ENTRY(gemv##end##_bf16_8, bf16, 8, END)

ENTRIES(, End::NONE)
ENTRIES(_gelu, End::GELU)
ENTRIES(_add, End::ADD)
ENTRIES(_swi_glu, End::SWI_GLU)
