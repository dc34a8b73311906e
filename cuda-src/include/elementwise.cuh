// y = f(a) and y = f(a, b), element by element, of tensors whose rows may be strided.
// Grid: one dimension, ceil(columns / (BLOCK * Vec<T>::N)) blocks a row.  Block: BLOCK threads.  No shared memory.
// Any alignment; 16 bytes at a time where rows allow it.  Bound by memory.  Deterministic.
#pragma once
#include "rows.cuh"
#include "vec.cuh"

static constexpr int BLOCK = 256;

struct Place {
  int row, column;
};

template <typename T>
__device__ __forceinline__ Place place(int columns) {
  const int span = BLOCK * Vec<T>::N;
  const int pieces = (columns + span - 1) / span;
  return {(int)(blockIdx.x / pieces), (int)(blockIdx.x % pieces * span + threadIdx.x * Vec<T>::N)};
}

template <typename T, class F>
__device__ __forceinline__ void map(T* y, Rows y_rows, const T* x, Rows x_rows, int columns, F f) {
  const Place at = place<T>(columns);
  const int left = columns - at.column;
  if (left <= 0) return;
  Vec<T> v = load(x + row_at(x_rows, at.row) + at.column, left);
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) v.v[j] = from_f32<T>(f(to_f32(v.v[j])));
  store(y + row_at(y_rows, at.row) + at.column, v, left);
}

template <typename T, typename B, class F>
__device__ __forceinline__ void zip(T* y, Rows y_rows, const T* a, Rows a_rows, const B* b, Rows b_rows, int columns,
                                    F f) {
  const Place at = place<T>(columns);
  const int left = columns - at.column;
  if (left <= 0) return;
  Vec<T> v = load(a + row_at(a_rows, at.row) + at.column, left);
  const Vec<B, Vec<T>::N> w = load<B, Vec<T>::N>(b + row_at(b_rows, at.row) + at.column, left);
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) v.v[j] = from_f32<T>(f(to_f32(v.v[j]), to_f32(w.v[j])));
  store(y + row_at(y_rows, at.row) + at.column, v, left);
}

// As zip, with b contiguous and repeated: row r of a meets `columns` elements of b from r * columns % period on, or
// element 0 alone where period is 1.
template <typename T, typename B, class F>
__device__ __forceinline__ void zip_repeated(T* y, Rows y_rows, const T* a, Rows a_rows, const B* b, int period,
                                             int columns, F f) {
  const Place at = place<T>(columns);
  const int left = columns - at.column;
  if (left <= 0) return;
  Vec<T> v = load(a + row_at(a_rows, at.row) + at.column, left);
  Vec<B, Vec<T>::N> w;
  if (period == 1) {
#pragma unroll
    for (int j = 0; j < Vec<T>::N; j++) w.v[j] = b[0];
  } else {
    w = load<B, Vec<T>::N>(b + (long long)at.row * columns % period + at.column, left);
  }
#pragma unroll
  for (int j = 0; j < Vec<T>::N; j++) v.v[j] = from_f32<T>(f(to_f32(v.v[j]), to_f32(w.v[j])));
  store(y + row_at(y_rows, at.row) + at.column, v, left);
}
