// What the attention kernels share. Twin of the Java class Attention.
//   y, q: [N, Tq, H, D]   k, v: [N, Tk, K, D]   query head h reads kv head h / (H / K); heads contiguous
// PAGED: N is 1, and k, v are pages [P, S, K, D], S a power of two, at least 16; token t is token t % S of the page that
// table[t / S] numbers.
#pragma once
#include "vec.cuh"

// Elements from one index to the next.
struct HeadStrides {
  long long batch, token, head;  // of pages, batch is from one to the next
};

struct Heads {
  HeadStrides y, q, k, v;
  const int* past_at;  // if not null, `past` lies there and is read when the kernel runs
  const int* table;    // of pages
  int past;            // keys before the first query; negative: every query sees every key
  int batch, queries, keys, heads, group, width;  // group: query heads of a kv head
  float scale;
  int page;            // tokens of one, as a power of 2
};

// Elements from where keys, or values, of a kv head begin to those of a token.
template <bool PAGED>
__device__ __forceinline__ long long row(const HeadStrides& strides, const Heads& h, int token) {
  if (!PAGED) return token * strides.token;
  return h.table[token >> h.page] * strides.batch + (token & ((1 << h.page) - 1)) * strides.token;
}

struct Sight {
  int keys, past;
  bool causal;

  // How many keys query i sees: the first ones.
  __device__ __forceinline__ int of(int i) const { return causal ? min(keys, past + i + 1) : keys; }
};

__device__ __forceinline__ Sight sight(const Heads& h) {
  const int past = h.past_at ? *h.past_at : h.past;
  return {h.keys, past, past >= 0};
}

// Below every score; its weight beside any other is 0.
static constexpr float NEVER = -1e30f;
static constexpr float LOG2_E = 1.4426950408889634f;
