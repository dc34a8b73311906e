// q[r] = norm(q[r]) and k[r] = norm(k[r]) in place, norm as in rms_norm.cu with a weight for each: its bits, one launch.
// q, k: `rows` rows of `columns` elements, T = f32 or bf16, not overlapping; weights: [columns], f32.  Any alignment.
// Grid: one block a row of q, then one a row of k.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads each row once while it stays in registers (see rms_norm.cuh): bound by memory.  Deterministic.
// Twin: ReferenceKernels.qkRmsNorm
#include "rms_norm.cuh"
#include "rows.cuh"

// Rows of queries, or of keys.
template <typename T>
struct Heads {
  T* first;
  Rows rows;
  const float* weight;
};

template <typename T>
__device__ __forceinline__ void qk_rms_norm(const Heads<T>& q, const Heads<T>& k, int rows, int columns, float eps) {
  const bool is_key = (int)blockIdx.x >= rows;
  const int row = is_key ? blockIdx.x - rows : blockIdx.x;
  T* x = is_key ? k.first + row_at(k.rows, row) : q.first + row_at(q.rows, row);
  rms_norm(x, x, is_key ? k.weight : q.weight, columns, eps);
}

extern "C" __global__ void __launch_bounds__(512)
    qk_rms_norm_f32(Heads<float> q, Heads<float> k, int rows, int columns, float eps) {
  qk_rms_norm(q, k, rows, columns, eps);
}
EXPORT_KERNEL(qk_rms_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    qk_rms_norm_bf16(Heads<bf16> q, Heads<bf16> k, int rows, int columns, float eps) {
  qk_rms_norm(q, k, rows, columns, eps);
}
EXPORT_KERNEL(qk_rms_norm_bf16)
