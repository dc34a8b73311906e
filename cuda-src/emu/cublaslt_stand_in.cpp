// A stand-in for libcublasLt.so.13: the functions the runtime uses, over a plain loop queued in a stream of the
// stand-in for libcuda.
//
// - It computes D = alpha * op(A) * op(B) + beta * C of bf16, sums and scalars in f32, rounded once.
// - What cublasLt refuses it refuses with the same status: no context, unknown types, dimensions that do not fit, an
//   algorithm for another problem, addresses aligned less than the preference said, too little workspace, C and D in one
//   place with two layouts.
// - It is stricter: no algorithm is chosen while multiplying, epilogues and attributes that nobody here uses are not
//   supported, D may not overlap A or B, the last element must lie in memory of this device, and the workspace is
//   overwritten.
// - emuCublasLtFault() says why something was refused, emuCublasLtProducts() how many products were queued.
#include <stdint.h>
#include <string.h>

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

// Of the stand-in for libcuda.
extern "C" int cuCtxGetDevice(int*);
extern "C" int emuEnqueue(void* stream, const std::function<int()>& run);
extern "C" int emuIsDeviceMemory(uintptr_t address, size_t bytes);

typedef int Status;
enum { OK = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, EPILOGUE_DEFAULT = 1 };

namespace {

struct Handle {};
struct Product { int transpose_a = 0, transpose_b = 0, epilogue = EPILOGUE_DEFAULT; };
struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t pitch;
  bool operator==(const Layout&) const = default;
  size_t bytes() const { return 2 * ((columns - 1) * pitch + rows); }
};
struct Preference { uint64_t workspace = 0; uint32_t reductions = 7, alignment[4] = {256, 256, 256, 256}; };
struct Algorithm {
  uint64_t mark, m, n, k;
  uint32_t alignment[4];
  uint64_t workspace;
  uint64_t rest;
};
static_assert(sizeof(Algorithm) == 64);
struct Result { Algorithm algorithm; size_t workspace; Status state; float waves; int reserved[4]; };
static_assert(sizeof(Result) == 96);

constexpr uint64_t MARK = 0x6c74616c676f;
constexpr uint64_t WORKSPACE = 1 << 16;

std::mutex lock;
std::set<const void*> alive;  // handles of every kind
std::string fault;
long products = 0;

Status refuse(Status status, const char* why) {
  std::lock_guard hold(lock);
  fault = why;
  return status;
}
template <class T> Status make(T** to, const T& value) {
  if (!to) return refuse(INVALID_VALUE, "null");
  std::lock_guard hold(lock);
  alive.insert(*to = new T(value));
  return OK;
}
template <class T> Status drop(T* what) {
  std::lock_guard hold(lock);
  if (!alive.erase(what)) return INVALID_VALUE;
  delete what;
  return OK;
}
bool are_alive(std::initializer_list<const void*> all) {
  std::lock_guard hold(lock);
  for (const void* one : all) if (!alive.count(one)) return false;
  return true;
}
template <class T> Status put(T& to, const void* value, size_t bytes) {
  if (!value || bytes != sizeof(T)) return refuse(INVALID_VALUE, "an attribute of another size");
  memcpy(&to, value, bytes);
  return OK;
}

float to_f32(uint16_t v) { uint32_t bits = (uint32_t)v << 16; float f; memcpy(&f, &bits, 4); return f; }
uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if (f != f) return 0x7fff;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct Problem { uint64_t m, n, k; };

Status fit(Problem& p, const Product* x, const Layout* a, const Layout* b, const Layout* c, const Layout* d) {
  for (const Layout* l : {a, b, c, d}) if (l->type != R_16BF) return refuse(NOT_SUPPORTED, "a type that is not bf16");
  p = {x->transpose_a ? a->columns : a->rows, x->transpose_b ? b->rows : b->columns, x->transpose_a ? a->rows : a->columns};
  if ((x->transpose_b ? b->columns : b->rows) != p.k || d->rows != p.m || d->columns != p.n || c->rows != p.m ||
    c->columns != p.n)
    return refuse(INVALID_VALUE, "dimensions do not fit");
  if (x->epilogue != EPILOGUE_DEFAULT) return refuse(NOT_SUPPORTED, "an epilogue");
  return OK;
}

struct Matrix {
  const uint16_t* at;
  Layout layout;
  uint16_t operator()(uint64_t row, uint64_t column) const { return at[row + column * layout.pitch]; }
};

// op(A)'s rows and op(B)'s columns as f32, one behind the other, so that the sum runs over neighbours.
std::vector<float> laid_out(const Matrix& x, bool along_columns, uint64_t count, uint64_t k) {
  std::vector<float> y(count * k);
  for (uint64_t i = 0; i < count; i++)
    for (uint64_t j = 0; j < k; j++) y[i * k + j] = to_f32(along_columns ? x(j, i) : x(i, j));
  return y;
}
float dot(const float* a, const float* b, uint64_t k) {
  constexpr int LANES = 16;
  float part[LANES] = {};
  uint64_t j = 0;
  for (; j + LANES <= k; j += LANES)
    for (int l = 0; l < LANES; l++) part[l] += a[j + l] * b[j + l];
  float sum = 0;
  for (int l = 0; l < LANES; l++) sum += part[l];
  for (; j < k; j++) sum += a[j] * b[j];
  return sum;
}

bool overlap(uintptr_t a, size_t a_bytes, uintptr_t b, size_t b_bytes) { return a < b + b_bytes && b < a + a_bytes; }

}  // namespace

API const char* emuCublasLtFault() { return fault.c_str(); }
API long emuCublasLtProducts() { std::lock_guard hold(lock); return products; }

API size_t cublasLtGetVersion() { return 130000; }
API const char* cublasLtGetStatusName(Status s) {
  switch (s) {
    case OK: return "CUBLAS_STATUS_SUCCESS";
    case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "unknown";
  }
}

API Status cublasLtCreate(Handle** h) {
  int device;
  if (cuCtxGetDevice(&device)) return refuse(NOT_INITIALIZED, "no context");
  return make(h, {});
}
API Status cublasLtDestroy(Handle* h) { return drop(h); }

API Status cublasLtMatmulDescCreate(Product** p, int compute, int scale) {
  if (compute != COMPUTE_32F || scale != R_32F) return refuse(INVALID_VALUE, "sums or scalars that are not f32");
  return make(p, {});
}
API Status cublasLtMatmulDescDestroy(Product* p) { return drop(p); }
API Status cublasLtMatmulDescSetAttribute(Product* p, int attribute, const void* value, size_t bytes) {
  if (!are_alive({p})) return refuse(INVALID_VALUE, "no such product");
  switch (attribute) {
    case 3: return put(p->transpose_a, value, bytes);
    case 4: return put(p->transpose_b, value, bytes);
    case 7: return put(p->epilogue, value, bytes);
    default: return refuse(INVALID_VALUE, "an attribute of products that the stand-in does not know");
  }
}

API Status cublasLtMatrixLayoutCreate(Layout** l, int type, uint64_t rows, uint64_t columns, int64_t pitch) {
  if (!rows || !columns || pitch < (int64_t)rows) return refuse(INVALID_VALUE, "a layout whose columns overlap");
  return make(l, {type, rows, columns, pitch});
}
API Status cublasLtMatrixLayoutDestroy(Layout* l) { return drop(l); }

API Status cublasLtMatmulPreferenceCreate(Preference** p) { return make(p, {}); }
API Status cublasLtMatmulPreferenceDestroy(Preference* p) { return drop(p); }
API Status cublasLtMatmulPreferenceSetAttribute(Preference* p, int attribute, const void* value, size_t bytes) {
  if (!are_alive({p})) return refuse(INVALID_VALUE, "no such preference");
  switch (attribute) {
    case 1: return put(p->workspace, value, bytes);
    case 3: return put(p->reductions, value, bytes);
    case 5: case 6: case 7: case 8: return put(p->alignment[attribute - 5], value, bytes);
    default: return refuse(INVALID_VALUE, "an attribute of preferences that the stand-in does not know");
  }
}

// One algorithm, which needs what alignment there is up to 16 bytes; some need a workspace, where they may have it.
API Status cublasLtMatmulAlgoGetHeuristic(Handle* h, Product* x, Layout* a, Layout* b, Layout* c, Layout* d, Preference* p,
                      int wanted, Result* results, int* found) {
  if (!are_alive({h, x, a, b, c, d, p}) || wanted < 1 || !results || !found)
    return refuse(INVALID_VALUE, "null, or no longer there");
  *found = 0;
  Problem problem;
  if (Status s = fit(problem, x, a, b, c, d)) return s;
  Algorithm algorithm = {MARK, problem.m, problem.n, problem.k, {}, 0, 0};
  for (int i = 0; i < 4; i++) algorithm.alignment[i] = p->alignment[i] < 16 ? p->alignment[i] : 16;
  if (p->workspace >= WORKSPACE && problem.k >= 64) algorithm.workspace = WORKSPACE;
  results[0] = {algorithm, algorithm.workspace, OK, 1, {}};
  *found = 1;
  return OK;
}

API Status cublasLtMatmul(Handle* h, Product* x, const float* alpha, const void* A, Layout* a, const void* B, Layout* b,
              const float* beta, const void* C, Layout* c, void* D, Layout* d, const Algorithm* algorithm,
              void* workspace, size_t workspace_bytes, void* stream) {
  if (!are_alive({h, x, a, b, c, d}) || !alpha || !beta || !A || !B || !D || (*beta != 0 && !C))
    return refuse(INVALID_VALUE, "null, or no longer there");
  if (!algorithm) return refuse(INVALID_VALUE, "no algorithm: choose one before");
  Problem p;
  if (Status s = fit(p, x, a, b, c, d)) return s;
  if (algorithm->mark != MARK || algorithm->m != p.m || algorithm->n != p.n || algorithm->k != p.k)
    return refuse(INVALID_VALUE, "an algorithm for another problem");
  if (workspace_bytes < algorithm->workspace || (algorithm->workspace && (!workspace || (uintptr_t)workspace & 255)))
    return refuse(INVALID_VALUE, "too little workspace, or not aligned");
  const void* at[4] = {A, B, C, D};
  const Layout* layouts[4] = {a, b, c, d};
  for (int i = 0; i < 4; i++) {
    if (i == 2 && *beta == 0) continue;
    if ((uintptr_t)at[i] & (algorithm->alignment[i] - 1)) return refuse(INVALID_VALUE, "aligned less than the algorithm needs");
    if (!emuIsDeviceMemory((uintptr_t)at[i], layouts[i]->bytes())) return refuse(EXECUTION_FAILED, "a matrix outside the device's memory");
  }
  if (algorithm->workspace && !emuIsDeviceMemory((uintptr_t)workspace, algorithm->workspace))
    return refuse(EXECUTION_FAILED, "a workspace outside the device's memory");
  if (*beta != 0 && C == D && *c != *d) return refuse(INVALID_VALUE, "C and D in one place with two layouts");
  for (int i = 0; i < 2; i++)
    if (overlap((uintptr_t)at[i], layouts[i]->bytes(), (uintptr_t)D, d->bytes())) return refuse(INVALID_VALUE, "D over A or B");

  const Matrix ma = {(const uint16_t*)A, *a}, mb = {(const uint16_t*)B, *b}, mc = {(const uint16_t*)C, *c};
  const bool ta = x->transpose_a, tb = x->transpose_b;
  const float by = *alpha, plus = *beta;
  const size_t scratch = algorithm->workspace, pitch = d->pitch;
  const int code = emuEnqueue(stream, [=]() {
    if (scratch) memset(workspace, 0xff, scratch);
    const std::vector<float> rows = laid_out(ma, ta, p.m, p.k), columns = laid_out(mb, !tb, p.n, p.k);
    for (uint64_t j = 0; j < p.n; j++)
      for (uint64_t i = 0; i < p.m; i++) {
        float sum = by * dot(&rows[i * p.k], &columns[j * p.k], p.k);
        if (plus != 0) sum += plus * to_f32(mc(i, j));
        ((uint16_t*)D)[i + j * pitch] = to_bf16(sum);
      }
    return 0;
  });
  if (code) return refuse(EXECUTION_FAILED, "the stream takes no work");
  std::lock_guard hold(lock);
  products++;
  return OK;
}
