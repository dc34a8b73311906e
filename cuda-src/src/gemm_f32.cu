// y[r] = weight * x[r] + bias for any number of rows, and its ends (see mat_mul.cuh): f32 by plain multiply and add,
// for checking. The models' own products are gemm_mma's.
// x, y, residual: rows of any alignment; y may be residual.  Sums in f32 in the order of the columns.
// Grid: (ceil(out / 64), ceil(rows / 64)).  Block: 256 threads, a tile of 64 x 64 of y, 4 x 4 of it a thread.
// Shared: 8.3 KiB static (12.4 with two weights).  Deterministic.  Twin: ReferenceKernels.matMul
#include "mat_mul.cuh"

static constexpr int TILE = 64, STEP = 16;

struct Tile {
  float v[STEP][TILE + 1];
};

// A tile of rows `first` on and columns k on, transposed; zeros outside. `at(row)` is where a row begins.
template <class At>
__device__ __forceinline__ void fill(Tile& tile, const float* from, At at, int first, int rows, int k, int columns) {
  for (int i = threadIdx.x; i < TILE * STEP; i += 256) {
    const int row = first + i / STEP, column = k + i % STEP;
    tile.v[i % STEP][i / STEP] = row < rows && column < columns ? from[at(row) + column] : 0.f;
  }
}

template <End END>
__device__ __forceinline__ void gemm(const Product<float>& p) {
  __shared__ Tile a, b, c;
  const int row0 = blockIdx.y * TILE, column0 = blockIdx.x * TILE;
  const int i0 = threadIdx.x / 16 * 4, j0 = threadIdx.x % 16;
  float sums[4][4] = {}, ups[4][4] = {};
  for (int k = 0; k < p.in; k += STEP) {
    fill(a, p.x, [&](int r) { return row_at(p.x_rows, r); }, row0, p.rows, k, p.in);
    fill(b, p.weight, [&](int r) { return (long long)r * p.pitch; }, column0, p.out, k, p.in);
    if (END == End::SWI_GLU) fill(c, p.up, [&](int r) { return (long long)r * p.pitch; }, column0, p.out, k, p.in);
    __syncthreads();
#pragma unroll
    for (int s = 0; s < STEP; s++)
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
          sums[i][j] += a.v[s][i0 + i] * b.v[s][j0 + 16 * j];
          if (END == End::SWI_GLU) ups[i][j] += a.v[s][i0 + i] * c.v[s][j0 + 16 * j];
        }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int row = row0 + i0 + i;
    if (row >= p.rows) continue;
    const long long to = row_at(p.y_rows, row), residual = END == End::ADD ? row_at(p.residual_rows, row) : 0;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int column = column0 + j0 + 16 * j;
      if (column < p.out) p.y[to + column] = end_of<END>(p, residual, column, sums[i][j], ups[i][j]);
    }
  }
}

#define ENTRY(name, END)                                                           \
  extern "C" __global__ void __launch_bounds__(256) name(Product<float> product) { \
    gemm<END>(product);                                                            \
  }                                                                                \
  EXPORT_KERNEL(name)

ENTRY(gemm_f32, End::NONE)
ENTRY(gemm_gelu_f32, End::GELU)
ENTRY(gemm_add_f32, End::ADD)
ENTRY(gemm_swi_glu_f32, End::SWI_GLU)
