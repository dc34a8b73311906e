// Hopper's wrappers together: two tiles of 64 x 64 by tensor copies, their product by wgmma.
// out[32 thread]: the sums of a thread.  Grid: 1.  Block: 128.  Shared: 18 KiB dynamic.
#include "hopper.cuh"

extern "C" __global__ void __launch_bounds__(128, 1)
    wrap_wgmma(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float* out) {
  DYN_SMEM(raw);
  unsigned char* tiles = raw + (-smem_addr(raw) & 1023);
  uint64_t* full = reinterpret_cast<uint64_t*>(tiles + 2 * 8192);
  if (threadIdx.x == 0) {
    mbar_init(full, 1);
    mbar_init_done();
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    mbar_arrive_expect(full, 2 * 8192);
    tma_load(tiles, a, full, 0, 0);
    tma_load(tiles + 8192, b, full, 0, 0);
  }
  mbar_wait(full, 0);
  float sums[32];
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < 4; k++) {
    wgmma_64x64x16(sums, along_k(swizzled_tile(tiles), k), along_k(swizzled_tile(tiles + 8192), k), k > 0);
  }
  wgmma_commit();
  wgmma_wait<0>();
#pragma unroll
  for (int i = 0; i < 32; i++) out[32 * threadIdx.x + i] = sums[i];
}
EXPORT_KERNEL(wrap_wgmma)
