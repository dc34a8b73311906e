// y = softmax(scale * q k^T + mask) v for many queries on Hopper's tensor cores (Shah et al. 2024): tiles by tensor
// copies, products through wgmma in bf16, softmax and sums in f32; scale > 0.
//   y, q: [N, Tq, H, D]   k, v: [N, Tk, K, D], strides as in attention.cu; D a multiple of 8, at most WIDTH
//   q_map, k_map, v_map: boxes of 1 x 128 (q) or 176 (k, v) x 1 x 64, in the 128-byte swizzle, zeros outside the tensor
// One warpgroup copies tiles of keys and of values, two have 64 queries each. While the tensor cores multiply the
// weights of a tile with its values, the softmax of the next tile is computed; weights never leave registers.
// A tile has 176 keys, as many as registers hold scores of: the 1,025 tokens of a vision tower are almost six tiles.
// Grid: (H, ceil(Tq / 128), N).  Block: 384 threads.  Shared: 1664 * WIDTH bytes + 1.25 KiB dynamic.  Deterministic.
// Twin: ReferenceKernels.attention
// _paged: k, v are pages, found by a table as attention.cuh says, in boxes of 16 tokens, which one page holds; those behind
//   the last key that is seen, whatever lies there, weigh nothing.  Twin: ReferenceKernels.attentionPaged
#include "attention.cuh"
#include "hopper.cuh"

static constexpr int QUERIES = 128, KEYS = 176, STAGES = 2;
static constexpr int ROW = 128;  // bytes of 64 columns; a tile is one or two panels of them

// One box of every panel.
template <int TOKENS, int WIDTH>
__device__ __forceinline__ void copy(unsigned char* tile, const TensorMap& map, uint64_t* full, int token, int head,
                                     int n) {
#pragma unroll
  for (int p = 0; p < WIDTH / 64; p++) tma_load(tile + p * TOKENS * ROW, map, full, p * 64, head, token, n);
}

// Keys, or values, of a kv head, of which the first `end` are needed.
template <int WIDTH, bool PAGED>
struct Source {
  const TensorMap& map;
  const Heads& h;
  int head, end;

  __device__ __forceinline__ void copy_to(unsigned char* tile, uint64_t* full, int first) const {
    constexpr int BOX = PAGED ? 16 : KEYS;
    mbar_arrive_expect(full, KEYS * WIDTH * 2);
#pragma unroll 1
    for (int t = 0; t < KEYS; t += BOX) {
      int token = first + t, n = blockIdx.z;
      if (PAGED) {
        n = token < end ? h.table[token >> h.page] : -1;  // no page: zeros
        token &= (1 << h.page) - 1;
      }
      copy<KEYS, WIDTH>(tile + t * ROW, map, full, token, head, n);
    }
  }
};

// Clears the rows of a tile, which has landed, from `row` to the end of their box.
template <int WIDTH>
__device__ __forceinline__ void clear(unsigned char* tile, int row) {
  for (int i = row * ROW; i < ((row + 15) & ~15) * ROW; i += 16) {
#pragma unroll
    for (int p = 0; p < WIDTH / 64; p++) *reinterpret_cast<Vec<bf16>*>(tile + p * KEYS * ROW + i) = {};
  }
  async_fence();
}

// Where tiles arrive one after another: tile i in stage i % STAGES.
template <int WIDTH>
struct Ring {
  unsigned char* tiles;
  uint64_t *full, *empty;

  __device__ __forceinline__ unsigned char* tile(int i) const { return tiles + i % STAGES * KEYS * WIDTH * 2; }
  template <bool PAGED>
  __device__ __forceinline__ void fill(int i, const Source<WIDTH, PAGED>& source) const {
    mbar_wait(empty + i % STAGES, (i / STAGES & 1) ^ 1);  // free from the start
    source.copy_to(tile(i), full + i % STAGES, i * KEYS);
  }
  __device__ __forceinline__ unsigned char* wait(int i) const {
    mbar_wait(full + i % STAGES, i / STAGES & 1);
    return tile(i);
  }
  // One arrival a warp.
  __device__ __forceinline__ void release(int i) const {
    if ((threadIdx.x & 31) == 0) mbar_arrive(empty + i % STAGES);
  }
};

// What a block's threads share.
template <int WIDTH>
struct Tiles {
  unsigned char* q;
  Ring<WIDTH> keys, values;
  uint64_t *q_full, *cleared;  // cleared: the last values, of pages
};

// The softmax so far of a thread's two queries.
struct Softmax {
  float scale;  // of scores, to powers of 2
  float largest[2], total[2];

  // Turns the scores of a tile into weights; `shrink` is what earlier weights are multiplied by.
  __device__ __forceinline__ void add(float (&scores)[KEYS / 2], float (&shrink)[2]) {
    float now[2] = {largest[0], largest[1]};
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) now[i >> 1 & 1] = fmaxf(now[i >> 1 & 1], scores[i]);
#pragma unroll
    for (int r = 0; r < 2; r++) {  // the four lanes of a row
      now[r] = fmaxf(now[r], __shfl_xor_sync(0xffffffffu, now[r], 1));
      now[r] = fmaxf(now[r], __shfl_xor_sync(0xffffffffu, now[r], 2));
      shrink[r] = fast_exp2((largest[r] - now[r]) * scale);
      largest[r] = now[r];
      total[r] *= shrink[r];
    }
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) {
      const int r = i >> 1 & 1;
      scores[i] = fast_exp2(scores[i] * scale - largest[r] * scale);
      total[r] += scores[i];
    }
  }
};

// Hides what a thread's two queries do not see of a tile; of its keys they see `seen`.
__device__ __forceinline__ void hide(float (&scores)[KEYS / 2], int seen_above, int seen_below) {
  const int pair = (threadIdx.x & 3) * 2;
#pragma unroll
  for (int i = 0; i < KEYS / 2; i++)
    if (i / 4 * 8 + pair + (i & 1) >= (i & 2 ? seen_below : seen_above)) scores[i] = NEVER;
}

template <int WIDTH>
__device__ __forceinline__ void multiply_keys(float (&scores)[KEYS / 2], const unsigned char* q,
                                              const unsigned char* keys) {
#pragma unroll
  for (int d = 0; d < WIDTH / 16; d++)
    wgmma(scores, along_k(swizzled_tile(q + d / 4 * QUERIES * ROW), d % 4),
          along_k(swizzled_tile(keys + d / 4 * KEYS * ROW), d % 4), d > 0);
  wgmma_commit();
}

template <int WIDTH>
__device__ __forceinline__ void multiply_values(float (&sums)[WIDTH / 2], const uint32_t (&weights)[KEYS / 16][4],
                                                const unsigned char* values) {
#pragma unroll
  for (int i = 0; i < KEYS / 16; i++) wgmma(sums, weights[i], down_k(swizzled_rows(values, KEYS * ROW), i));
  wgmma_commit();
}

// The weights of a tile as wgmma takes them.
__device__ __forceinline__ void pack(uint32_t (&weights)[KEYS / 16][4], const float (&scores)[KEYS / 2]) {
#pragma unroll
  for (int i = 0; i < KEYS / 4; i++) weights[i / 4][i % 4] = pack_bf16(scores[2 * i], scores[2 * i + 1]);
}

template <int WIDTH, bool PAGED>
__device__ __forceinline__ void attend(bf16* y, const Tiles<WIDTH>& tiles, int count, const Sight& sees, int first,
                                       const Heads& h) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5 & 3, part = (threadIdx.x >> 7) - 1;
  const unsigned char* q = tiles.q + part * 64 * ROW;
  const int top = first + part * 64;  // the warpgroup's first query
  const int query[2] = {top + warp * 16 + (lane >> 2), top + warp * 16 + (lane >> 2) + 8};
  const int seen[2] = {sees.of(query[0]), sees.of(query[1])}, seen_by_all = sees.of(top);

  float scores[KEYS / 2], sums[WIDTH / 2] = {}, shrink[2];
  uint32_t weights[KEYS / 16][4];
  Softmax softmax = {h.scale * LOG2_E, {NEVER, NEVER}, {}};

  auto weigh = [&](int i) {
    if ((i + 1) * KEYS > seen_by_all) hide(scores, seen[0] - i * KEYS, seen[1] - i * KEYS);
    softmax.add(scores, shrink);
  };

  mbar_wait(tiles.q_full, 0);
  const unsigned char* keys = tiles.keys.wait(0);
  wgmma_fence(scores);
  multiply_keys<WIDTH>(scores, q, keys);
  wgmma_wait<0>(scores);
  tiles.keys.release(0);
  weigh(0);
  pack(weights, scores);
  for (int i = 1; i < count; i++) {
    keys = tiles.keys.wait(i);
    const unsigned char* values = tiles.values.wait(i - 1);
    wgmma_fence(sums, weights);
    multiply_keys<WIDTH>(scores, q, keys);
    multiply_values<WIDTH>(sums, weights, values);
    wgmma_wait<1>(scores);
    tiles.keys.release(i);
    weigh(i);
    wgmma_wait<0>(sums);
    tiles.values.release(i - 1);
#pragma unroll
    for (int j = 0; j < WIDTH / 2; j++) sums[j] *= shrink[j >> 1 & 1];
    pack(weights, scores);
  }
  const unsigned char* values = tiles.values.wait(count - 1);
  if (PAGED) mbar_wait(tiles.cleared, 0);
  wgmma_fence(sums, weights);
  multiply_values<WIDTH>(sums, weights, values);
  wgmma_wait<0>(sums);

  y += blockIdx.z * h.y.batch + blockIdx.x * h.y.head;
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float total = softmax.total[r];
    total += __shfl_xor_sync(0xffffffffu, total, 1);
    total += __shfl_xor_sync(0xffffffffu, total, 2);
    if (query[r] >= h.queries) continue;
    const float share = 1.f / total;
#pragma unroll
    for (int d = 0; d < WIDTH / 8; d++) {
      const int column = d * 8 + (lane & 3) * 2, at = d * 4 + r * 2;
      if (column < h.width)
        *reinterpret_cast<uint32_t*>(y + query[r] * h.y.token + column) =
            pack_bf16(sums[at] * share, sums[at + 1] * share);
    }
  }
}

template <int WIDTH, bool PAGED>
__device__ __forceinline__ void attention(bf16* y, const TensorMap& q_map, const TensorMap& k_map,
                                          const TensorMap& v_map, const Heads& h) {
  DYN_SMEM(raw);
  unsigned char* smem = raw + (-smem_addr(raw) & 1023);  // swizzled tiles begin on 1024 bytes
  unsigned char* keys = smem + QUERIES * WIDTH * 2;
  unsigned char* values = keys + STAGES * KEYS * WIDTH * 2;
  uint64_t* bars = reinterpret_cast<uint64_t*>(values + STAGES * KEYS * WIDTH * 2);
  const Tiles<WIDTH> tiles = {smem,
                              {keys, bars, bars + STAGES},
                              {values, bars + 2 * STAGES, bars + 3 * STAGES},
                              bars + 4 * STAGES,
                              bars + 4 * STAGES + 1};
  const int first = (gridDim.y - 1 - blockIdx.y) * QUERIES;  // blocks that see most begin first
  const int parts = first + 64 < h.queries ? 2 : 1;          // warpgroups that have queries
  if (threadIdx.x == 0) {
    for (int s = 0; s < STAGES; s++) {
      mbar_init(tiles.keys.full + s, 1), mbar_init(tiles.keys.empty + s, 4 * parts);
      mbar_init(tiles.values.full + s, 1), mbar_init(tiles.values.empty + s, 4 * parts);
    }
    mbar_init(tiles.q_full, 1), mbar_init(tiles.cleared, 1);
    mbar_init_done();
  }
  __syncthreads();

  const Sight sees = sight(h);
  const int end = sees.of(min(first + QUERIES, h.queries) - 1), count = (end + KEYS - 1) / KEYS;
  const int warpgroup = threadIdx.x >> 7;
  if (warpgroup == 0) {
    registers_down<24>();
    if (threadIdx.x > 0) return;
    const int head = blockIdx.x / h.group;
    const Source<WIDTH, PAGED> keys = {k_map, h, head, end}, values = {v_map, h, head, end};
    mbar_arrive_expect(tiles.q_full, QUERIES * WIDTH * 2);
    copy<QUERIES, WIDTH>(tiles.q, q_map, tiles.q_full, first, blockIdx.x, blockIdx.z);
    tiles.keys.fill(0, keys);
    for (int i = 0; i < count; i++) {  // in the order in which they are needed
      if (i + 1 < count) tiles.keys.fill(i + 1, keys);
      tiles.values.fill(i, values);
    }
    if (PAGED) {
      clear<WIDTH>(tiles.values.wait(count - 1), end - (count - 1) * KEYS);
      mbar_arrive(tiles.cleared);
    }
  } else if (warpgroup <= parts) {
    registers_up<240>();
    attend<WIDTH, PAGED>(y, tiles, count, sees, first, h);
  }
}

#define ENTRY(NAME, WIDTH, PAGED)                                                                                     \
  extern "C" __global__ void __launch_bounds__(384, 1)                                                                \
      NAME(bf16* y, const __grid_constant__ TensorMap q_map, const __grid_constant__ TensorMap k_map,                 \
           const __grid_constant__ TensorMap v_map, Heads heads) {                                                    \
    attention<WIDTH, PAGED>(y, q_map, k_map, v_map, heads);                                                           \
  }                                                                                                                   \
  EXPORT_KERNEL(NAME)

ENTRY(attention_sm90_bf16_d64, 64, false)
ENTRY(attention_sm90_bf16_d128, 128, false)
ENTRY(attention_sm90_paged_bf16_d64, 64, true)
ENTRY(attention_sm90_paged_bf16_d128, 128, true)
