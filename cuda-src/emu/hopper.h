// Hopper's asynchronous instructions on the CPU. What is asynchronous on the chip is late here: a tensor copy
// lands some time after it was issued, a warpgroup product appears in the accumulators only when it is waited for.
#pragma once
#include "emu.h"

#define __grid_constant__

// What the stand-in driver's cuTensorMapEncodeTiled writes into the 128 bytes.
struct TensorMap {
  uint64_t base, columns, rows, pitch;  // elements, elements, bytes
  uint32_t box_columns, box_rows, element_bytes, swizzle_128;
  uint64_t unused[10];
};
static_assert(sizeof(TensorMap) == 128);

namespace emu {
struct Barrier { uint16_t expected, pending; int32_t phase_and_bytes; };  // bytes in flight << 1 | phase
static_assert(sizeof(Barrier) == 8);

void changed();                            // something a poller may wait for has happened
void copy_later(void* smem, const TensorMap* map, void* barrier, int x, int y);

inline void settle(Barrier* b) {
  changed();
  if (b->pending == 0 && b->phase_and_bytes >> 1 == 0) b->pending = b->expected, b->phase_and_bytes ^= 1;
}
inline unsigned char* shared(uint32_t address, uint32_t bytes, const char* file, int line) {
  const uint32_t offset = address - SMEM_BASE;
  if (offset + bytes > self()->block->smem_bytes) fault("shared address outside the block's memory", file, line);
  return self()->block->smem + offset;
}

// Product of one warpgroup instruction, wanted when the group is waited for.
struct Product { float* d; uint64_t a, b; bool add; int group; };
void products_add(Product);
void products_commit();
void products_wait(int left, const char* file, int line);
inline const uint16_t* element(uint64_t tile, int row, int k, const char* file, int line) {
  if (tile >> 62 != 1) fault("wgmma descriptor without 128-byte swizzle is not emulated", file, line);
  const uint32_t start = (uint32_t)(tile & 0x3fff) << 4, group = (uint32_t)(tile >> 32 & 0x3fff) << 4;
  uint32_t at = start + row / 8 * group + row % 8 * 128 + k * 2;
  at ^= (at >> 7 & 7) << 4;
  return (const uint16_t*)shared(at, 2, file, line);
}
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
inline void tma_load(void* smem, const TensorMap& map, uint64_t* bar, int x, int y, EMU_AT) {
  if (map.swizzle_128 && (smem_addr(smem) & 1023)) emu::fault("swizzled tile not on 1024 bytes", file, line);
  emu::shared(smem_addr(smem), map.box_columns * map.box_rows * map.element_bytes, file, line);
  emu::copy_later(smem, &map, bar, x, y);
}
inline void wgmma_fence() {}
template <int N> void registers_up() {}
template <int N> void registers_down() {}

inline void wgmma_64x64x16(float (&d)[32], uint64_t a, uint64_t b, bool add) { emu::products_add({d, a, b, add, 0}); }
inline void wgmma_commit() { emu::products_commit(); }
template <int N> void wgmma_wait(EMU_AT) { emu::products_wait(N, file, line); }
