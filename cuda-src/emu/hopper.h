// Hopper's asynchronous instructions on the CPU. What is asynchronous on the chip is late here: a tensor copy
// lands some time after it was issued, a warpgroup product appears in the accumulators only when it is waited for.
#pragma once
#include "emu.h"

#include <array>

// What the stand-in driver's cuTensorMapEncodeTiled writes into the 128 bytes; innermost dimension first, those that
// are not there of size 1.
struct TensorMap {
  uint64_t base, size[4], pitch[4];  // elements; bytes from one index to the next
  uint32_t box[4], swizzle_128;
  uint64_t unused[4];

  uint32_t box_bytes() const { return (uint32_t)pitch[0] * box[0] * box[1] * box[2] * box[3]; }
};
static_assert(sizeof(TensorMap) == 128);

namespace emu {
struct Barrier { uint16_t expected, pending; int32_t phase_and_bytes; };  // bytes in flight << 1 | phase
static_assert(sizeof(Barrier) == 8);

void changed();                            // something a poller may wait for has happened
void copy_later(void* smem, const TensorMap* map, void* barrier, std::array<int, 4> at, const char* file, int line);

inline void settle(Barrier* b) {
  changed();
  if (b->pending == 0 && b->phase_and_bytes >> 1 == 0) b->pending = b->expected, b->phase_and_bytes ^= 1;
}
inline unsigned char* shared(uint32_t address, uint32_t bytes, const char* file, int line) {
  const uint32_t offset = address - SMEM_BASE;
  if (offset + bytes > self()->block->smem_bytes) fault("shared address outside the block's memory", file, line);
  return self()->block->smem + offset;
}

// An operand in shared memory as its descriptor tells: rows of 128 bytes in the 128-byte swizzle, groups of 8 rows.
struct Operand {
  uint64_t descriptor;
  bool by_k;  // whether a row is one of K (MN-major) or one of the operand (K-major)

  uint32_t start() const { return (uint32_t)(descriptor & 0x3fff) << 4; }
  uint32_t panel() const { return (uint32_t)(descriptor >> 16 & 0x3fff) << 4; }  // MN-major: to the next 64 of MN
  uint32_t group() const { return (uint32_t)(descriptor >> 32 & 0x3fff) << 4; }  // to the next 8 rows
  uint32_t at(int row, int k) const {
    const uint32_t plain = by_k ? start() + row / 64 * panel() + row % 64 * 2 + k / 8 * group() + k % 8 * 128
                                : start() + row / 8 * group() + row % 8 * 128 + k * 2;
    return plain ^ (plain >> 7 & 7) << 4;
  }
};
// One warpgroup instruction, computed when its group is waited for: d[64][n] (+)= a[64][16] * b[n][16]^T. A thread has
// two rows of a if they are registers, which are read at once.
struct Product {
  float* d;
  int n;
  Operand a, b;
  bool add, in_registers;
  float rows[2][16];
  int group;
};
void products_fence();
void products_add(Product, const char* file, int line);
void products_commit();
void products_wait(int left, const char* file, int line);
void products_done(const float* d, const char* file, int line);  // faults if d is in flight
Product with_registers(float* d, int n, const uint32_t (&a)[4], uint64_t b, const char* file, int line);
}  // namespace emu

inline void mbar_init(uint64_t* bar, int arrivals) {
  auto* b = (emu::Barrier*)bar;
  *b = {(uint16_t)arrivals, (uint16_t)arrivals, 0};
}
inline void mbar_init_done() {}
inline void mbar_arrive(uint64_t* bar, EMU_AT) {
  auto* b = (emu::Barrier*)bar;
  if (!b->pending--) emu::fault("mbarrier: more arrivals than it was made for", file, line);
  emu::settle(b);
}
inline void mbar_arrive_expect(uint64_t* bar, int bytes, EMU_AT) {
  auto* b = (emu::Barrier*)bar;
  b->phase_and_bytes += bytes * 2;
  mbar_arrive(bar, file, line);
}
inline void mbar_wait(uint64_t* bar, int parity, EMU_AT) {
  while (((emu::Barrier*)bar)->phase_and_bytes % 2 == parity) emu::poll(file, line);
}
inline void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y, int z, int w, EMU_AT) {
  if (map.swizzle_128 && (smem_addr(smem) & 1023)) emu::fault("swizzled tile not on 1024 bytes", file, line);
  emu::shared(smem_addr(smem), map.box_bytes(), file, line);
  emu::copy_later(smem, &map, bar, {x, y, z, w}, file, line);
}
inline void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y, EMU_AT) {
  tma_load(smem, map, bar, x, y, 0, 0, file, line);
}
inline void async_fence() {}
template <int N> void registers_up() {}
template <int N> void registers_down() {}

template <class... T> void wgmma_fence(T&...) { emu::products_fence(); }
inline void wgmma_commit() { emu::products_commit(); }
template <int N> void wgmma_wait(EMU_AT) { emu::products_wait(N, file, line); }
template <int N, int R> void wgmma_wait(float (&d)[R], EMU_AT) {
  emu::products_wait(N, file, line);
  emu::products_done(d, file, line);
}
template <int R> void wgmma(float (&d)[R], uint64_t a, uint64_t b, bool add, EMU_AT) {
  emu::products_add({d, 2 * R, {a, false}, {b, false}, add, false, {}, 0}, file, line);
}
template <int R> void wgmma(float (&d)[R], const uint32_t (&a)[4], uint64_t b, EMU_AT) {
  emu::products_add(emu::with_registers(d, 2 * R, a, b, file, line), file, line);
}
