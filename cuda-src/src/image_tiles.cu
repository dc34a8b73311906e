// Columns of pixels in another height, cut into squares row by row, each sample looked up:
// y[n][c][line][column] = values[c][clamp(round(sum_j weight[i][j] * x[first[i] + j][..][c]))].
// y: [height / side * (width / side), 3, side, side] of T; x: [H, width, 3], 8 bits unsigned; taps: [height, 1 + count] of
// int, first and weights with 22 fraction bits; values: [3, 256] of f32; all contiguous.
// Grid: ceil(height * width / 256) blocks.  Block: 256 threads, one a pixel.  Deterministic.
// Twin: ReferenceKernels.imageTiles
#include "taps.cuh"

template <typename T>
__device__ __forceinline__ void image_tiles(T* y, const unsigned char* x, const int* taps, int count,
                                            const float* values, int height, int width, int side) {
  const long long i = (long long)blockIdx.x * 256 + threadIdx.x;
  const int column = (int)(i % width), line = (int)(i / width);
  if (line >= height) return;
  const Pixel pixel = resized(taps + (long long)line * (1 + count), count, x + 3 * column, 3ll * width);
  const long long square = (long long)side * side;
  const int tile = line / side * (width / side) + column / side;
  y += 3 * tile * square + line % side * side + column % side;
#pragma unroll
  for (int c = 0; c < 3; c++) y[c * square] = from_f32<T>(values[256 * c + pixel.sample[c]]);
}

extern "C" __global__ void __launch_bounds__(256)
    image_tiles_f32(float* y, const unsigned char* x, const int* taps, int count, const float* values, int height,
                    int width, int side) {
  image_tiles(y, x, taps, count, values, height, width, side);
}
EXPORT_KERNEL(image_tiles_f32)

extern "C" __global__ void __launch_bounds__(256)
    image_tiles_bf16(bf16* y, const unsigned char* x, const int* taps, int count, const float* values, int height,
                     int width, int side) {
  image_tiles(y, x, taps, count, values, height, width, side);
}
EXPORT_KERNEL(image_tiles_bf16)
