// y = softmax(scale * q k^T + mask) v for few queries, such as a token being made (Dao et al. 2023, "flash-decoding"):
// keys are cut into pieces of PIECE, a block has a piece for one query and up to GROUP of the query heads that share a
// kv head; whoever finishes last puts the pieces together, in their order. T = f32 or bf16, all in f32.
//   y, q: [N, Tq, H, D]   k, v: [N, Tk, K, D], heads contiguous, D at most 128, any alignment
// A result depends neither on how many queries there are nor on keys that are not seen.
//   parts: a part for each piece, query, group of heads and batch; arrived: a counter for each query, group and batch,
//   0 before and after.
// Grid: (pieces that there may be, Tq * K * ceil(group / GROUP), N).  Block: 128 threads.  Shared: 8.3 KiB static.
// Bound by reading keys and values once.  Deterministic.  Twin: ReferenceKernels.attention
// _paged: k, v are pages, found by a table as attention.cuh says.  Twin: ReferenceKernels.attentionPaged
// _sequences: the same, each of up to 32 in a batch with pages of its own.
#include "attention.cuh"
#include "reduce.cuh"

static constexpr int PIECE = 128, WARPS = 4, GROUP = 8, WIDEST = 128;

// What a piece of keys adds up to, for up to GROUP heads.
struct Part {
  float largest[GROUP], total[GROUP];
  float sums[GROUP][WIDEST];
};

template <bool PAGED, typename T>
__device__ __forceinline__ void attention_step(T* y, const T* q, const T* k, const T* v, const Heads& h, Part* parts,
                                               unsigned* arrived) {
  __shared__ float queries[GROUP][WIDEST];
  __shared__ float weights[WARPS][GROUP][32];
  __shared__ float largest[WARPS][GROUP], total[WARPS][GROUP];
  __shared__ bool last;

  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, n = blockIdx.z;
  const int groups = (h.group + GROUP - 1) / GROUP, kv_heads = h.heads / h.group;
  const int group = blockIdx.y % groups, kv_head = blockIdx.y / groups % kv_heads;
  const int query = blockIdx.y / groups / kv_heads;
  const int head = kv_head * h.group + group * GROUP;       // the first of this block
  const int heads = min(GROUP, h.group - group * GROUP);    // how many
  const int seen = sight(h).of(query);
  const int pieces = (seen + PIECE - 1) / PIECE;
  if ((int)blockIdx.x >= pieces) return;

  q += n * h.q.batch + query * h.q.token + head * h.q.head;
  y += n * h.y.batch + query * h.y.token + head * h.y.head;
  k += (PAGED ? 0 : n * h.k.batch) + kv_head * h.k.head;
  v += (PAGED ? 0 : n * h.v.batch) + kv_head * h.v.head;
  for (int i = threadIdx.x; i < GROUP * WIDEST; i += WARPS * 32) {
    const int g = i / WIDEST, d = i % WIDEST;
    queries[g][d] = g < heads && d < h.width ? to_f32(q[g * h.q.head + d]) * (h.scale * LOG2_E) : 0.f;
  }
  __syncthreads();

  // each warp has 32 keys: a key a lane
  const int key = blockIdx.x * PIECE + warp * 32 + lane;
  float scores[GROUP] = {};
  if (key < seen) {
    const T* mine = k + row<PAGED>(h.k, h, key);
    for (int d = 0; d < h.width; d += Vec<T>::N) {
      const Vec<T> x = load(mine + d, h.width - d);
#pragma unroll
      for (int g = 0; g < GROUP; g++) {
        if (g >= heads) continue;
#pragma unroll
        for (int j = 0; j < Vec<T>::N; j++) scores[g] += queries[g][d + j] * to_f32(x.v[j]);
      }
    }
  }
#pragma unroll
  for (int g = 0; g < GROUP; g++) {
    if (g >= heads) continue;
    const float score = key < seen ? scores[g] : NEVER;
    const float top = warp_max(score);
    const float weight = key < seen ? fast_exp2(score - top) : 0.f;
    weights[warp][g][lane] = weight;
    const float sum = warp_sum(weight);
    if (lane == 0) largest[warp][g] = top, total[warp][g] = sum;
  }
  __syncthreads();

  // then a channel a thread, all heads: its warps' weights of each key, put on one scale
  const int d = threadIdx.x;
  const int count = min(PIECE, seen - (int)blockIdx.x * PIECE);
  float own[GROUP] = {}, top[GROUP], sum[GROUP] = {};
#pragma unroll
  for (int g = 0; g < GROUP; g++) {
    if (g >= heads) continue;
    top[g] = NEVER;
#pragma unroll
    for (int w = 0; w < WARPS; w++) top[g] = fmaxf(top[g], largest[w][g]);
#pragma unroll
    for (int w = 0; w < WARPS; w++) sum[g] += total[w][g] * fast_exp2(largest[w][g] - top[g]);
  }
  for (int w = 0; w * 32 < count; w++) {
    float part[GROUP] = {};
    if (d < h.width) {
      const int keys = min(32, count - w * 32);
      for (int half = 0; half < keys; half += 16) {  // which no page cuts
        const T* column = v + row<PAGED>(h.v, h, blockIdx.x * PIECE + w * 32 + half) + d;
#pragma unroll 8
        for (int i = half; i < min(half + 16, keys); i++) {
          const float x = to_f32(column[(i - half) * h.v.token]);
#pragma unroll
          for (int g = 0; g < GROUP; g++)
            if (g < heads) part[g] += weights[w][g][i] * x;
        }
      }
    }
#pragma unroll
    for (int g = 0; g < GROUP; g++)
      if (g < heads) own[g] += part[g] * fast_exp2(largest[w][g] - top[g]);
  }

  if (pieces == 1) {
#pragma unroll
    for (int g = 0; g < GROUP; g++)
      if (g < heads && d < h.width) y[g * h.y.head + d] = from_f32<T>(own[g] / sum[g]);
    return;
  }

  const int line = n * gridDim.y + blockIdx.y;
  parts += (long long)line * gridDim.x;
  Part& mine = parts[blockIdx.x];
#pragma unroll
  for (int g = 0; g < GROUP; g++) {
    if (g >= heads) continue;
    mine.sums[g][d] = own[g];
    if (d == 0) mine.largest[g] = top[g], mine.total[g] = sum[g];
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(arrived + line, 1u) == (unsigned)pieces - 1;
    if (last) arrived[line] = 0;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  for (int g = 0; g < heads; g++) {
    float all = NEVER;
    for (int i = 0; i < pieces; i++) all = fmaxf(all, load_l2(&parts[i].largest[g]));
    float result = 0.f, weight = 0.f;
    for (int i = 0; i < pieces; i++) {
      const float shrink = fast_exp2(load_l2(&parts[i].largest[g]) - all);
      result += load_l2(&parts[i].sums[g][d]) * shrink;
      weight += load_l2(&parts[i].total[g]) * shrink;
    }
    if (d < h.width) y[g * h.y.head + d] = from_f32<T>(result / weight);
  }
}

#define ENTRY(NAME, T, PAGED)                                                                                          \
  extern "C" __global__ void __launch_bounds__(128, 2)                                                                \
      NAME(T* y, const T* q, const T* k, const T* v, Heads heads, Part* parts, unsigned* arrived) {                   \
    attention_step<PAGED>(y, q, k, v, heads, parts, arrived);                                                         \
  }                                                                                                                   \
  EXPORT_KERNEL(NAME)

// What each of several sequences has.
struct Sequence {
  const void *k, *v;
  const int *past_at, *table;
  int keys;
};
struct Sequences {
  Sequence of[32];
};

#define SEQUENCES(NAME, T)                                                                                            \
  extern "C" __global__ void __launch_bounds__(128, 2)                                                                \
      NAME(T* y, const T* q, const __grid_constant__ Sequences sequences, Heads heads, Part* parts,                   \
           unsigned* arrived) {                                                                                       \
    const Sequence& s = sequences.of[blockIdx.z];                                                                     \
    heads.past_at = s.past_at, heads.table = s.table, heads.keys = s.keys;                                            \
    attention_step<true>(y, q, static_cast<const T*>(s.k), static_cast<const T*>(s.v), heads, parts, arrived);        \
  }                                                                                                                   \
  EXPORT_KERNEL(NAME)

ENTRY(attention_step_f32, float, false)
ENTRY(attention_step_bf16, bf16, false)
ENTRY(attention_step_paged_f32, float, true)
ENTRY(attention_step_paged_bf16, bf16, true)
SEQUENCES(attention_step_sequences_f32, float)
SEQUENCES(attention_step_sequences_bf16, bf16)
