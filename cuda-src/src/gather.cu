// y[r] = table[ids[r]].  y: rows of `columns` elements, T = f32 or bf16; table: [V, columns] of T; ids: int.
// An id outside 0 ... V-1 reads nothing and makes the row NaN.  Any alignment.
// Grid: one block a row.  Block: any.  Bound by memory.  Deterministic.  Twin: ReferenceKernels.gather
#include "rows.cuh"
#include "vec.cuh"

template <typename T>
__device__ __forceinline__ void gather(T* y, const Rows& y_rows, const T* table, const int* ids, int rows,
                                       int columns) {
  const int id = ids[blockIdx.x];
  const bool known = id >= 0 && id < rows;
  const T* x = table + (long long)(known ? id : 0) * columns;
  y += row_at(y_rows, blockIdx.x);
  for (int c = threadIdx.x * Vec<T>::N; c < columns; c += blockDim.x * Vec<T>::N) {
    Vec<T> v = load(x + c, columns - c);
    if (!known) {
#pragma unroll
      for (int j = 0; j < Vec<T>::N; j++) v.v[j] = from_f32<T>(nanf(""));
    }
    store(y + c, v, columns - c);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    gather_f32(float* y, Rows y_rows, const float* table, const int* ids, int rows, int columns) {
  gather(y, y_rows, table, ids, rows, columns);
}
EXPORT_KERNEL(gather_f32)

extern "C" __global__ void __launch_bounds__(256)
    gather_bf16(bf16* y, Rows y_rows, const bf16* table, const int* ids, int rows, int columns) {
  gather(y, y_rows, table, ids, rows, columns);
}
EXPORT_KERNEL(gather_bf16)
