// y = x / (1 + e^-x) (Elfwing et al. 2017), in f32, rounded once.  y, x: rows of `columns` elements, T = f32 or bf16;
// y may be x itself.
// Grid, block, alignment: see elementwise.cuh.  Twin: ReferenceKernels.silu
#include "activation.cuh"
#include "elementwise.cuh"

struct Op {
  __device__ __forceinline__ float operator()(float x) const { return silu(x); }
};

extern "C" __global__ void __launch_bounds__(BLOCK)
    silu_f32(float* y, Rows y_rows, const float* x, Rows x_rows, int columns) {
  map(y, y_rows, x, x_rows, columns, Op());
}
EXPORT_KERNEL(silu_f32)

extern "C" __global__ void __launch_bounds__(BLOCK)
    silu_bf16(bf16* y, Rows y_rows, const bf16* x, Rows x_rows, int columns) {
  map(y, y_rows, x, x_rows, columns, Op());
}
EXPORT_KERNEL(silu_bf16)
