// y[r] = (x[r] - mean) / sqrt(variance + eps) * weight + bias, variance with divisor `columns` (Ba et al. 2016)
// x, y: rows of `columns` elements, T = f32 or bf16; weight, bias: [columns], f32; y may be x itself.  Any alignment.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads x once while a row stays in registers (see layer_norm.cuh): bound by memory.  Deterministic.  Twin: ReferenceKernels.layerNorm
#include "layer_norm.cuh"

template <typename T>
struct Row {
  const T* x;

  __device__ __forceinline__ Vec<T> at(int c, int left) const { return load(x + c, left); }
};

template <typename T>
__device__ __forceinline__ void layer_norm(T* y, const Rows& y_rows, const T* x, const Rows& x_rows,
                                           const float* weight, const float* bias, int columns, float eps) {
  layer_norm(y + row_at(y_rows, blockIdx.x), Row<T>{x + row_at(x_rows, blockIdx.x)}, weight, bias, columns, eps);
}

extern "C" __global__ void __launch_bounds__(512)
    layer_norm_f32(float* y, Rows y_rows, const float* x, Rows x_rows, const float* weight, const float* bias,
                   int columns, float eps) {
  layer_norm(y, y_rows, x, x_rows, weight, bias, columns, eps);
}
EXPORT_KERNEL(layer_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    layer_norm_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, const float* weight, const float* bias,
                    int columns, float eps) {
  layer_norm(y, y_rows, x, x_rows, weight, bias, columns, eps);
}
EXPORT_KERNEL(layer_norm_bf16)
