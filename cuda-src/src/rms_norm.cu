// y[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight      (Zhang & Sennrich 2019, equation 4)
// x, y: rows of `columns` elements, T = f32 or bf16; weight: [columns], f32; y may be x itself.  Any alignment.
// Sums in f32; as in the reference, the normalised value is rounded to T before the weight.
// Grid: one block a row.  Block: a multiple of 32 threads, at most 512.  Shared: 132 B static.
// Reads x once while columns <= KEPT * blockDim.x * 16 / sizeof(T) (the row stays in registers), twice above:
// bound by memory.  Deterministic.  Twin: ReferenceKernels.rmsNorm
#include "rms_norm.cuh"
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(512)
    rms_norm_f32(float* y, Rows y_rows, const float* x, Rows x_rows, const float* weight, int columns, float eps) {
  rms_norm(y + row_at(y_rows, blockIdx.x), x + row_at(x_rows, blockIdx.x), weight, columns, eps);
}
EXPORT_KERNEL(rms_norm_f32)

extern "C" __global__ void __launch_bounds__(512)
    rms_norm_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, const float* weight, int columns, float eps) {
  rms_norm(y + row_at(y_rows, blockIdx.x), x + row_at(x_rows, blockIdx.x), weight, columns, eps);
}
EXPORT_KERNEL(rms_norm_bf16)
