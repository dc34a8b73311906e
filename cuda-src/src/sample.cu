// y[r] = the token drawn by the logits x[r], after penalty, temperature, top-k and top-p: Kernels.sample, in integers.
// x: rows of `columns` elements, T = f32 or bf16, any alignment; y, guesses: [answers * rows] of int; options: [answers, 4]
// of f32, temperature, top-k, top-p, penalty; draws: [answers, 2], seed and number of draws, counted on; said:
// [answers, columns] of bytes, written. A row after an answer's first counts if the row before chose its guess.
// Grid: one block an answer.  Block: a multiple of 32 threads, at most 1024.  Shared: 41 KiB static.
// Without a sort: tokens are counted and weighed in bins by their distance from the likeliest; a bin that holds many is
// cut further by the digits of their rank; what is left is ranked by counting who comes before whom.
// Reads x up to five times where few tokens share a bin.  Deterministic: sums are of integers.
// Twin: ReferenceKernels.sample
#include "rows.cuh"
#include "vec.cuh"

typedef unsigned long long u64;

static constexpr int FRACTION = 24, OCTAVES = 41, BIN = 20, DIGIT = 10, BINS = 1 << DIGIT, FEW = 512;
static constexpr int RANK_BITS = 50, ID_BITS = 18, LAST_BIN = OCTAVES << (FRACTION - BIN);
static constexpr unsigned ALL = 0xffffffffu;

// How many tokens, and what they weigh.
struct Heap {
  u64 count, weight;
};

struct Listed {
  u64 rank, weight;
};

struct Shared {
  Heap first[BINS], digits[BINS], groups[32];
  Listed list[FEW];
  float values[32];
  int places[32];
  int listed, bin, found;
  u64 rest;
  Heap before, inside;
};

// One row, and how its logits become weights.
template <typename T>
struct Logits {
  const T* x;
  const unsigned char* said;
  float penalty, top, scale;
  int columns;

  // body(logit, id) for each token
  template <typename Body>
  __device__ __forceinline__ void each(Body body) const {
    for (int c = threadIdx.x * Vec<T>::N; c < columns; c += blockDim.x * Vec<T>::N) {
      const Vec<T> v = load(x + c, columns - c);
#pragma unroll
      for (int j = 0; j < Vec<T>::N; j++) {
        if (c + j >= columns) continue;
        float logit = to_f32(v.v[j]);
        if (penalty != 1.f && said[c + j]) logit = logit > 0.f ? logit / penalty : __fmul_rn(logit, penalty);
        body(logit, c + j);
      }
    }
  }

  // Below the likeliest, in octaves with 24 fraction bits; -1 if too far to weigh anything.
  __device__ __forceinline__ int distance(float logit) const {
    if (logit == top) return 0;
    const float d = __fmul_rn(top - logit, scale);
    return d < (float)(OCTAVES << FRACTION) ? (int)d : -1;
  }
};

__device__ __forceinline__ u64 weight_of(int distance) {
  if (distance < 0) return 0;
  const u64 f = distance & ((1 << FRACTION) - 1);
  u64 p = 117063;
  p = 1368751 - (p * f >> FRACTION);
  p = 10285566 - (p * f >> FRACTION);
  p = 59582747 - (p * f >> FRACTION);
  p = 257938951 - (p * f >> FRACTION);
  p = 744260993 - (p * f >> FRACTION);
  p = (1 << 30) - (p * f >> FRACTION);
  return p << 10 >> (distance >> FRACTION);
}

__device__ __forceinline__ int bin_of(int distance) { return distance < 0 ? LAST_BIN : distance >> BIN; }

// Ascends with falling logits, then with the id.
__device__ __forceinline__ u64 rank_of(float logit, int id) {
  const int bits = (int)__float_as_uint(logit + 0.f);
  return (u64)~(unsigned)(bits ^ (bits >> 31 | (int)0x80000000)) << ID_BITS | (unsigned)id;
}

__device__ __forceinline__ void meet(float& value, int& at, float v, int i) {
  if (at < 0) return;
  if (v != v || i < 0) at = -1;
  else if (v > value || (v == value && i < at)) value = v, at = i;
}

__device__ __forceinline__ void warp_first(float& value, int& at) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) {
    const float v = __shfl_xor_sync(ALL, value, offset);
    const int i = __shfl_xor_sync(ALL, at, offset);
    meet(value, at, v, i);
  }
}

// The likeliest token, -1 if there is a NaN; its logit in s.values[0].
template <typename T>
__device__ __forceinline__ int first_token(Shared& s, const Logits<T>& row) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float value = -3.402823466e38f;
  int at = 0x7fffffff;
  row.each([&](float logit, int id) { meet(value, at, logit, id); });
  warp_first(value, at);
  if (lane == 0) s.values[warp] = value, s.places[warp] = at;
  __syncthreads();
  if (warp == 0) {
    const bool own = lane < (int)(blockDim.x >> 5);
    value = own ? s.values[lane] : -3.402823466e38f;
    at = own ? s.places[lane] : 0x7fffffff;
    warp_first(value, at);
    __syncwarp();
    // a row of nothing but -inf met no number above the start
    const bool nothing = at == 0x7fffffff;
    if (lane == 0) s.values[0] = nothing ? -__uint_as_float(0x7f800000) : value, s.places[0] = nothing ? 0 : at;
  }
  __syncthreads();
  return s.places[0];
}

__device__ __forceinline__ void clear(Heap* heaps) {
  for (int i = threadIdx.x; i < BINS; i += blockDim.x) heaps[i].count = heaps[i].weight = 0;
}

__device__ __forceinline__ void put(Heap& heap, u64 weight) {
  atomicAdd(&heap.count, (u64)1);
  if (weight) atomicAdd(&heap.weight, weight);
}

__device__ __forceinline__ u64 measure(const Heap& heap, bool by_weight) { return by_weight ? heap.weight : heap.count; }

// Of 32 heaps, a lane each, the one in which s.rest lies; takes those before it from s.rest. A whole warp.
__device__ __forceinline__ int step(Shared& s, Heap heap, bool by_weight) {
  const int lane = threadIdx.x & 31;
  Heap sum = {0, 0};
  for (int i = 0; i < 32; i++) {
    const u64 count = __shfl_sync(ALL, heap.count, i), weight = __shfl_sync(ALL, heap.weight, i);
    if (i < lane) sum.count += count, sum.weight += weight;
  }
  const u64 rest = s.rest, before = measure(sum, by_weight);
  __syncwarp();
  if (before <= rest && rest - before < measure(heap, by_weight)) {
    s.rest = rest - before;
    s.before.count += sum.count;
    s.before.weight += sum.weight;
    s.inside = heap;
    s.bin = lane;
  }
  __syncwarp();
  return s.bin;
}

// The heap in which s.rest lies. All threads.
__device__ __forceinline__ int pick(Shared& s, const Heap* heaps, bool by_weight) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  __syncthreads();
  for (int g = warp; g < BINS / 32; g += blockDim.x >> 5) {
    Heap sum = heaps[g * 32 + lane];
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
      sum.count += __shfl_xor_sync(ALL, sum.count, offset);
      sum.weight += __shfl_xor_sync(ALL, sum.weight, offset);
    }
    if (lane == 0) s.groups[g] = sum;
  }
  __syncthreads();
  if (warp == 0) {
    const int group = step(s, s.groups[lane], by_weight);
    __syncwarp();
    const int bin = step(s, heaps[group * 32 + lane], by_weight);
    __syncwarp();
    if (lane == 0) s.bin = group * 32 + bin;
  }
  __syncthreads();
  return s.bin;
}

// The token in whose stretch, of numbers of tokens or of weights, `position` lies; what it and all before it weigh goes to
// `weight`.
template <typename T>
__device__ __forceinline__ int find(Shared& s, const Logits<T>& row, bool by_weight, u64 position, u64& weight) {
  __syncthreads();
  if (threadIdx.x == 0) s.rest = position, s.before.count = s.before.weight = 0, s.listed = 0;
  const int bin = pick(s, s.first, by_weight);
  int shift = RANK_BITS;
  u64 prefix = 0;
  while (s.inside.count > FEW) {
    clear(s.digits);
    shift -= DIGIT;
    __syncthreads();
    row.each([&](float logit, int id) {
      const int distance = row.distance(logit);
      const u64 rank = rank_of(logit, id);
      if (bin_of(distance) == bin && rank >> shift >> DIGIT == prefix)
        put(s.digits[rank >> shift & (BINS - 1)], weight_of(distance));
    });
    prefix = prefix << DIGIT | (unsigned)pick(s, s.digits, by_weight);
  }
  row.each([&](float logit, int id) {
    const int distance = row.distance(logit);
    const u64 rank = rank_of(logit, id);
    if (bin_of(distance) == bin && rank >> shift == prefix) {
      Listed& own = s.list[atomicAdd(&s.listed, 1)];
      own.rank = rank, own.weight = weight_of(distance);
    }
  });
  __syncthreads();
  for (int i = threadIdx.x; i < s.listed; i += blockDim.x) {
    Heap sum = {0, 0};
    const Listed own = s.list[i];
    for (int j = 0; j < s.listed; j++)
      if (s.list[j].rank < own.rank) sum.count++, sum.weight += s.list[j].weight;
    const u64 before = measure(sum, by_weight);
    if (before <= s.rest && s.rest - before < measure(Heap{1, own.weight}, by_weight)) {
      s.found = (int)(own.rank & ((1 << ID_BITS) - 1));
      s.inside.weight = sum.weight + own.weight;
    }
  }
  __syncthreads();
  weight = s.before.weight + s.inside.weight;
  return s.found;
}

// The last position of `weight` whose token belongs to the first `top_p` of it.
__device__ __forceinline__ u64 nucleus(u64 weight, float top_p) {
  const u64 part = max((u64)1, (u64)(top_p * 4294967296.f));
  return __umul64hi(weight << 6, part << 26) - ((weight << 6) * (part << 26) == 0);
}

// Where draw `count` of `seed` lies in `weight`: SplittableRandom's numbers.
__device__ __forceinline__ u64 draw(u64 seed, u64 count, u64 weight) {
  u64 z = seed + 0x9e3779b97f4a7c15ull * (count + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return __umul64hi(z ^ (z >> 31), weight);
}

template <typename T>
__device__ __forceinline__ int choose(Shared& s, Logits<T>& row, const float* options, const u64* draws) {
  const int place = first_token(s, row);
  if (place < 0 || options[0] == 0.f) return place;
  row.top = s.values[0];
  row.scale = 24204406.f / options[0];
  clear(s.first);
  __syncthreads();
  row.each([&](float logit, int) {
    const int distance = row.distance(logit);
    put(s.first[bin_of(distance)], weight_of(distance));
  });
  __syncthreads();
  u64 weight = 0;
  const int top_k = (int)options[1];
  if (top_k > 0 && top_k < row.columns) {
    find(s, row, false, top_k - 1, weight);
  } else {
    for (int i = 0; i <= LAST_BIN; i++) weight += s.first[i].weight;
  }
  if (options[2] != 1.f) find(s, row, true, nucleus(weight, options[2]), weight);
  return find(s, row, true, draw(draws[0], draws[1], weight), weight);
}

template <typename T>
__device__ __forceinline__ void sample(int* y, const T* x, const Rows& x_rows, int columns, int rows, const int* guesses,
                                       const float* options, u64* draws, unsigned char* said) {
  __shared__ Shared s;
  options += blockIdx.x * 4;
  draws += blockIdx.x * 2;
  said += (long long)blockIdx.x * columns;
  int last = 0;
  for (int i = 0; i < rows; i++) {
    const int r = blockIdx.x * rows + i;
    if (i > 0 && (last < 0 || last != guesses[r])) {
      last = -2;
    } else {
      Logits<T> row = {x + row_at(x_rows, r), said, options[3], 0.f, 0.f, columns};
      last = choose(s, row, options, draws);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      y[r] = last;
      if (last >= 0) {
        draws[1]++;
        if (options[3] != 1.f) said[last] = 1;
      }
    }
    __syncthreads();
  }
}

extern "C" __global__ void __launch_bounds__(1024)
    sample_f32(int* y, const float* x, Rows x_rows, int columns, int rows, const int* guesses, const float* options,
               u64* draws, unsigned char* said) {
  sample(y, x, x_rows, columns, rows, guesses, options, draws, said);
}
EXPORT_KERNEL(sample_f32)

extern "C" __global__ void __launch_bounds__(1024)
    sample_bf16(int* y, const bf16* x, Rows x_rows, int columns, int rows, const int* guesses, const float* options,
                u64* draws, unsigned char* said) {
  sample(y, x, x_rows, columns, rows, guesses, options, draws, said);
}
EXPORT_KERNEL(sample_bf16)
