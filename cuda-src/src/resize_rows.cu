// y[r][i] = clamp(round(sum_j weight[i][j] * x[r][first[i] + j])), each of three channels for itself.
// y: [height, out, 3], x: [height, in, 3], 8 bits unsigned; taps: [out, 1 + count] of int, first and weights with 22
// fraction bits; all contiguous, y and x not overlapping.
// Grid: ceil(height * out / 256) blocks.  Block: 256 threads, one a pixel.  Deterministic.
// Twin: ReferenceKernels.resizeRows
#include "taps.cuh"

extern "C" __global__ void __launch_bounds__(256)
    resize_rows_u8(unsigned char* y, const unsigned char* x, const int* taps, int count, int height, int in, int out) {
  const long long i = (long long)blockIdx.x * 256 + threadIdx.x;
  const int column = (int)(i % out), row = (int)(i / out);
  if (row >= height) return;
  const Pixel pixel = resized(taps + (long long)column * (1 + count), count, x + (long long)row * in * 3, 3);
#pragma unroll
  for (int c = 0; c < 3; c++) y[3 * i + c] = (unsigned char)pixel.sample[c];
}
EXPORT_KERNEL(resize_rows_u8)
