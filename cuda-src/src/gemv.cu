// y[r] = weight * x[r] + bias for up to eight rows, and its ends (see mat_mul.cuh).
// x, y, residual: rows of any alignment, T = f32 or bf16, sums in f32; y may be residual.
// A warp makes a column of y for all rows: 16 bytes of the weight a lane and step, each lane its own sum, then one sum
// over the warp. So a row's result depends neither on the other rows nor on how many there are.
// Grid: ceil(out / 8) blocks, or fewer.  Block: 256 threads.  No shared memory: x is read through the caches.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.matMul
#include "mat_mul.cuh"
#include "reduce.cuh"

static constexpr int WARPS = 8;

template <typename T, int ROWS>
__device__ __forceinline__ void dot(float (&sums)[ROWS], const T* weight, const T* const (&x)[ROWS], int in) {
#pragma unroll 4
  for (int k = (threadIdx.x & 31) * Vec<T>::N; k < in; k += 32 * Vec<T>::N) {
    const Vec<T> w = *reinterpret_cast<const Vec<T>*>(weight + k);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const Vec<T> v = load(x[r] + k, in - k);
#pragma unroll
      for (int j = 0; j < Vec<T>::N; j++) sums[r] += to_f32(w.v[j]) * to_f32(v.v[j]);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) sums[r] = warp_sum(sums[r]);
}

template <typename T, int ROWS, End END>
__device__ __forceinline__ void gemv(const Product<T>& p) {
  const T* x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) x[r] = p.x + row_at(p.x_rows, min(r, p.rows - 1));
  const int lane = threadIdx.x & 31;
  for (int column = blockIdx.x * WARPS + (threadIdx.x >> 5); column < p.out; column += gridDim.x * WARPS) {
    float sums[ROWS] = {}, ups[ROWS] = {};
    dot<T, ROWS>(sums, p.weight + (long long)column * p.pitch, x, p.in);
    if (END == End::SWI_GLU) dot<T, ROWS>(ups, p.up + (long long)column * p.pitch, x, p.in);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (lane != r || r >= p.rows) continue;
      const long long residual = END == End::ADD ? row_at(p.residual_rows, r) : 0;
      p.y[row_at(p.y_rows, r) + column] = from_f32<T>(end_of<END>(p, residual, column, sums[r], ups[r]));
    }
  }
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
