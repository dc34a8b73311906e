// y = x, rounded to nearest even where the type changes; copies of equal types go by their size.
// y, x: up to five dimensions, any strides, not overlapping.  Grid, block: see strided.cuh.  Deterministic.
// Twin: ReferenceKernels.copy
#include "strided.cuh"

#define ENTRY(name, Y, X)                                                      \
  extern "C" __global__ void __launch_bounds__(256) name(Y* y, const X* x, Strided s) { \
    copy_strided(y, x, s);                                                    \
  }                                                                            \
  EXPORT_KERNEL(name)

ENTRY(copy_8_bits, uint8_t, uint8_t)
ENTRY(copy_16_bits, uint16_t, uint16_t)
ENTRY(copy_32_bits, uint32_t, uint32_t)
ENTRY(copy_64_bits, uint64_t, uint64_t)
ENTRY(copy_f32_to_bf16, bf16, float)
ENTRY(copy_f32_to_f16, f16, float)
ENTRY(copy_bf16_to_f32, float, bf16)
ENTRY(copy_bf16_to_f16, f16, bf16)
ENTRY(copy_f16_to_f32, float, f16)
ENTRY(copy_f16_to_bf16, bf16, f16)
