// Hopper's wrappers together: tiles by tensor copies, their products by wgmma, in the shapes that kernels use.
// out[sums of a thread * thread]: what each thread holds.  Grid: 1.  Block: 128.  Shared: 40 KiB dynamic.
#include "hopper.cuh"

struct Scene {
  unsigned char* tiles;  // 1024-byte aligned
  uint64_t* full;
};

// What arrives in the tiles is `bytes` long and is copied by `copy`, in one thread.
template <class Copy>
__device__ __forceinline__ Scene arrived(unsigned char* raw, int bytes, Copy copy) {
  const Scene s = {raw + (-smem_addr(raw) & 1023), reinterpret_cast<uint64_t*>(raw + (39 << 10))};
  if (threadIdx.x == 0) {
    mbar_init(s.full, 1);
    mbar_init_done();
    mbar_arrive_expect(s.full, bytes);
    copy(s);
  }
  __syncthreads();
  mbar_wait(s.full, 0);
  return s;
}

template <int R>
__device__ __forceinline__ void tell(float* out, const float (&sums)[R]) {
#pragma unroll
  for (int i = 0; i < R; i++) out[R * threadIdx.x + i] = sums[i];
}

// a[64][64] * b[N][64]^T, both in shared memory.
template <int N>
__device__ __forceinline__ void keys(const TensorMap& a, const TensorMap& b, float* out) {
  DYN_SMEM(raw);
  const Scene s = arrived(raw, 8192 + N * 128, [&](const Scene& s) {
    tma_load(s.tiles, a, s.full, 0, 0);
    tma_load(s.tiles + 8192, b, s.full, 0, 0);
  });
  float sums[N / 2];
  wgmma_fence(sums);
#pragma unroll
  for (int k = 0; k < 4; k++)
    wgmma(sums, along_k(swizzled_tile(s.tiles), k), along_k(swizzled_tile(s.tiles + 8192), k), k > 0);
  wgmma_commit();
  wgmma_wait<0>(sums);
  tell(out, sums);
}

// a[64][64], fragments in registers, * b[64][N], which lies as it is; b comes by a map of four dimensions.
template <int N>
__device__ __forceinline__ void values(const uint32_t* a, const TensorMap& b, float* out) {
  DYN_SMEM(raw);
  const Scene s = arrived(raw, N * 128, [&](const Scene& s) {
    for (int panel = 0; panel < N / 64; panel++) tma_load(s.tiles + panel * 8192, b, s.full, panel * 64, 0, 0, 0);
  });
  uint32_t left[4][4];
  float sums[N / 2] = {};
#pragma unroll
  for (int i = 0; i < 16; i++) left[i / 4][i % 4] = a[16 * threadIdx.x + i];
  wgmma_fence(sums, left);
#pragma unroll
  for (int k = 0; k < 4; k++) wgmma(sums, left[k], down_k(swizzled_rows(s.tiles, 8192), k));
  wgmma_commit();
  wgmma_wait<0>(sums);
  tell(out, sums);
}

#define KEYS(N)                                                                                             \
  extern "C" __global__ void __launch_bounds__(128, 1) wrap_keys_##N(                                       \
      const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float* out) {               \
    keys<N>(a, b, out);                                                                                     \
  }                                                                                                         \
  EXPORT_KERNEL(wrap_keys_##N)
#define VALUES(N)                                                                                           \
  extern "C" __global__ void __launch_bounds__(128, 1) wrap_values_##N(                                     \
      const uint32_t* a, const __grid_constant__ TensorMap b, float* out) {                                 \
    values<N>(a, b, out);                                                                                   \
  }                                                                                                         \
  EXPORT_KERNEL(wrap_values_##N)

KEYS(128)
KEYS(176)
VALUES(64)
VALUES(128)
