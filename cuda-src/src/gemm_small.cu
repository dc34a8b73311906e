// y[r] = weight * x[r] + bias for 9 to 64 rows, and its ends (see mat_mul.cuh): bf16 on tensor cores through mma.sync,
// sums in f32. Weights are the rows of mma's tile and x its columns, so that few rows of x leave little of it unused.
// x: rows a multiple of 16 bytes long and aligned; y, residual: rows of any alignment; y may be residual.
// SWI_GLU: a tile has eight rows of `weight`, eight of `up`, and so on, so that a thread holds both sums of an element.
// k is split over gridDim.y blocks; whoever finishes last adds their sums, in the order of the splits. A row's result
// depends neither on the other rows nor on how many there are.
//   parts: THREADS * N/2 floats for each block; arrived: a counter for each tile, 0 before and after.
// Grid: (ceil(out / COLUMNS), splits), with SWI_GLU ceil(out / (COLUMNS / 2)).  Block: 128 threads, each warp 16 rows of
// the weight by N rows of x.  Shared: STAGES * (COLUMNS + N) * 128 bytes dynamic, 1 B static.
// Bound by reading the weight once.  Deterministic.  Twin: ReferenceKernels.matMul
#include "mat_mul.cuh"

static constexpr int COLUMNS = 64, STEP = 64, STAGES = 4, THREADS = 128;
static constexpr int CHUNKS = STEP / 8;                // 16-byte chunks of a row of a stage
static constexpr int APART = THREADS / CHUNKS;         // rows from one chunk that a thread copies to the next

// Where chunk `chunk` of row `row` lies; the XOR keeps ldmatrix free of bank conflicts.
__device__ __forceinline__ int tile_at(int row, int chunk) { return row * STEP + ((chunk ^ (row & 7)) << 3); }

template <End END>
__device__ __forceinline__ const bf16* weight_row(const Product<bf16>& p, int row) {
  const bf16* weight = p.weight;
  int column = blockIdx.x * COLUMNS + row;
  if (END == End::SWI_GLU) {
    weight = row & 8 ? p.up : p.weight;
    column = blockIdx.x * (COLUMNS / 2) + row / 16 * 8 + row % 8;
  }
  return column < p.out ? weight + (long long)column * p.pitch : nullptr;
}

// Adds the sums of all splits. Whether this block is the one that has them.
template <int SUMS>
__device__ __forceinline__ bool combine(float (&sums)[SUMS][4], float* parts, unsigned* arrived) {
  __shared__ bool last;
  const int splits = gridDim.y;
  float* tile = parts + (long long)blockIdx.x * splits * (SUMS * 4 * THREADS) + threadIdx.x;
#pragma unroll
  for (int i = 0; i < SUMS * 4; i++) tile[(blockIdx.y * SUMS * 4 + i) * THREADS] = sums[i / 4][i % 4];
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(arrived + blockIdx.x, 1u) == (unsigned)splits - 1;
    if (last) arrived[blockIdx.x] = 0;
  }
  __syncthreads();
  if (!last) return false;
  __threadfence();
#pragma unroll
  for (int i = 0; i < SUMS * 4; i++) sums[i / 4][i % 4] = 0.f;
  for (int split = 0; split < splits; split++) {
#pragma unroll
    for (int i = 0; i < SUMS * 4; i++) sums[i / 4][i % 4] += load_l2(tile + (split * SUMS * 4 + i) * THREADS);
  }
  return true;
}

template <int N, End END>
__device__ __forceinline__ void gemm_small(const Product<bf16>& p, float* parts, unsigned* arrived) {
  DYN_SMEM(smem);
  bf16* tiles = reinterpret_cast<bf16*>(smem);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;

  // what this thread copies: the same chunks of every stage
  const bf16* w[COLUMNS / APART];
  const bf16* x[N / APART];
  const int chunk = threadIdx.x % CHUNKS, row0 = threadIdx.x / CHUNKS;
#pragma unroll
  for (int i = 0; i < COLUMNS / APART; i++) w[i] = weight_row<END>(p, row0 + i * APART);
#pragma unroll
  for (int i = 0; i < N / APART; i++) {
    const int r = row0 + i * APART;
    x[i] = r < p.rows ? p.x + row_at(p.x_rows, r) : nullptr;
  }
  const int all = (p.in + STEP - 1) / STEP;
  const int first = (int)((long long)all * blockIdx.y / gridDim.y);
  const int steps = (int)((long long)all * (blockIdx.y + 1) / gridDim.y) - first;
  const auto fetch = [&](int step) {
    bf16* a = tiles + step % STAGES * (COLUMNS + N) * STEP;
    bf16* b = a + COLUMNS * STEP;
    const int k = (first + step) * STEP + chunk * 8;
    if (step < steps) {
#pragma unroll
      for (int i = 0; i < COLUMNS / APART; i++) {
        const bool there = w[i] && k < p.in;
        cp_async_16(a + tile_at(row0 + i * APART, chunk), there ? w[i] + k : nullptr, there);
      }
#pragma unroll
      for (int i = 0; i < N / APART; i++) {
        const bool there = x[i] && k < p.in;
        cp_async_16(b + tile_at(row0 + i * APART, chunk), there ? x[i] + k : nullptr, there);
      }
    }
    cp_async_commit();
  };

  float sums[N / 8][4] = {};
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) fetch(s);
  for (int step = 0; step < steps; step++) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();  // this step's stage has landed for all, and the last step's is free
    fetch(step + STAGES - 1);
    const bf16* a = tiles + step % STAGES * (COLUMNS + N) * STEP;
    const bf16* b = a + COLUMNS * STEP;
#pragma unroll
    for (int k = 0; k < STEP / 16; k++) {
      uint32_t w_part[4];
      ldmatrix_x4(w_part, a + tile_at(warp * 16 + (lane & 15), k * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < N / 16; j++) {
        uint32_t x_part[4];
        ldmatrix_x4(x_part, b + tile_at(j * 16 + (lane >> 4) * 8 + (lane & 7), k * 2 + (lane >> 3 & 1)));
        mma_16816(sums[2 * j], w_part, x_part[0], x_part[1]);
        mma_16816(sums[2 * j + 1], w_part, x_part[2], x_part[3]);
      }
    }
  }
  cp_async_wait<0>();
  if (gridDim.y > 1 && !combine(sums, parts, arrived)) return;

  constexpr int HALVES = END == End::SWI_GLU ? 1 : 2;  // of a warp's 16 rows of the weight, that are columns of y
#pragma unroll
  for (int i = 0; i < N / 4; i++) {
    const int row = i / 2 * 8 + (lane & 3) * 2 + i % 2;
    if (row >= p.rows) continue;
    bf16* y = p.y + row_at(p.y_rows, row);
    const long long residual = END == End::ADD ? row_at(p.residual_rows, row) : 0;
    const float(&sum)[4] = sums[i / 2];
#pragma unroll
    for (int h = 0; h < HALVES; h++) {
      const int column = (blockIdx.x * (COLUMNS / 16) + warp) * (8 * HALVES) + h * 8 + (lane >> 2);
      if (column >= p.out) continue;
      y[column] = to_bf16(end_of<END>(p, residual, column, sum[2 * h + i % 2], sum[2 + i % 2]));
    }
  }
}

#define ENTRY(name, N, END)                                                                  \
  extern "C" __global__ void __launch_bounds__(THREADS, 2)                                   \
      name(Product<bf16> product, float* parts, unsigned* arrived) {                         \
    gemm_small<N, END>(product, parts, arrived);                                             \
  }                                                                                          \
  EXPORT_KERNEL(name)

#define ENTRIES(end, END)                     \
  ENTRY(gemm_small##end##_bf16_16, 16, END)   \
  ENTRY(gemm_small##end##_bf16_32, 32, END)   \
  ENTRY(gemm_small##end##_bf16_64, 64, END)

ENTRIES(, End::NONE)
ENTRIES(_gelu, End::GELU)
ENTRIES(_add, End::ADD)
ENTRIES(_swi_glu, End::SWI_GLU)
