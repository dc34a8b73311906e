// at[i] += by: counts what has been written, where other kernels read the number.
// at: [N], i32.  Grid: ceil(N / 256) blocks.  Block: 256 threads.  Deterministic.  Twin: ReferenceKernels.advance
#include "device.cuh"

extern "C" __global__ void __launch_bounds__(256) advance(int* at, int count, int by) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < count) at[i] += by;
}
EXPORT_KERNEL(advance)
