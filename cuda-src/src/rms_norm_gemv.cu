// y[r] = weight * norm(x[r]) + bias, norm as in rms_norm.cu, for up to eight rows, and its ends (see mat_mul.cuh).
// x, y: rows of any alignment, T = f32 or bf16, sums in f32; norm.weight: [in], f32.
// Rows are normalised by every block for itself (see rms_norm_gemv.cuh); then a warp makes a column of y (see gemv.cuh).
// Grid: ceil(out / 8) blocks, or fewer.  Block: 256 threads.  Shared: ROWS * pitch elements of T dynamic, 132 B static.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.rmsNormMatMul
#include "rms_norm_gemv.cuh"

template <typename T, int ROWS, End END>
__device__ __forceinline__ void rms_norm_gemv(const Product<T>& p, const Norm& norm) {
  DYN_SMEM(smem);
  const T* x[ROWS];
  normalise<T, ROWS>(x, reinterpret_cast<T*>(smem), p, norm);
  columns<T, ROWS, END>(p, x, p.pitch);
}

#define ENTRY(name, T, ROWS, END)                                                           \
  extern "C" __global__ void __launch_bounds__(256, 1) name(Product<T> product, Norm norm) { \
    rms_norm_gemv<T, ROWS, END>(product, norm);                                             \
  }                                                                                         \
  EXPORT_KERNEL(name)

#define ENTRIES(end, END)                          \
  ENTRY(rms_norm_gemv##end##_f32_1, float, 1, END) \
  ENTRY(rms_norm_gemv##end##_f32_8, float, 8, END) \
  ENTRY(rms_norm_gemv##end##_bf16_1, bf16, 1, END) \
  ENTRY(rms_norm_gemv##end##_bf16_2, bf16, 2, END) \
  ENTRY(rms_norm_gemv##end##_bf16_4, bf16, 4, END) \
  ENTRY(rms_norm_gemv##end##_bf16_8, bf16, 8, END)

ENTRIES(, End::NONE)
ENTRIES(_swi_glu, End::SWI_GLU)
