// Deliberately wrong kernels: each must be caught by the emulator (test material, never shipped).
#include "device.cuh"

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
