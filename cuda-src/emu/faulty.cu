// Deliberately wrong kernels: each must be caught by the emulator (test material, never shipped).
#include "hopper.cuh"

// Missing barrier between the write and the neighbour's read.
extern "C" __global__ void bad_race(float* out) {
  __shared__ float s[256];
  s[threadIdx.x] = (float)threadIdx.x;
  out[threadIdx.x] = s[(threadIdx.x + 1) % blockDim.x];
}
EXPORT_KERNEL(bad_race)

// A barrier that only half of the threads reach, while the others wait for their warp.
extern "C" __global__ void bad_barrier(float* out) {
  float v = 1.f;
  if (threadIdx.x & 1) __syncthreads();
  else v = __shfl_xor_sync(0xffffffffu, v, 1);
  out[threadIdx.x] = v;
}
EXPORT_KERNEL(bad_barrier)

// Reads shared memory before the asynchronous copy is waited for.
extern "C" __global__ void bad_async(const float* in, float* out) {
  DYN_SMEM(smem);
  float* s = reinterpret_cast<float*>(smem);
  if (threadIdx.x < 8) cp_async_16(s + threadIdx.x * 4, in + threadIdx.x * 4, true);
  cp_async_commit();
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
  cp_async_wait<0>();
}
EXPORT_KERNEL(bad_async)

// Writes one element past the end.
extern "C" __global__ void bad_bounds(float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) out[i] = 1.f;
}
EXPORT_KERNEL(bad_bounds)

// Products of one tile of 128 x 64 by a warpgroup, with the error that `wrong` names; with none of them it is right.
enum { NO_FENCE = 1, NOT_LANDED, OVERWRITTEN, IN_FLIGHT, NOT_WAITED_FOR };
extern "C" __global__ void bad_products(float* out, const __grid_constant__ TensorMap map, int wrong) {
  DYN_SMEM(raw);
  unsigned char* tile = raw + (-smem_addr(raw) & 1023);
  uint64_t* full = reinterpret_cast<uint64_t*>(tile + 128 * 128);
  if (threadIdx.x == 0) {
    mbar_init(full, 1);
    mbar_init_done();
    mbar_arrive_expect(full, 128 * 128);
    tma_load(tile, map, full, 0, 0);
  }
  __syncthreads();
  if (wrong != NOT_LANDED) mbar_wait(full, 0);
  float sums[64];
  if (wrong != NO_FENCE) wgmma_fence(sums);
  wgmma(sums, swizzled_tile(tile), swizzled_tile(tile), false);
  wgmma_commit();
  if (wrong == OVERWRITTEN && threadIdx.x == 0) tma_load(tile, map, full, 0, 0);
  if (wrong == IN_FLIGHT) wgmma_wait<1>(sums);
  if (wrong != NOT_WAITED_FOR) wgmma_wait<0>(sums);
  out[threadIdx.x] = sums[0];
}
EXPORT_KERNEL(bad_products)
