// Resizing of 8-bit pixels: three channels of one pixel as a sum of others along a line, in fixed point.
#pragma once
#include "device.cuh"

struct Pixel {
  int sample[3];
};

// own: where the line's first pixel is, then `count` weights with 22 fraction bits; x: the line, pixels `distance` bytes
// apart. A half is added and the sum clamped to 8 bits. Sums fit 32 bits.
__device__ __forceinline__ Pixel resized(const int* own, int count, const unsigned char* x, long long distance) {
  int red = 1 << 21, green = 1 << 21, blue = 1 << 21;
  x += own[0] * distance;
  for (int j = 0; j < count; j++, x += distance) {
    const int weight = own[1 + j];
    red += weight * x[0];
    green += weight * x[1];
    blue += weight * x[2];
  }
  return {{min(max(red >> 22, 0), 255), min(max(green >> 22, 0), 255), min(max(blue >> 22, 0), 255)}};
}
