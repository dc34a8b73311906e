// CUDA on the CPU, for tests: every CUDA thread of a block is a fiber on one host thread, blocks run one
// after the other on a few host threads. Exact where CUDA is exact (warp shuffles, barriers, mma fragment
// layouts, cp.async visibility); strict where CUDA is silent (see emu.cpp for what is detected).
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <tuple>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static thread_local  // a host thread runs one block at a time
#define DYN_SMEM(name) unsigned char* name = emu::self()->block->smem

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };

namespace emu {

enum class Wait : uint8_t { none, warp, block, poll, done };

constexpr uint32_t SMEM_BASE = 1024 + 256;  // where dynamic shared memory begins, as after some static memory

struct PendingCopy { void* dst; const void* src; int group; bool valid; };

// What one lane hands to a collective: a value, an address, or its mma fragments (a0..a3, b0, b1).
struct Cell { uint64_t w[3]; };

struct Warp {
  Cell given[32];  // each lane's own, written before it waits
  Cell taken[32];  // copied from `given` when the group meets, so a fast lane cannot disturb a slow reader
};

struct Block {
  uint3 idx; dim3 dim, grid;
  unsigned char* smem; uint32_t smem_bytes;
};

typedef void (*Together)(Cell*);  // what a whole warp computes at once, in place

struct Thread {
  uint3 tid;
  int linear, lane;
  Block* block;
  Warp* warp;
  Wait wait;
  uint32_t mask;        // lanes that must meet, while wait == warp
  Together together;    // run once when they do
  const char* file; int line;  // where it waits
  void* sp; unsigned char* stack;
  PendingCopy* pending; int pending_count, pending_room, groups;
  struct Products* products;  // Hopper: what the tensor cores still owe this thread
};

extern __thread Thread* running __attribute__((visibility("hidden")));
inline Thread* self() { return running; }                              // the running CUDA thread
void meet_warp(uint32_t mask, Together, const char* file, int line);   // all lanes of mask arrive
void meet_block(const char* file, int line);                           // all live threads arrive
void copy_async(void* dst, const void* src, bool valid);
void copy_commit();
void copy_wait(int newest_left_in_flight);
void poll(const char* file, int line);                                 // let others run while spinning on memory
void fault(const char* what, const char* file, int line);              // ends the launch with an error

// What EXPORT_KERNEL leaves in the shared object for the stand-in driver.
struct Kernel {
  int params;
  const uint16_t* param_bytes;
  void (*call)(void* const* args);
};
// A cooperative grid runs with all its blocks alive; such kernels use dynamic shared memory only.
struct Launch { dim3 grid, block; size_t smem; void* const* args; uint64_t order_seed; bool cooperative; };
// Runs one kernel to its end; null, or what went wrong.
extern "C" const char* emu_run(const Kernel*, const Launch*);

template <class... A, size_t... I>
void call_with(void (*f)(A...), void* const* args, std::index_sequence<I...>) {
  f(*static_cast<std::remove_reference_t<A>*>(args[I])...);
}
template <auto F> struct Export;
template <class... A, void (*F)(A...)> struct Export<F> {
  static void call(void* const* args) { call_with(F, args, std::index_sequence_for<A...>{}); }
  static constexpr uint16_t bytes[sizeof...(A) + 1] = {sizeof(A)..., 0};
  static constexpr Kernel kernel = {sizeof...(A), bytes, &call};
};

template <class T> uint64_t to_slot(T v) { uint64_t s = 0; static_assert(sizeof(T) <= 8); memcpy(&s, &v, sizeof v); return s; }
template <class T> T from_slot(uint64_t s) { T v; memcpy(&v, &s, sizeof v); return v; }

// The running lane gives a cell; returns all lanes' cells once every lane of mask has given its own.
inline const Cell* meet(uint32_t mask, const Cell& mine, const char* file, int line, Together together = nullptr) {
  Thread* t = self();
  t->warp->given[t->lane] = mine;
  meet_warp(mask, together, file, line);
  return t->warp->taken;
}
template <class T> T exchange(uint32_t mask, T v, int from, const char* file, int line) {
  if (!(mask >> from & 1)) fault("shuffle from a lane outside its mask", file, line);
  return from_slot<T>(meet(mask, {{to_slot(v)}}, file, line)[from].w[0]);
}

}  // namespace emu

#define EXPORT_KERNEL(name) \
  extern "C" __attribute__((visibility("default"))) const emu::Kernel name##__emu = emu::Export<&name>::kernel;

#define threadIdx (emu::self()->tid)
#define blockIdx (emu::self()->block->idx)
#define blockDim (emu::self()->block->dim)
#define gridDim (emu::self()->block->grid)

#define EMU_AT const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline uint32_t smem_addr(const void* p) { return (uint32_t)((const unsigned char*)p - emu::self()->block->smem) + emu::SMEM_BASE; }
inline void __syncthreads(EMU_AT) { emu::meet_block(file, line); }
inline void __syncwarp(uint32_t mask = ~0u, EMU_AT) { emu::meet_warp(mask, nullptr, file, line); }
template <class T> T __shfl_sync(uint32_t m, T v, int src, EMU_AT) { return emu::exchange(m, v, src & 31, file, line); }
template <class T> T __shfl_xor_sync(uint32_t m, T v, int x, EMU_AT) {
  return emu::exchange(m, v, emu::self()->lane ^ x, file, line);
}
template <class T> T __shfl_down_sync(uint32_t m, T v, int d, EMU_AT) {
  const int from = emu::self()->lane + d;
  return emu::exchange(m, v, from < 32 ? from : emu::self()->lane, file, line);
}
inline uint32_t __ballot_sync(uint32_t mask, int p, EMU_AT) {
  const emu::Cell* lanes = emu::meet(mask, {{(uint64_t)(p != 0)}}, file, line);
  uint32_t r = 0;
  for (int i = 0; i < 32; i++) if (mask >> i & 1) r |= (uint32_t)lanes[i].w[0] << i;
  return r;
}
inline int __any_sync(uint32_t m, int p, EMU_AT) { return __ballot_sync(m, p, file, line) != 0; }

inline int atomicAdd(int* p, int v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
inline float atomicAdd(float* p, float v) {
  uint32_t old = __atomic_load_n((uint32_t*)p, __ATOMIC_RELAXED);
  for (;;) {
    const float f = emu::from_slot<float>(old) + v;
    if (__atomic_compare_exchange_n((uint32_t*)p, &old, (uint32_t)emu::to_slot(f), false, __ATOMIC_RELAXED,
                    __ATOMIC_RELAXED)) return emu::from_slot<float>(old);
  }
}
inline unsigned long long atomicAdd(unsigned long long* p, unsigned long long v) {
  return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
inline unsigned atomicAdd(unsigned* p, unsigned v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
inline unsigned load_acquire(const unsigned* p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
inline void spin_pause(EMU_AT) { emu::poll(file, line); }
inline float load_l2(const float* p) { return *p; }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

inline float __fmul_rn(float a, float b) {  // never part of a fused multiply-add
  float product = a * b;
  asm("" : "+x"(product));
  return product;
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
inline uint32_t __float_as_uint(float v) { return (uint32_t)emu::to_slot(v); }
inline float __uint_as_float(uint32_t v) { return emu::from_slot<float>(v); }
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
inline float fast_exp2(float x) { return exp2f(x); }
using std::max;
using std::min;

struct bf16 { uint16_t bits; };
inline float to_f32(bf16 v) { const uint32_t b = (uint32_t)v.bits << 16; float f; memcpy(&f, &b, 4); return f; }
inline bf16 to_bf16(float v) {  // round to nearest even; NaN stays NaN
  uint32_t b; memcpy(&b, &v, 4);
  if ((b & 0x7fffffffu) > 0x7f800000u) return {0x7fff};
  return {(uint16_t)((b + 0x7fffu + (b >> 16 & 1)) >> 16)};
}
struct f16 { uint16_t bits; };
inline float to_f32(f16 v) { _Float16 h; memcpy(&h, &v, 2); return (float)h; }
inline f16 to_f16(float v) { const _Float16 h = (_Float16)v; f16 r; memcpy(&r, &h, 2); return r; }
inline uint32_t pack_bf16(float lo, float hi) { return to_bf16(lo).bits | (uint32_t)to_bf16(hi).bits << 16; }

inline void cp_async_16(void* dst, const void* src, bool valid) { emu::copy_async(dst, src, valid); }
inline void cp_async_commit() { emu::copy_commit(); }
template <int N> void cp_async_wait() { emu::copy_wait(N); }

namespace emu {
// PTX ISA, "Matrix fragments for mma.m16n8k16": g = lane/4, t = lane%4;
// a0..a3 hold rows g, g+8, g, g+8 and columns 2t, 2t, 2t+8, 2t+8; b0,b1 rows 2t, 2t+8 of column g;
// d0..d3 hold rows g, g, g+8, g+8 and columns 2t, 2t+1, 2t, 2t+1.
inline void mma_warp(Cell* lanes) {
  typedef float v8 __attribute__((vector_size(32)));
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const int g = lane >> 2, t2 = (lane & 3) * 2;
    uint16_t v[12];
    memcpy(v, &lanes[lane], 24);
    for (int i = 0; i < 8; i++) a[g + (i & 2) * 4][t2 + (i & 1) + (i & 4) * 2] = to_f32(bf16{v[i]});
    for (int i = 0; i < 4; i++) b[t2 + (i & 1) + (i & 2) * 4][g] = to_f32(bf16{v[8 + i]});
  }
  for (int row = 0; row < 16; row++) {
    v8 sum = {}, x;
    for (int k = 0; k < 16; k++) memcpy(&x, b[k], 32), sum += a[row][k] * x;
    for (int t = 0; t < 4; t++) memcpy((char*)&lanes[(row & 7) * 4 + t] + (row & 8), (char*)&sum + t * 8, 8);
  }
}
}  // namespace emu
inline void mma_16816(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, EMU_AT) {
  emu::Cell mine;
  memcpy(&mine, a, 16);
  mine.w[2] = b0 | (uint64_t)b1 << 32;
  float product[4];
  memcpy(product, &emu::meet(~0u, mine, file, line, emu::mma_warp)[emu::self()->lane], 16);
  for (int i = 0; i < 4; i++) d[i] += product[i];
}

namespace emu {
inline void ldmatrix(uint32_t (&r)[4], const void* row, bool trans, const char* file, int line) {
  if ((uintptr_t)row & 15) fault("ldmatrix row is not 16-byte aligned", file, line);
  // Each lane gives its row itself, so no lane reads the tile after another has gone on to overwrite it.
  Thread* t = self();
  Cell mine;
  memcpy(&mine, row, 16);
  const Cell* lanes = meet(~0u, mine, file, line);
  const int g = t->lane >> 2, q = (t->lane & 3) * 2;
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 2; i++) {
      const Cell& from = lanes[j * 8 + (trans ? q + i : g)];
      uint16_t v;
      memcpy(&v, (const char*)&from + 2 * (trans ? g : q + i), 2);
      r[j] = i ? r[j] | (uint32_t)v << 16 : v;
    }
}
}  // namespace emu
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, EMU_AT) { emu::ldmatrix(r, row, false, file, line); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, EMU_AT) { emu::ldmatrix(r, row, true, file, line); }
