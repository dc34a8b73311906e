// q, k, v = heads of weight * norm(x[r]) + bias side by side; y = rope(q), and token *at + r of the pages gets keys rope(k)
// and values v: a decode step's way to attention in one launch, with the bits of rms_norm_gemv.cu and rope_append.cu.
// x: up to eight rows of any alignment, T = f32 or bf16, sums in f32; norm.weight: [in], f32; y, pages, cos, sin, at as in
// rope_append.cu; the product's own y is not written.
// Rows are normalised by every block for itself (see rms_norm_gemv.cuh); then a warp makes two columns that are half a head
// apart, since they turn together.
// Grid: ceil(out / 16) blocks, or fewer.  Block: 256 threads.  Shared: ROWS * pitch elements of T dynamic, 132 B static.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.rmsNormMatMulRopeAppend
#include "rms_norm_gemv.cuh"
#include "rope_append.cuh"

template <typename T, int ROWS>
__device__ __forceinline__ void heads(const Product<T>& p, const T* const (&x)[ROWS], const Destination<T>& d) {
  const int lane = threadIdx.x & 31;
  for (int pair = blockIdx.x * WARPS + (threadIdx.x >> 5); pair < p.out / 2; pair += gridDim.x * WARPS) {
    const int head = pair / d.half, j = pair % d.half, column = 2 * head * d.half + j;
    float firsts[ROWS] = {}, seconds[ROWS] = {};
    dot<T, ROWS>(firsts, p.weight + (long long)column * p.pitch, x, p.pitch);
    dot<T, ROWS>(seconds, p.weight + (long long)(column + d.half) * p.pitch, x, p.pitch);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (lane != r || r >= p.rows) continue;
      float first = end_of<End::NONE>(p, 0, column, firsts[r], 0.f);
      float second = end_of<End::NONE>(p, 0, column + d.half, seconds[r], 0.f);
      if (!d.is_value(head)) turn(first, second, d.cos[d.angle(r) + j], d.sin[d.angle(r) + j]);
      T* to = d.to(r, head);
      to[j] = from_f32<T>(first), to[d.half + j] = from_f32<T>(second);
    }
  }
}

template <typename T, int ROWS>
__device__ __forceinline__ void rms_norm_gemv_rope_append(const Product<T>& p, const Norm& norm,
                                                          const Destination<T>& d) {
  DYN_SMEM(smem);
  const T* x[ROWS];
  normalise<T, ROWS>(x, reinterpret_cast<T*>(smem), p, norm);
  heads<T, ROWS>(p, x, d);
}

#define ENTRY(name, T, ROWS)                                          \
  extern "C" __global__ void __launch_bounds__(256, 1)                \
      name(Product<T> product, Norm norm, Destination<T> to) {        \
    rms_norm_gemv_rope_append<T, ROWS>(product, norm, to);            \
  }                                                                   \
  EXPORT_KERNEL(name)

ENTRY(rms_norm_gemv_rope_append_f32_1, float, 1)
ENTRY(rms_norm_gemv_rope_append_f32_8, float, 8)
ENTRY(rms_norm_gemv_rope_append_bf16_1, bf16, 1)
ENTRY(rms_norm_gemv_rope_append_bf16_2, bf16, 2)
ENTRY(rms_norm_gemv_rope_append_bf16_4, bf16, 4)
ENTRY(rms_norm_gemv_rope_append_bf16_8, bf16, 8)
