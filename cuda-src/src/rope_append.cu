// y = rope(q), and token *at + t of the pages gets keys rope(k)[t] and values v[t]: what stands between the product that
// makes q, k, v and attention, with the bits of rope.cu and copy.cu; *at and the table are read when the kernel runs.
// y, q: [T, H, D]; k, v: [T, K, D]; keys, values: [P, K, S, D], S a power of two; table: [n], i32, with *at + T <= n * S;
// T = f32 or bf16, heads contiguous; cos, sin: [A, D/2], f32, A >= T, the angles of token t in row
// (*at + t) mod A; y may be q itself.
// Grid: ceil(T * (H + 2K) * ceil(D/2 / N) / 256) blocks, N elements of T being 16 bytes.  Block: 256 threads.
// Any alignment; 16 bytes at a time where heads allow it.  Bound by memory.  Deterministic.
// Twin: ReferenceKernels.ropeAppend
#include "rope.cuh"

// Heads of tokens; strides in elements.
template <typename T>
struct Heads {
  T* first;
  long long token, head;

  __device__ __forceinline__ T* at(long long t, int h) const { return first + t * token + h * head; }
};

// Heads of tokens in pages; strides in elements.
template <typename T>
struct Pages {
  T* first;
  long long page, head, token;

  __device__ __forceinline__ T* at(long long p, int t, int h) const { return first + p * page + t * token + h * head; }
};

template <typename T>
struct Operands {
  Pages<T> keys, values;
  const int* table;
  Heads<T> y;
  Heads<const T> q, k, v;
  const float *cos, *sin;
  const int* at;
  int angles, tokens, heads, kv_heads, half, size;  // size: tokens of a page
};

template <typename T>
__device__ __forceinline__ void rope_append(const Operands<T>& o) {
  const int pieces = (o.half + Vec<T>::N - 1) / Vec<T>::N;
  const int per_token = (o.heads + 2 * o.kv_heads) * pieces;
  const long long unit = (long long)blockIdx.x * 256 + threadIdx.x;
  const int t = (int)(unit / per_token);
  if (t >= o.tokens) return;
  const int head = (int)(unit % per_token) / pieces;
  const int j = (int)(unit % per_token) % pieces * Vec<T>::N;
  const int to = *o.at + t, angle = to % o.angles;
  const float* cos = o.cos + (long long)angle * o.half;
  const float* sin = o.sin + (long long)angle * o.half;
  if (head < o.heads) {
    rotate(o.y.at(t, head), o.q.at(t, head), cos, sin, j, o.half);
    return;
  }
  const int page = o.table[to / o.size], line = to % o.size;
  const int kv_head = (head - o.heads) % o.kv_heads;
  if (head < o.heads + o.kv_heads) {
    rotate(o.keys.at(page, line, kv_head), o.k.at(t, kv_head), cos, sin, j, o.half);
    return;
  }
  T* value = o.values.at(page, line, kv_head);
  const T* v = o.v.at(t, kv_head);
  store(value + j, load(v + j, o.half - j), o.half - j);
  store(value + o.half + j, load(v + o.half + j, o.half - j), o.half - j);
}

extern "C" __global__ void __launch_bounds__(256) rope_append_f32(Operands<float> o) { rope_append(o); }
EXPORT_KERNEL(rope_append_f32)

extern "C" __global__ void __launch_bounds__(256) rope_append_bf16(Operands<bf16> o) { rope_append(o); }
EXPORT_KERNEL(rope_append_bf16)
