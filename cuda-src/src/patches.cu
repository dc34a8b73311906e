// y[n][gy * G + gx] = patch (gy, gx) of picture n as channel, then line, then column.
// y: [N, G * G, 3 * P * P] of Y, contiguous; x: [N, 3, S, S] of f32 or bf16 with rows that may be strided; S = G * P.
// Grid: one block a line of a picture's channel (N * 3 * S).  Block: any.  Reads x in lines: bound by memory.
// Deterministic.  Twin: ReferenceKernels.patches
#include "rows.cuh"

template <typename Y, typename X>
__device__ __forceinline__ void patches(Y* y, const X* x, const Rows& x_rows, int side, int patch) {
  const int line = blockIdx.x % side, channel = blockIdx.x / side % 3, n = blockIdx.x / side / 3;
  const int grid = side / patch;
  x += row_at(x_rows, blockIdx.x);
  y += ((long long)n * grid * grid + line / patch * grid) * 3 * patch * patch + (channel * patch + line % patch) * patch;
  for (int c = threadIdx.x; c < side; c += blockDim.x)
    y[(long long)(c / patch) * 3 * patch * patch + c % patch] = from_f32<Y>(to_f32(x[c]));
}

extern "C" __global__ void __launch_bounds__(256)
    patches_f32_to_f32(float* y, const float* x, Rows x_rows, int side, int patch) {
  patches(y, x, x_rows, side, patch);
}
EXPORT_KERNEL(patches_f32_to_f32)

extern "C" __global__ void __launch_bounds__(256)
    patches_f32_to_bf16(bf16* y, const float* x, Rows x_rows, int side, int patch) {
  patches(y, x, x_rows, side, patch);
}
EXPORT_KERNEL(patches_f32_to_bf16)

extern "C" __global__ void __launch_bounds__(256)
    patches_bf16_to_bf16(bf16* y, const bf16* x, Rows x_rows, int side, int patch) {
  patches(y, x, x_rows, side, patch);
}
EXPORT_KERNEL(patches_bf16_to_bf16)
