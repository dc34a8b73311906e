// y[*at + t] = x[t], rounded to nearest even where the type changes; *at is read when the kernel runs.
// x: [T, ...], up to five dimensions; y: [R, ...] with *at + T <= R; any strides, not overlapping.
// `line` is the stride of y's first dimension.  Grid, block: see strided.cuh.  Deterministic.  Twin: ReferenceKernels.putRows
#include "strided.cuh"

#define ENTRY(name, Y, X)                                                      \
  extern "C" __global__ void __launch_bounds__(256) name(Y* y, const X* x, Strided s, const int* at, long long line) { \
    copy_strided(y + *at * line, x, s);                                                    \
  }                                                                            \
  EXPORT_KERNEL(name)

ENTRY(put_rows_8_bits, uint8_t, uint8_t)
ENTRY(put_rows_16_bits, uint16_t, uint16_t)
ENTRY(put_rows_32_bits, uint32_t, uint32_t)
ENTRY(put_rows_64_bits, uint64_t, uint64_t)
ENTRY(put_rows_f32_to_bf16, bf16, float)
ENTRY(put_rows_f32_to_f16, f16, float)
ENTRY(put_rows_bf16_to_f32, float, bf16)
ENTRY(put_rows_bf16_to_f16, f16, bf16)
ENTRY(put_rows_f16_to_f32, float, f16)
ENTRY(put_rows_f16_to_bf16, bf16, f16)
