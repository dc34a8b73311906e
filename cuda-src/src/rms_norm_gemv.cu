// y[r] = weight * norm(x[r]) + bias, norm as in rms_norm.cu, for up to eight rows, and its ends (see mat_mul.cuh).
// x, y: rows of any alignment, T = f32 or bf16, sums in f32; norm.weight: [in], f32.
// Every block normalises the rows for itself, into shared memory; then a warp makes a column of y (see gemv.cuh). The
// squares of a row are summed in the order in which a block of `norm.threads` of rms_norm.cu sums them, so that the
// result has the bits of rms_norm.cu and gemv.cu.
// Grid: ceil(out / 8) blocks, or fewer.  Block: 256 threads.  Shared: ROWS * pitch elements of T dynamic, 132 B static.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.rmsNormMatMul
#include "gemv.cuh"
#include "rms_norm.cuh"

struct Norm {
  const float* weight;
  float eps;
  int threads;  // a multiple of 32, at most 1024
};

// The sum of a row's squares, for every thread.
template <typename T>
__device__ __forceinline__ float row_square_sum(const T* x, int in, int threads) {
  __shared__ float part[32];
  __shared__ float total;
  const int lane = threadIdx.x & 31;
  for (int t = threadIdx.x; t < threads; t += 32 * WARPS) {
    float sum = 0.f;
    for (int c = t * Vec<T>::N; c < in; c += threads * Vec<T>::N) sum += square_sum(load(x + c, in - c));
    sum = warp_sum(sum);
    if (lane == 0) part[t >> 5] = sum;
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    const float all = warp_sum(lane < threads >> 5 ? part[lane] : 0.f);
    if (lane == 0) total = all;
  }
  __syncthreads();
  return total;
}

template <typename T, int ROWS, End END>
__device__ __forceinline__ void rms_norm_gemv(const Product<T>& p, const Norm& norm) {
  DYN_SMEM(smem);
  T* rows = reinterpret_cast<T*>(smem);
  const T* x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const T* from = p.x + row_at(p.x_rows, min(r, p.rows - 1));
    const float scale = rms_scale(row_square_sum(from, p.in, norm.threads), p.in, norm.eps);
    for (int c = threadIdx.x * Vec<T>::N; c < p.pitch; c += 32 * WARPS * Vec<T>::N)
      store(rows + r * p.pitch + c, normalised(load(from + c, p.in - c), scale, norm.weight + c, p.in - c), p.pitch - c);
    x[r] = rows + r * p.pitch;
  }
  __syncthreads();
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
