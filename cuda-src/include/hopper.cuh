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
// One box of the map at column x, row y; completes on bar.
HOPPER void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y) {
  asm volatile(
    "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];"
    :: "r"(smem_addr(smem)), "l"(&map), "r"(smem_addr(bar)), "r"(x), "r"(y) : "memory");
}
HOPPER void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
HOPPER void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int N> HOPPER void wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(N) : "memory"); }
template <int N> HOPPER void registers_up() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" :: "n"(N)); }
template <int N> HOPPER void registers_down() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" :: "n"(N)); }

// d[64x64] (+)= a[64x16] * b[64x16]^T, one warpgroup, both operands in shared memory.
HOPPER void wgmma_64x64x16(float (&d)[32], uint64_t a, uint64_t b, bool add) {
  asm volatile(
    "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
    "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
    "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
    "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, %32, %33, p, 1, 1, 0, 0;\n}"
    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
      "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
      "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
      "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
    : "l"(a), "l"(b), "r"((int)add));
}

#else
#include "../emu/hopper.h"
#define HOPPER inline
#endif

// Matrix descriptor of a K-major bf16 tile whose rows are 128 bytes, 128-byte swizzle, base 1024-byte aligned:
// start address, 1024 bytes from one group of 8 rows to the next, layout 1 in the top two bits.
HOPPER uint64_t swizzled_tile(const void* smem) {
  return (uint64_t)((smem_addr(smem) & 0x3ffff) >> 4) | (uint64_t)1 << 16 | (uint64_t)(1024 >> 4) << 32 | (uint64_t)1 << 62;
}
// The same tile, 16 columns (32 bytes) further along K for every step.
HOPPER uint64_t along_k(uint64_t tile, int step) { return tile + 2 * step; }
