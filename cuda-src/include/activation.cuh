// Activation functions, in f32.
#pragma once
#include "device.cuh"

// x/2 * (1 + erf(x / sqrt 2)), the exact form (Hendrycks & Gimpel 2016)
__device__ __forceinline__ float gelu(float x) { return 0.5f * x * (1.f + erff(x * 0.70710678118654752f)); }

// x / (1 + e^-x) (Elfwing et al. 2017)
__device__ __forceinline__ float silu(float x) { return x / (1.f + expf(-x)); }
