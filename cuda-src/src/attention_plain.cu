// y = softmax(scale * q k^T + mask) v for any head width up to 256 and any alignment, T = f32 or bf16, all in f32: for
// checking in f32, and for heads that attention.cu has no shape for.
//   y, q: [N, Tq, H, D]   k, v: [N, Tk, K, D], heads contiguous
// A warp has a query of a head: a key a lane, then a channel a lane, streaming over 32 keys at a time.
// Grid: (ceil(Tq / 4), H, N).  Block: 128 threads.  Shared: 5 KiB static.  Deterministic.
// Twin: ReferenceKernels.attention
// _paged: k, v are pages, found by a table as attention.cuh says.  Twin: ReferenceKernels.attentionPaged
#include "attention.cuh"
#include "reduce.cuh"

static constexpr int WARPS = 4, WIDEST = 256, MINE = WIDEST / 32;

template <bool PAGED, typename T>
__device__ __forceinline__ void attention(T* y, const T* q, const T* k, const T* v, const Heads& h) {
  __shared__ float queries[WARPS][WIDEST];
  __shared__ float weights[WARPS][32];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int query = blockIdx.x * WARPS + warp, head = blockIdx.y, n = blockIdx.z;
  if (query >= h.queries) return;
  q += n * h.q.batch + query * h.q.token + head * h.q.head;
  y += n * h.y.batch + query * h.y.token + head * h.y.head;
  k += n * h.k.batch + head / h.group * h.k.head;
  v += n * h.v.batch + head / h.group * h.v.head;
  for (int d = lane; d < h.width; d += 32) queries[warp][d] = to_f32(q[d]) * h.scale;
  __syncwarp();

  const int seen = sight(h).of(query);
  float sums[MINE] = {};
  float largest = NEVER, total = 0.f;
  for (int first = 0; first < seen; first += 32) {
    const int count = min(32, seen - first);
    float score = NEVER;
    if (lane < count) {
      const T* key = k + row<PAGED>(h.k, h, first + lane);
      score = 0.f;
      for (int d = 0; d < h.width; d++) score += queries[warp][d] * to_f32(key[d]);
    }
    const float now = fmaxf(largest, warp_max(score));
    const float shrink = expf(largest - now);
    largest = now;
    const float weight = lane < count ? expf(score - now) : 0.f;
    total = total * shrink + warp_sum(weight);
    weights[warp][lane] = weight;
    __syncwarp();
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      const int d = lane + 32 * i;
      if (d >= h.width) continue;
      sums[i] *= shrink;
      for (int j = 0; j < count; j++) sums[i] += weights[warp][j] * to_f32(v[row<PAGED>(h.v, h, first + j) + d]);
    }
    __syncwarp();
  }
#pragma unroll
  for (int i = 0; i < MINE; i++)
    if (lane + 32 * i < h.width) y[lane + 32 * i] = from_f32<T>(sums[i] / total);
}

#define ENTRY(NAME, T, PAGED)                                                                                          \
  extern "C" __global__ void __launch_bounds__(128) NAME(T* y, const T* q, const T* k, const T* v, Heads heads) {     \
    attention<PAGED>(y, q, k, v, heads);                                                                              \
  }                                                                                                                   \
  EXPORT_KERNEL(NAME)

ENTRY(attention_plain_f32, float, false)
ENTRY(attention_plain_bf16, bf16, false)
ENTRY(attention_plain_paged_f32, float, true)
ENTRY(attention_plain_paged_bf16, bf16, true)
