// Wrappers for Hopper's asynchronous instructions: bulk tensor copies, mbarriers, warpgroup mma.
// For sm_90a alone; g++ gets the emulation in emu/hopper.h.
#pragma once
#include "device.cuh"

#if defined(__CUDACC__)

struct alignas(64) TensorMap { unsigned char opaque[128]; };  // CUtensorMap, passed by value

#define HOPPER __device__ __forceinline__

HOPPER void mbar_init(uint64_t* bar, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" :: "r"(smem_addr(bar)), "r"(arrivals) : "memory");
}
HOPPER void mbar_init_done() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
HOPPER void mbar_arrive(uint64_t* bar) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" :: "r"(smem_addr(bar)) : "memory");
}
HOPPER void mbar_arrive_expect(uint64_t* bar, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" :: "r"(smem_addr(bar)), "r"(bytes) : "memory");
}
// Returns once the phase of this parity is complete.
HOPPER void mbar_wait(uint64_t* bar, int parity) {
  asm volatile(
    "{\n.reg .pred p;\nWAIT:\nmbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@p bra DONE;\nbra WAIT;\nDONE:\n}"
    :: "r"(smem_addr(bar)), "r"(parity) : "memory");
}
// One box of a map of two or of four dimensions, its first element at these coordinates, innermost first; completes on
// bar. What lies outside the tensor arrives as zeros.
HOPPER void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y) {
  asm volatile(
    "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];"
    :: "r"(smem_addr(smem)), "l"(&map), "r"(smem_addr(bar)), "r"(x), "r"(y) : "memory");
}
HOPPER void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y, int z, int w) {
  asm volatile(
    "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];"
    :: "r"(smem_addr(smem)), "l"(&map), "r"(smem_addr(bar)), "r"(x), "r"(y), "r"(z), "r"(w) : "memory");
}
// What the thread has written to shared memory is seen by tensor copies and products behind the next barrier.
HOPPER void async_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
template <int N> HOPPER void registers_up() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" :: "n"(N)); }
template <int N> HOPPER void registers_down() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" :: "n"(N)); }

// Products of a warpgroup, d[64][n] (+)= a[64][16] * b[n][16]^T, bf16 inputs, f32 sums, 64 * n / 128 of them a thread.
// The tensor cores read and write registers on their own from the time of issue until they are waited for.

// Moves no use of these registers past here: the compiler does not know that the tensor cores use them, too.
template <int R> HOPPER void pin(float (&d)[R]) {
#pragma unroll
  for (int i = 0; i < R; i++) asm volatile("" : "+f"(d[i]) :: "memory");
}
template <int R> HOPPER void pin(uint32_t (&a)[R][4]) {
#pragma unroll
  for (int i = 0; i < R; i++)
    asm volatile("" : "+r"(a[i][0]), "+r"(a[i][1]), "+r"(a[i][2]), "+r"(a[i][3]) :: "memory");
}
// Before products use registers that the thread has used.
template <class... T> HOPPER void wgmma_fence(T&... used) {
  (pin(used), ...);
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
HOPPER void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most N committed groups are in flight; d is complete then.
template <int N, class... T> HOPPER void wgmma_wait(T&... d) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(N) : "memory");
  (pin(d), ...);
}

#define P_0_31 \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29," \
  "%30,%31"
#define P_32_63 \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59," \
  "%60,%61,%62,%63"
#define P_64_87 \
  "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87"
#define D_4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define D_16(i) D_4(i), D_4(i + 4), D_4(i + 8), D_4(i + 12)

// Both operands in shared memory, K-major; without `add`, d is new.
HOPPER void wgmma(float (&d)[64], uint64_t a, uint64_t b, bool add) {
  asm volatile(
    "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
    "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" P_0_31 "," P_32_63 "}, %64, %65, p, 1, 1, 0, 0;\n}"
    : D_16(0), D_16(16), D_16(32), D_16(48) : "l"(a), "l"(b), "r"((int)add));
}
HOPPER void wgmma(float (&d)[88], uint64_t a, uint64_t b, bool add) {
  asm volatile(
    "{\n.reg .pred p;\nsetp.ne.b32 p, %90, 0;\n"
    "wgmma.mma_async.sync.aligned.m64n176k16.f32.bf16.bf16 {" P_0_31 "," P_32_63 "," P_64_87 "}, "
    "%88, %89, p, 1, 1, 0, 0;\n}"
    : D_16(0), D_16(16), D_16(32), D_16(48), D_16(64), D_4(80), D_4(84) : "l"(a), "l"(b), "r"((int)add));
}
// a in registers, as mma_16816 takes it; b in shared memory, MN-major; adds.
HOPPER void wgmma(float (&d)[32], const uint32_t (&a)[4], uint64_t b) {
  asm volatile(
    "{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"
    "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" P_0_31 "}, {%32,%33,%34,%35}, %36, p, 1, 1, 1;\n}"
    : D_16(0), D_16(16) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
}
HOPPER void wgmma(float (&d)[64], const uint32_t (&a)[4], uint64_t b) {
  asm volatile(
    "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
    "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" P_0_31 "," P_32_63 "}, "
    "{%64,%65,%66,%67}, %68, p, 1, 1, 1;\n}"
    : D_16(0), D_16(16), D_16(32), D_16(48) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
}

#undef P_0_31
#undef P_32_63
#undef P_64_87
#undef D_4
#undef D_16

#else
#include "../emu/hopper.h"
#define HOPPER inline
#endif

// Matrix descriptors of bf16 tiles whose rows are 128 bytes in the 128-byte swizzle, 1024-byte aligned: start address,
// two offsets, layout 1 in the top two bits. From one group of 8 rows to the next it is 1024 bytes.
HOPPER uint64_t swizzled(const void* smem, uint64_t leading) {
  return (smem_addr(smem) & 0x3ffff) >> 4 | leading << 16 | (uint64_t)(1024 >> 4) << 32 | (uint64_t)1 << 62;
}

// K-major: rows are those of the operand, 64 columns of K wide.
HOPPER uint64_t swizzled_tile(const void* smem) { return swizzled(smem, 1); }
// The same tile, 16 columns (32 bytes) further along K for every step.
HOPPER uint64_t along_k(uint64_t tile, int step) { return tile + 2 * step; }

// MN-major: rows are K, 64 rows of the operand wide; its next 64 rows lie `panel` bytes further.
HOPPER uint64_t swizzled_rows(const void* smem, int panel) { return swizzled(smem, panel >> 4); }
// The same tile, 16 rows (2048 bytes) further along K for every step.
HOPPER uint64_t down_k(uint64_t tile, int step) { return tile + 128 * step; }
