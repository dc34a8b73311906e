// y = silu(gate) * up (Shazeer 2020), in f32, silu rounded to T before the product as in the reference.
// y, gate, up: rows of `columns` elements, T = f32 or bf16; y may be gate or up.
// Grid, block, alignment: see elementwise.cuh.  Twin: ReferenceKernels.swiGlu
#include "activation.cuh"
#include "elementwise.cuh"

template <typename T>
struct Op {
  __device__ __forceinline__ float operator()(float gate, float up) const { return rounded<T>(silu(gate)) * up; }
};

extern "C" __global__ void __launch_bounds__(BLOCK)
    swi_glu_f32(float* y, Rows y_rows, const float* gate, Rows gate_rows, const float* up, Rows up_rows, int columns) {
  zip(y, y_rows, gate, gate_rows, up, up_rows, columns, Op<float>());
}
EXPORT_KERNEL(swi_glu_f32)

extern "C" __global__ void __launch_bounds__(BLOCK)
    swi_glu_bf16(bf16* y, Rows y_rows, const bf16* gate, Rows gate_rows, const bf16* up, Rows up_rows, int columns) {
  zip(y, y_rows, gate, gate_rows, up, up_rows, columns, Op<bf16>());
}
EXPORT_KERNEL(swi_glu_bf16)
