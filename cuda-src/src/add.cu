// y = a + b, rounded once.  y and a: rows of `columns` elements, T = f32 or bf16; y may be a itself.
// b: of T or f32; as a, or ("repeated") contiguous and shorter, see zip_repeated.
// Grid, block, alignment: see elementwise.cuh.  Twin: ReferenceKernels.add
#include "elementwise.cuh"

struct Op {
  __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};

#define ENTRIES(types, T, B)                                                                                    \
  extern "C" __global__ void __launch_bounds__(BLOCK)                                                           \
      add_##types(T* y, Rows y_rows, const T* a, Rows a_rows, const B* b, Rows b_rows, int columns) {           \
    zip(y, y_rows, a, a_rows, b, b_rows, columns, Op());                                                        \
  }                                                                                                             \
  EXPORT_KERNEL(add_##types)                                                                                    \
  extern "C" __global__ void __launch_bounds__(BLOCK)                                                           \
      add_repeated_##types(T* y, Rows y_rows, const T* a, Rows a_rows, const B* b, int period, int columns) {   \
    zip_repeated(y, y_rows, a, a_rows, b, period, columns, Op());                                               \
  }                                                                                                             \
  EXPORT_KERNEL(add_repeated_##types)

ENTRIES(f32, float, float)
ENTRIES(bf16, bf16, bf16)
ENTRIES(bf16_f32, bf16, float)
