// Space to depth by two: y[n][i][j] = x[n][2i][2j], x[n][2i][2j+1], x[n][2i+1][2j], x[n][2i+1][2j+1] side by side
// (InternVL's pixel shuffle, "v2").
// y: [N, h/2, w/2, 4 * C], rows y_rows; x: [N, h, w, C], rows x_rows; T by its size, 16 or 32 bits.  Any alignment.
// Grid: one block a row of y.  Block: any.  Bound by memory.  Deterministic.  Twin: ReferenceKernels.pixelShuffle
#include "rows.cuh"
#include "vec.cuh"

template <typename T>
__device__ __forceinline__ void pixel_shuffle(T* y, const Rows& y_rows, const T* x, const Rows& x_rows, int height,
                                              int width, int columns) {
  const int j = blockIdx.x % (width / 2), i = blockIdx.x / (width / 2) % (height / 2);
  const int n = blockIdx.x / (width / 2) / (height / 2);
  y += row_at(y_rows, blockIdx.x);
  for (int piece = 0; piece < 4; piece++) {
    const T* from = x + row_at(x_rows, (n * height + 2 * i + piece / 2) * width + 2 * j + piece % 2);
    for (int c = threadIdx.x * Vec<T>::N; c < columns; c += blockDim.x * Vec<T>::N)
      store(y + piece * columns + c, load(from + c, columns - c), columns - c);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    pixel_shuffle_32_bits(uint32_t* y, Rows y_rows, const uint32_t* x, Rows x_rows, int height, int width,
                          int columns) {
  pixel_shuffle(y, y_rows, x, x_rows, height, width, columns);
}
EXPORT_KERNEL(pixel_shuffle_32_bits)

extern "C" __global__ void __launch_bounds__(256)
    pixel_shuffle_16_bits(uint16_t* y, Rows y_rows, const uint16_t* x, Rows x_rows, int height, int width,
                          int columns) {
  pixel_shuffle(y, y_rows, x, x_rows, height, width, columns);
}
EXPORT_KERNEL(pixel_shuffle_16_bits)
