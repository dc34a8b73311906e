// y[n][i][j] = layer_norm(x[n][2i][2j], x[n][2i][2j+1], x[n][2i+1][2j], x[n][2i+1][2j+1] side by side): pixel_shuffle.cu and
// layer_norm.cu in one pass, with their bits.
// y: [N, h/2, w/2, columns], rows y_rows; x: [N, h, w, columns / 4], elements of a token contiguous, T = f32 or bf16;
// weight, bias: [columns], f32; y does not overlap x.  Any alignment.
// Grid: one block a row of y.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads x once while a row stays in registers (see layer_norm.cuh): bound by memory.  Deterministic.
// Twin: ReferenceKernels.pixelShuffleLayerNorm
#include "layer_norm.cuh"

// Tokens of pictures; strides in elements.
template <typename T>
struct Pictures {
  const T* x;
  long long picture, line, token;
  int height, width, columns;
};

// Four tokens side by side.
template <typename T>
struct Cell {
  const T* x;
  const Pictures<T>& of;

  __device__ __forceinline__ const T* to(int c) const {
    const int piece = c / of.columns;
    return x + piece / 2 * of.line + piece % 2 * of.token + c % of.columns;
  }
  __device__ __forceinline__ Vec<T> at(int c, int left) const {
    if (left >= Vec<T>::N && of.columns - c % of.columns >= Vec<T>::N) return load(to(c), Vec<T>::N);
    Vec<T> v;
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++) v.v[j] = j < left ? *to(c + j) : T{};
    return v;
  }
};

template <typename T>
__device__ __forceinline__ void pixel_shuffle_layer_norm(T* y, const Rows& y_rows, const Pictures<T>& p,
                                                         const float* weight, const float* bias, int columns,
                                                         float eps) {
  const int j = blockIdx.x % (p.width / 2), i = blockIdx.x / (p.width / 2) % (p.height / 2);
  const int n = blockIdx.x / (p.width / 2) / (p.height / 2);
  const Cell<T> cell = {p.x + n * p.picture + 2 * i * p.line + 2 * j * p.token, p};
  layer_norm(y + row_at(y_rows, blockIdx.x), cell, weight, bias, columns, eps);
}

extern "C" __global__ void __launch_bounds__(512)
    pixel_shuffle_layer_norm_f32(float* y, Rows y_rows, Pictures<float> x, const float* weight, const float* bias,
                                 int columns, float eps) {
  pixel_shuffle_layer_norm(y, y_rows, x, weight, bias, columns, eps);
}
EXPORT_KERNEL(pixel_shuffle_layer_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    pixel_shuffle_layer_norm_bf16(bf16* y, Rows y_rows, Pictures<bf16> x, const float* weight, const float* bias,
                                  int columns, float eps) {
  pixel_shuffle_layer_norm(y, y_rows, x, weight, bias, columns, eps);
}
EXPORT_KERNEL(pixel_shuffle_layer_norm_bf16)
