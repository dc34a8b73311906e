// y = rope(q), and token *at + t of the pages gets keys rope(k)[t] and values v[t]: what stands between the product that
// makes q, k, v and attention, with the bits of rope.cu and copy.cu; *at and the table are read when the kernel runs.
// y, q: [T, H, D]; k, v: [T, K, D]; keys, values: [P, K, S, D], S a power of two; table: [n], i32, with *at + T <= n * S;
// T = f32 or bf16, heads contiguous; cos, sin: [A, D/2], f32, A >= T, the angles of token t in row
// (*at + t) mod A; y may be q itself.
// Grid: ceil(T * (H + 2K) * ceil(D/2 / N) / 256) blocks, N elements of T being 16 bytes.  Block: 256 threads.
// Any alignment; 16 bytes at a time where heads allow it.  Bound by memory.  Deterministic.
// Twin: ReferenceKernels.ropeAppend
#include "rope_append.cuh"

template <typename T>
struct Sources {
  Heads<const T> q, k, v;
  int tokens;
};

template <typename T>
__device__ __forceinline__ void rope_append(const Destination<T>& d, const Sources<T>& s) {
  const int pieces = (d.half + Vec<T>::N - 1) / Vec<T>::N;
  const int per_token = d.all() * pieces;
  const long long unit = (long long)blockIdx.x * 256 + threadIdx.x;
  const int t = (int)(unit / per_token);
  if (t >= s.tokens) return;
  const int head = (int)(unit % per_token) / pieces;
  const int j = (int)(unit % per_token) % pieces * Vec<T>::N;
  T* to = d.to(t, head);
  if (d.is_value(head)) {
    const T* v = s.v.at(t, head - d.heads - d.kv_heads);
    store(to + j, load(v + j, d.half - j), d.half - j);
    store(to + d.half + j, load(v + d.half + j, d.half - j), d.half - j);
  } else {
    const T* from = head < d.heads ? s.q.at(t, head) : s.k.at(t, head - d.heads);
    rotate(to, from, d.cos + d.angle(t), d.sin + d.angle(t), j, d.half);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    rope_append_f32(Destination<float> to, Sources<float> from) {
  rope_append(to, from);
}
EXPORT_KERNEL(rope_append_f32)

extern "C" __global__ void __launch_bounds__(256)
    rope_append_bf16(Destination<bf16> to, Sources<bf16> from) {
  rope_append(to, from);
}
EXPORT_KERNEL(rope_append_bf16)
