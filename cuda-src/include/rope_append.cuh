// Where the heads of new tokens go: queries to y, keys and values to pages. Twin of CudaKernels.addDestination.
#pragma once
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

// Token t is at place *at + t; the angles of place p are in row p mod `angles`.
template <typename T>
struct Destination {
  Pages<T> keys, values;
  const int* table;
  Heads<T> y;
  const float *cos, *sin;
  const int* at;
  int angles, heads, kv_heads, half, size;  // size: tokens of a page

  // All heads of a token: queries, keys, values.
  __device__ __forceinline__ int all() const { return heads + 2 * kv_heads; }
  __device__ __forceinline__ bool is_value(int head) const { return head >= heads + kv_heads; }
  // Elements from where an angle of token t lies in cos and sin to the first.
  __device__ __forceinline__ long long angle(int t) const { return (long long)((*at + t) % angles) * half; }
  __device__ __forceinline__ T* to(int t, int head) const {
    if (head < heads) return y.at(t, head);
    const int place = *at + t, page = table[place / size];
    return (is_value(head) ? values : keys).at(page, place % size, (head - heads) % kv_heads);
  }
};
