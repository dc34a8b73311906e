// y[r] = weight * x[r] + bias for any number of rows, and its ends (see mat_mul.cuh): bf16 on tensor cores through
// mma.sync, sums in f32.
// x, y, residual: rows of any alignment, x 16 bytes at a time and asynchronously where every row of it is a multiple
// of 16 bytes long and aligned (`wide`); y may be residual.
// SWI_GLU: a tile's columns are eight of `weight`, eight of `up`, and so on, so that a thread holds both sums of an
// element; the tile is half as wide in y.
// Grid: (ceil(out / COLUMNS), ceil(rows / ROWS)), with SWI_GLU ceil(out / (COLUMNS / 2)).  Block: 256 threads, each
// warp 64 x 32 of the tile.  Shared: STAGES * 16 KiB dynamic.  Deterministic.  Twin: ReferenceKernels.matMul
#include "mat_mul.cuh"

static constexpr int ROWS = 128, COLUMNS = 128, STEP = 32, STAGES = 4, THREADS = 256;
static constexpr int CHUNKS = STEP / 8;                    // 16-byte chunks of a row of a stage
static constexpr int MINE = ROWS * CHUNKS / THREADS;       // chunks of each operand that a thread copies a stage
static constexpr int OPERAND = ROWS * STEP;                // elements of an operand of a stage

// Where chunk `chunk` of row `row` lies; the XOR keeps ldmatrix free of bank conflicts.
__device__ __forceinline__ int tile_at(int row, int chunk) { return row * STEP + ((chunk ^ (row >> 1 & 3)) << 3); }

// Elements k to k + 7 of a row of `columns`, zeros outside and where there is no row.
__device__ __forceinline__ void copy_chunk(bf16* to, const bf16* row, int k, int columns, bool wide) {
  const bool there = row && k < columns;
  if (wide) cp_async_16(to, there ? row + k : nullptr, there);
  else *reinterpret_cast<Vec<bf16>*>(to) = there ? load(row + k, columns - k) : Vec<bf16>{};
}

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

template <End END>
__device__ __forceinline__ void gemm(const Product<bf16>& p, bool wide) {
  DYN_SMEM(smem);
  bf16* tiles = reinterpret_cast<bf16*>(smem);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;

  // what this thread copies: the same chunks of every stage
  const bf16* x[MINE];
  const bf16* w[MINE];
  int to[MINE];
  const int chunk = threadIdx.x % CHUNKS;
#pragma unroll
  for (int i = 0; i < MINE; i++) {
    const int row = threadIdx.x / CHUNKS + i * (THREADS / CHUNKS);
    const int r = blockIdx.y * ROWS + row;
    x[i] = r < p.rows ? p.x + row_at(p.x_rows, r) : nullptr;
    w[i] = weight_row<END>(p, row);
    to[i] = tile_at(row, chunk);
  }
  const int steps = (p.in + STEP - 1) / STEP;
  const auto fetch = [&](int step) {
    bf16* a = tiles + step % STAGES * 2 * OPERAND;
    const int k = step * STEP + chunk * 8;
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      if (step >= steps) continue;
      copy_chunk(a + to[i], x[i], k, p.in, wide);
      copy_chunk(a + OPERAND + to[i], w[i], k, p.pitch, true);
    }
    cp_async_commit();
  };

  const int row0 = warp / 4 * 64, column0 = warp % 4 * 32;  // of this warp's part of the tile
  float sums[4][4][4] = {};
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) fetch(s);
  for (int step = 0; step < steps; step++) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();  // this step's stage has landed for all, and the last step's is free
    fetch(step + STAGES - 1);
    const bf16* a = tiles + step % STAGES * 2 * OPERAND;
    const bf16* b = a + OPERAND;
#pragma unroll
    for (int k = 0; k < STEP / 16; k++) {
      uint32_t x_part[4][4], w_part[2][4];
#pragma unroll
      for (int i = 0; i < 4; i++)
        ldmatrix_x4(x_part[i], a + tile_at(row0 + i * 16 + (lane & 15), k * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < 2; j++)
        ldmatrix_x4(w_part[j], b + tile_at(column0 + j * 16 + (lane >> 4) * 8 + (lane & 7), k * 2 + (lane >> 3 & 1)));
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) mma_16816(sums[i][j], x_part[i], w_part[j / 2][j % 2 * 2], w_part[j / 2][j % 2 * 2 + 1]);
    }
  }
  cp_async_wait<0>();

  const int pair = (lane & 3) * 2;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const int row = blockIdx.y * ROWS + row0 + i / 2 * 16 + i % 2 * 8 + (lane >> 2);
    if (row >= p.rows) continue;
    bf16* y = p.y + row_at(p.y_rows, row);
    const long long residual = END == End::ADD ? row_at(p.residual_rows, row) : 0;
#pragma unroll
    for (int j = 0; j < (END == End::SWI_GLU ? 2 : 4); j++) {
      const float(&sum)[4] = sums[i / 2][END == End::SWI_GLU ? 2 * j : j];
      const float(&up)[4] = sums[i / 2][END == End::SWI_GLU ? 2 * j + 1 : j];
      const int column = END == End::SWI_GLU ? blockIdx.x * (COLUMNS / 2) + column0 / 2 + j * 8 + pair
                                             : blockIdx.x * COLUMNS + column0 + j * 8 + pair;
      const int h = i % 2 * 2;
      const int left = p.out - column;
      if (left <= 0) continue;
      const float first = end_of<END>(p, residual, column, sum[h], up[h]);
      const float second = left > 1 ? end_of<END>(p, residual, column + 1, sum[h + 1], up[h + 1]) : 0.f;
      store_pair(y + column, first, second, left);
    }
  }
}

#define ENTRY(name, END)                                                                               \
  extern "C" __global__ void __launch_bounds__(THREADS, 1) name(Product<bf16> product, int wide) {     \
    gemm<END>(product, wide != 0);                                                                     \
  }                                                                                                    \
  EXPORT_KERNEL(name)

ENTRY(gemm_bf16, End::NONE)
ENTRY(gemm_gelu_bf16, End::GELU)
ENTRY(gemm_add_bf16, End::ADD)
ENTRY(gemm_swi_glu_bf16, End::SWI_GLU)
