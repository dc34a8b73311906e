// y[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight      (Zhang & Sennrich 2019, equation 4)
// x, y: [R, C], rows of x_stride and y_stride elements; weight: [C]; y may be x itself.
// T = f32 or bf16, sums in f32; as in the reference, the normalised value is rounded to T before the weight.
// Pointers 16-byte aligned; C and the strides multiples of 16 / sizeof(T).
// Grid: one block a row.  Block: a multiple of 32 threads, at most 1024.  Shared: 132 B static.
// Reads x once while C <= 4 * blockDim.x * 16 / sizeof(T) (the row stays in registers), twice above:
// bound by memory.  Deterministic.  Twin: ReferenceKernels.rmsNorm
#include "reduce.cuh"
#include "vec.cuh"

static constexpr int KEPT = 4;  // vectors of a row that a thread keeps in registers

template <typename T>
__device__ __forceinline__ float square_sum(const Vec<T>& x) {
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) sum += to_f32(x.v[j]) * to_f32(x.v[j]);
  return sum;
}

template <typename T>
__device__ __forceinline__ Vec<T> normalise(const Vec<T>& x, float scale, const Vec<T>& weight) {
  Vec<T> y;
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) {
    const float rounded = to_f32(from_f32<T>(to_f32(x.v[j]) * scale));
    y.v[j] = from_f32<T>(rounded * to_f32(weight.v[j]));
  }
  return y;
}

template <typename T>
__device__ __forceinline__ void rms_norm(T* y, const T* x, const T* weight, int columns,
                                         long long y_stride, long long x_stride, float eps) {
  const Vec<T>* from = reinterpret_cast<const Vec<T>*>(x + blockIdx.x * x_stride);
  Vec<T>* to = reinterpret_cast<Vec<T>*>(y + blockIdx.x * y_stride);
  const Vec<T>* w = reinterpret_cast<const Vec<T>*>(weight);
  const int vectors = columns / Vec<T>::N;
  const int rest = KEPT * blockDim.x + threadIdx.x;

  Vec<T> kept[KEPT];
  float sum = 0.f;
#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = i * blockDim.x + threadIdx.x;
    if (c < vectors) {
      kept[i] = from[c];
      sum += square_sum(kept[i]);
    }
  }
  for (int c = rest; c < vectors; c += blockDim.x) sum += square_sum(from[c]);

  const float scale = rsqrtf(block_sum(sum) / columns + eps);
#pragma unroll
  for (int i = 0; i < KEPT; i++) {
    const int c = i * blockDim.x + threadIdx.x;
    if (c < vectors) to[c] = normalise(kept[i], scale, w[c]);
  }
  for (int c = rest; c < vectors; c += blockDim.x) to[c] = normalise(from[c], scale, w[c]);
}

extern "C" __global__ void __launch_bounds__(1024)
    rms_norm_f32(float* y, const float* x, const float* weight, int columns, long long y_stride,
                 long long x_stride, float eps) {
  rms_norm(y, x, weight, columns, y_stride, x_stride, eps);
}
EXPORT_KERNEL(rms_norm_f32)

extern "C" __global__ void __launch_bounds__(1024)
    rms_norm_bf16(bf16* y, const bf16* x, const bf16* weight, int columns, long long y_stride,
                  long long x_stride, float eps) {
  rms_norm(y, x, weight, columns, y_stride, x_stride, eps);
}
EXPORT_KERNEL(rms_norm_bf16)
