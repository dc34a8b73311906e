// y[r] = weight * x[r] + bias for any number of rows, and its ends (see mat_mul.cuh): bf16 on Hopper's tensor cores
// through wgmma, tiles by tensor copies, sums in f32.
// x: [rows, in], rows x_map's pitch apart, 16-byte aligned; y, residual: rows of any alignment; y may be residual.
// One warpgroup copies stages of a tile of x and a tile of the weights, two multiply, 64 rows of y each. A tile of the
// weights is 128 columns of y, with SWI_GLU 64 of `weight` and the same 64 of `up`.
//   x_map: boxes of 128 x 64; weight_map, up_map: boxes of 64 x 64; all in the 128-byte swizzle
// Grid: (ceil(out / 128), ceil(rows / 128)), with SWI_GLU ceil(out / 64).  Block: 384 threads.
// Shared: STAGES * 32 KiB + 1.25 KiB dynamic.  Deterministic.  Twin: ReferenceKernels.matMul
#include "hopper.cuh"
#include "mat_mul.cuh"

static constexpr int TILE = 128, STEP = 64, STAGES = 4;
static constexpr int HALF = 64 * STEP * 2;  // bytes of 64 rows of a stage
static constexpr int STAGE = 4 * HALF;

template <End END>
__device__ __forceinline__ void copy_tiles(const TensorMap& x_map, const TensorMap& weight_map, const TensorMap& up_map,
                                           unsigned char* tiles, uint64_t* full, uint64_t* empty, int steps) {
  const int row = blockIdx.y * TILE, column = blockIdx.x * (END == End::SWI_GLU ? TILE / 2 : TILE);
  for (int i = 0; i < steps; i++) {
    const int s = i % STAGES;
    unsigned char* x = tiles + s * STAGE;
    mbar_wait(empty + s, (i / STAGES & 1) ^ 1);  // free from the start
    mbar_arrive_expect(full + s, STAGE);
    tma_load(x, x_map, full + s, i * STEP, row);
    tma_load(x + 2 * HALF, weight_map, full + s, i * STEP, column);
    if (END == End::SWI_GLU) tma_load(x + 3 * HALF, up_map, full + s, i * STEP, column);
    else tma_load(x + 3 * HALF, weight_map, full + s, i * STEP, column + TILE / 2);
  }
}

template <End END>
__device__ __forceinline__ void multiply(const Product<bf16>& p, const unsigned char* tiles, uint64_t* full,
                                         uint64_t* empty, int steps) {
  const int part = (threadIdx.x >> 7) - 1;  // which 64 rows
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5 & 3;
  float sums[64];
  for (int i = 0; i < steps; i++) {
    const int s = i % STAGES;
    mbar_wait(full + s, i / STAGES & 1);
    const uint64_t x = swizzled_tile(tiles + s * STAGE + part * HALF);
    const uint64_t weight = swizzled_tile(tiles + s * STAGE + 2 * HALF);
    wgmma_fence();
#pragma unroll
    for (int k = 0; k < STEP / 16; k++) wgmma(sums, along_k(x, k), along_k(weight, k), i + k > 0);
    wgmma_commit();
    wgmma_wait<1>();  // for the stage before; this one's products go on
    if (i > 0 && lane == 0) mbar_arrive(empty + (i - 1) % STAGES);
  }
  wgmma_wait<0>(sums);

#pragma unroll
  for (int h = 0; h < 2; h++) {
    const int row = blockIdx.y * TILE + part * 64 + warp * 16 + h * 8 + (lane >> 2);
    if (row >= p.rows) continue;
    bf16* y = p.y + row_at(p.y_rows, row);
    const long long residual = END == End::ADD ? row_at(p.residual_rows, row) : 0;
#pragma unroll
    for (int n = 0; n < (END == End::SWI_GLU ? 8 : 16); n++) {
      const int at = n * 4 + h * 2, up = 32 + at % 32;
      const int column = blockIdx.x * (END == End::SWI_GLU ? TILE / 2 : TILE) + n * 8 + (lane & 3) * 2;
      const int rest = p.out - column;
      if (rest <= 0) continue;
      const float first = end_of<END>(p, residual, column, sums[at], sums[up]);
      const float second = rest > 1 ? end_of<END>(p, residual, column + 1, sums[at + 1], sums[up + 1]) : 0.f;
      store_pair(y + column, first, second, rest);
    }
  }
}

template <End END>
__device__ __forceinline__ void gemm(const TensorMap& x_map, const TensorMap& weight_map, const TensorMap& up_map,
                                     const Product<bf16>& p) {
  DYN_SMEM(raw);
  unsigned char* tiles = raw + (-smem_addr(raw) & 1023);  // swizzled tiles begin on 1024 bytes
  uint64_t* full = reinterpret_cast<uint64_t*>(tiles + STAGES * STAGE);
  uint64_t* empty = full + STAGES;
  const int steps = (p.in + STEP - 1) / STEP;
  if (threadIdx.x == 0) {
    for (int s = 0; s < STAGES; s++) mbar_init(full + s, 1), mbar_init(empty + s, 8);
    mbar_init_done();
  }
  __syncthreads();
  if (threadIdx.x < 128) {
    registers_down<40>();
    if (threadIdx.x == 0) copy_tiles<END>(x_map, weight_map, up_map, tiles, full, empty, steps);
  } else {
    registers_up<232>();
    multiply<END>(p, tiles, full, empty, steps);
  }
}

#define ENTRY(name, END)                                                                                            \
  extern "C" __global__ void __launch_bounds__(384, 1)                                                              \
      name(const __grid_constant__ TensorMap x_map, const __grid_constant__ TensorMap weight_map,                   \
           const __grid_constant__ TensorMap up_map, Product<bf16> product) {                                       \
    gemm<END>(x_map, weight_map, up_map, product);                                                                  \
  }                                                                                                                 \
  EXPORT_KERNEL(name)

ENTRY(gemm_sm90_bf16, End::NONE)
ENTRY(gemm_gelu_sm90_bf16, End::GELU)
ENTRY(gemm_add_sm90_bf16, End::ADD)
ENTRY(gemm_swi_glu_sm90_bf16, End::SWI_GLU)
