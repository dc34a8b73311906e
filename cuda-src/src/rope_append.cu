// y = rope(q), and token *at + t of the pages gets keys rope(k)[t] and values v[t]: what stands between the product that
// makes q, k, v and attention, with the bits of rope.cu and copy.cu; *at and the table are read when the kernel runs.
// y, q: [T, H, D]; k, v: [T, K, D]; keys, values: [P, K, S, D], S a power of two; table: [n], i32, with *at + T <= n * S;
// T = f32 or bf16, heads contiguous; cos, sin: [A, D/2], f32, A >= T, the angles of token t in row
// (*at + t) mod A; y may be q itself.
// Grid: ceil(T * (H + 2K) * ceil(D/2 / N) / 256) blocks, N elements of T being 16 bytes.  Block: 256 threads.
// Any alignment; 16 bytes at a time where heads allow it.  Bound by memory.  Deterministic.
// Twin: ReferenceKernels.ropeAppend
// _sequences: as many tokens of each of up to 16 sequences, one after the other; the grid's y has a line of blocks for each.
#include "rope_append.cuh"

template <typename T>
struct Sources {
  Heads<const T> q, k, v;
  int tokens;
};

// Tokens of sources from `first` on; token 0 of the destination is that one.
template <typename T>
__device__ __forceinline__ void rope_append(const Destination<T>& d, const Sources<T>& s, int first) {
  const int pieces = (d.half + Vec<T>::N - 1) / Vec<T>::N;
  const int per_token = d.all() * pieces;
  const long long unit = (long long)blockIdx.x * 256 + threadIdx.x;
  const int t = (int)(unit / per_token);
  if (t >= s.tokens) return;
  const int from = first + t;
  const int head = (int)(unit % per_token) / pieces;
  const int j = (int)(unit % per_token) % pieces * Vec<T>::N;
  T* to = d.to(t, head);
  if (d.is_value(head)) {
    const T* v = s.v.at(from, head - d.heads - d.kv_heads);
    store(to + j, load(v + j, d.half - j), d.half - j);
    store(to + d.half + j, load(v + d.half + j, d.half - j), d.half - j);
  } else {
    const T* x = head < d.heads ? s.q.at(from, head) : s.k.at(from, head - d.heads);
    rotate(to, x, d.cos + d.angle(t), d.sin + d.angle(t), j, d.half);
  }
}

// What several sequences have.
template <typename T>
struct Destinations {
  Destination<T> of[16];
};

#define ENTRIES(TYPE, T)                                                                              \
  extern "C" __global__ void __launch_bounds__(256)                                                   \
      rope_append_##TYPE(Destination<T> to, Sources<T> from) {                                        \
    rope_append(to, from, 0);                                                                         \
  }                                                                                                   \
  EXPORT_KERNEL(rope_append_##TYPE)                                                                   \
  extern "C" __global__ void __launch_bounds__(256)                                                   \
      rope_append_sequences_##TYPE(const __grid_constant__ Destinations<T> to, Sources<T> from) {     \
    rope_append(to.of[blockIdx.y], from, blockIdx.y * from.tokens);                                   \
  }                                                                                                   \
  EXPORT_KERNEL(rope_append_sequences_##TYPE)

ENTRIES(f32, float)
ENTRIES(bf16, bf16)
