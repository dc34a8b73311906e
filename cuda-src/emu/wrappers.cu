// Each wrapper of device.cuh on its own, on values that wrappers.py knows the answers for.
// Grid: 1.  Block: 32.
#include "device.cuh"

// out[4 i]: bits of x as bf16, as f16, of the pair (x, -x), of x from f16 again; powers[i]: 2^x.
extern "C" __global__ void __launch_bounds__(32) wrap_convert(const float* x, uint32_t* out, float* powers) {
  const int i = threadIdx.x;
  out[4 * i] = to_bf16(x[i]).bits;
  out[4 * i + 1] = to_f16(x[i]).bits;
  out[4 * i + 2] = pack_bf16(x[i], -x[i]);
  out[4 * i + 3] = to_f32(to_f16(x[i])) == to_f32(to_f16(load_l2(x + i))) ? to_f16(to_f32(to_f16(x[i]))).bits : 0xffff;
  powers[i] = fast_exp2(x[i]);
}
EXPORT_KERNEL(wrap_convert)

// a: four registers a lane, b: two, d: four sums.
extern "C" __global__ void __launch_bounds__(32) wrap_mma(const uint32_t* a, const uint32_t* b, float* d) {
  const int lane = threadIdx.x;
  const uint32_t left[4] = {a[4 * lane], a[4 * lane + 1], a[4 * lane + 2], a[4 * lane + 3]};
  float sums[4] = {d[4 * lane], d[4 * lane + 1], d[4 * lane + 2], d[4 * lane + 3]};
  mma_16816(sums, left, b[2 * lane], b[2 * lane + 1]);
  for (int i = 0; i < 4; i++) d[4 * lane + i] = sums[i];
}
EXPORT_KERNEL(wrap_mma)

// x: four matrices of 8 x 8; out[8 lane]: four registers as they lie, four transposed. They come by cp.async, odd rows
// of the last matrix as zeros.
extern "C" __global__ void __launch_bounds__(32) wrap_ldmatrix(const uint16_t* x, uint32_t* out) {
  DYN_SMEM(raw);
  const int lane = threadIdx.x;
  unsigned char* row = raw + lane * 16;
  cp_async_16(row, x + lane * 8, lane < 24 || lane % 2 == 0);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  uint32_t straight[4], across[4];
  ldmatrix_x4(straight, row);
  ldmatrix_x4_trans(across, row);
  for (int i = 0; i < 4; i++) out[8 * lane + i] = straight[i], out[8 * lane + 4 + i] = across[i];
}
EXPORT_KERNEL(wrap_ldmatrix)
