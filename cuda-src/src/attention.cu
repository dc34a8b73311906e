// y = softmax(scale * q k^T + mask) v for many queries, streaming over tiles of keys (Dao et al. 2022): bf16 on tensor
// cores through mma.sync, softmax in f32.
//   y, q: [N, Tq, H, D]   k, v: [N, Tk, K, D], any strides between heads, tokens and batches that are multiples of 16
//   bytes, aligned to 16 bytes; D a multiple of 8, at most WIDTH, zero-padded to it in shared memory.
// Each warp has 16 queries; their weights never leave registers; tiles of keys and values arrive by cp.async.
// Grid: (ceil(Tq / 64), H, N).  Block: 128 threads.  Shared: 2 * KEYS * WIDTH * 2 bytes dynamic.  Deterministic.
// Twin: ReferenceKernels.attention
// _paged: k, v are pages, found by a table as attention.cuh says.  Twin: ReferenceKernels.attentionPaged
#include "attention.cuh"

static constexpr int QUERIES = 64, KEYS = 64, THREADS = 128;

// Where chunk `chunk` of row `row` lies in a tile; the XOR keeps ldmatrix free of bank conflicts: rows of 8 or 16 chunks
// take turns by eight, those of 4 or 12, which begin at either half of the banks, by four.
template <int WIDTH>
__device__ __forceinline__ int tile_at(int row, int chunk) {
  const int turn = WIDTH % 64 == 0 ? row & 7 : row >> 1 & 3;
  return row * WIDTH + ((chunk ^ turn) << 3);
}

// Rows from `end` on arrive as zeros.
template <int WIDTH, bool PAGED>
__device__ __forceinline__ void fetch(bf16* tile, const bf16* from, const HeadStrides& strides, int first, int end,
                                      const Heads& h) {
  constexpr int CHUNKS = WIDTH / 8;
  for (int i = threadIdx.x; i < KEYS * CHUNKS; i += THREADS) {
    const int line = i / CHUNKS, chunk = i % CHUNKS;
    const bool there = first + line < end && chunk * 8 < h.width;
    cp_async_16(tile + tile_at<WIDTH>(line, chunk),
                there ? from + row<PAGED>(strides, h, first + line) + chunk * 8 : nullptr, there);
  }
  cp_async_commit();
}

template <int WIDTH, bool PAGED>
__device__ __forceinline__ void attention(bf16* y, const bf16* q, const bf16* k, const bf16* v, const Heads& h) {
  DYN_SMEM(smem);
  bf16* key_tile = reinterpret_cast<bf16*>(smem);
  bf16* value_tile = key_tile + KEYS * WIDTH;

  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, pair = (lane & 3) * 2;
  const int head = blockIdx.y, kv_head = head / h.group, n = blockIdx.z;
  q += n * h.q.batch + head * h.q.head;
  y += n * h.y.batch + head * h.y.head;
  k += n * h.k.batch + kv_head * h.k.head;
  v += n * h.v.batch + kv_head * h.v.head;

  // this thread's two queries of its warp's sixteen, and what they see
  const int query[2] = {(int)blockIdx.x * QUERIES + warp * 16 + (lane >> 2),
                        (int)blockIdx.x * QUERIES + warp * 16 + (lane >> 2) + 8};
  const Sight sees = sight(h);
  const int seen[2] = {sees.of(query[0]), sees.of(query[1])};
  const int end = sees.of(min((int)(blockIdx.x + 1) * QUERIES, h.queries) - 1);

  uint32_t q_part[WIDTH / 16][4];
#pragma unroll
  for (int d = 0; d < WIDTH / 16; d++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int row = query[j & 1], column = d * 16 + (j >> 1) * 8 + pair;
      const bool there = row < h.queries && column < h.width;
      q_part[d][j] = there ? *reinterpret_cast<const uint32_t*>(q + row * h.q.token + column) : 0u;
    }
  }

  const float scale = h.scale * LOG2_E;
  float sums[WIDTH / 8][4] = {};
  float largest[2] = {NEVER, NEVER}, total[2] = {};

  for (int first = 0; first < end; first += KEYS) {
    fetch<WIDTH, PAGED>(key_tile, k, h.k, first, end, h);
    fetch<WIDTH, PAGED>(value_tile, v, h.v, first, end, h);
    cp_async_wait<1>();  // the keys have landed, the values may still be in flight
    __syncthreads();

    float scores[KEYS / 8][4] = {};
#pragma unroll
    for (int d = 0; d < WIDTH / 16; d++) {
#pragma unroll
      for (int i = 0; i < KEYS / 8; i += 2) {
        uint32_t part[4];
        ldmatrix_x4(part, key_tile + tile_at<WIDTH>(i * 8 + (lane >> 4) * 8 + (lane & 7), d * 2 + (lane >> 3 & 1)));
        mma_16816(scores[i], q_part[d], part[0], part[1]);
        mma_16816(scores[i + 1], q_part[d], part[2], part[3]);
      }
    }

    float now[2] = {largest[0], largest[1]};
#pragma unroll
    for (int i = 0; i < KEYS / 8; i++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int key = first + i * 8 + pair + (j & 1);
        scores[i][j] = key < seen[j >> 1] ? scores[i][j] * scale : NEVER;
        now[j >> 1] = fmaxf(now[j >> 1], scores[i][j]);
      }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {  // the four lanes of a row
      now[r] = fmaxf(now[r], __shfl_xor_sync(0xffffffffu, now[r], 1));
      now[r] = fmaxf(now[r], __shfl_xor_sync(0xffffffffu, now[r], 2));
      const float shrink = fast_exp2(largest[r] - now[r]);
      largest[r] = now[r];
      total[r] *= shrink;
#pragma unroll
      for (int d = 0; d < WIDTH / 8; d++) sums[d][2 * r] *= shrink, sums[d][2 * r + 1] *= shrink;
    }
#pragma unroll
    for (int i = 0; i < KEYS / 8; i++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        scores[i][j] = fast_exp2(scores[i][j] - largest[j >> 1]);
        total[j >> 1] += scores[i][j];
      }
    }

    cp_async_wait<0>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < KEYS / 16; i++) {
      const uint32_t weights[4] = {
          pack_bf16(scores[2 * i][0], scores[2 * i][1]), pack_bf16(scores[2 * i][2], scores[2 * i][3]),
          pack_bf16(scores[2 * i + 1][0], scores[2 * i + 1][1]), pack_bf16(scores[2 * i + 1][2], scores[2 * i + 1][3])};
#pragma unroll
      for (int d = 0; d < WIDTH / 8; d += 2) {
        uint32_t part[4];
        ldmatrix_x4_trans(part, value_tile + tile_at<WIDTH>(i * 16 + (lane & 15), d + (lane >> 4)));
        mma_16816(sums[d], weights, part[0], part[1]);
        mma_16816(sums[d + 1], weights, part[2], part[3]);
      }
    }
    __syncthreads();  // the tiles are free again
  }

#pragma unroll
  for (int r = 0; r < 2; r++) {
    total[r] += __shfl_xor_sync(0xffffffffu, total[r], 1);
    total[r] += __shfl_xor_sync(0xffffffffu, total[r], 2);
    if (query[r] >= h.queries) continue;
    const float share = 1.f / total[r];
#pragma unroll
    for (int d = 0; d < WIDTH / 8; d++) {
      const int column = d * 8 + pair;
      if (column < h.width)
        *reinterpret_cast<uint32_t*>(y + query[r] * h.y.token + column) =
            pack_bf16(sums[d][2 * r] * share, sums[d][2 * r + 1] * share);
    }
  }
}

#define ENTRY(NAME, WIDTH, PAGED)                                                                                    \
  extern "C" __global__ void __launch_bounds__(THREADS, 2)                                                           \
      NAME(bf16* y, const bf16* q, const bf16* k, const bf16* v, Heads heads) {                                      \
    attention<WIDTH, PAGED>(y, q, k, v, heads);                                                                      \
  }                                                                                                                  \
  EXPORT_KERNEL(NAME)

ENTRY(attention_bf16_d32, 32, false)
ENTRY(attention_bf16_d64, 64, false)
ENTRY(attention_bf16_d96, 96, false)
ENTRY(attention_bf16_d128, 128, false)
ENTRY(attention_paged_bf16_d32, 32, true)
ENTRY(attention_paged_bf16_d64, 64, true)
ENTRY(attention_paged_bf16_d96, 96, true)
ENTRY(attention_paged_bf16_d128, 128, true)
