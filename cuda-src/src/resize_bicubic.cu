// Bicubic interpolation, a = -0.75, half-pixel centres, no antialiasing, clamped borders: PyTorch's
// interpolate(mode="bicubic", align_corners=False).
// y: [height, width, C], x: [in_height, in_width, C], f32, contiguous, not overlapping.  Sums in f64: it runs when a
// model is opened, and never again.
// Grid: ceil(height * width * C / 256) blocks.  Block: 256 threads.  Deterministic.
// Twin: ReferenceKernels.resizeBicubic
#include "device.cuh"

struct Taps {
  int index[4];
  double weight[4];
};

__device__ __forceinline__ double cubic(double x) {
  const double a = -0.75;
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : a * (((x - 5) * x + 8) * x - 4);
}

__device__ __forceinline__ Taps taps(int i, int in, int out) {
  const double source = (double)in / out * (i + 0.5) - 0.5;
  const double below = floor(source);
  Taps taps;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    taps.index[k] = min(max((int)below + k - 1, 0), in - 1);
    taps.weight[k] = cubic(fabs(source - below + 1 - k));
  }
  return taps;
}

extern "C" __global__ void __launch_bounds__(256)
    resize_bicubic_f32(float* y, const float* x, int height, int width, int in_height, int in_width, int columns) {
  const long long i = (long long)blockIdx.x * 256 + threadIdx.x;
  const int c = (int)(i % columns), across = (int)(i / columns % width), down = (int)(i / columns / width);
  if (down >= height) return;
  const Taps rows = taps(down, in_height, height), cells = taps(across, in_width, width);
  double sum = 0;
#pragma unroll
  for (int a = 0; a < 4; a++)
#pragma unroll
    for (int b = 0; b < 4; b++)
      sum += rows.weight[a] * cells.weight[b] *
             x[((long long)rows.index[a] * in_width + cells.index[b]) * columns + c];
  y[i] = (float)sum;
}
EXPORT_KERNEL(resize_bicubic_f32)
