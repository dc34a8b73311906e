// A stand-in for libcuda.so.1: the driver calls the runtime uses, over emulated kernels.
//
// - A module image is a shared object made of kernels compiled by g++ with emu.cpp (real images are refused).
// - Work is queued and runs only when something waits for it, streams interleaved as the seed says, so a
//   missing event, a buffer freed or reused too early shows.
// - Fresh memory holds NaN patterns; copies are checked against allocations; the launch limits of sm_90 hold.
// - EMU_DEVICES=n gives n devices with separate memories. A kernel or copy that touches another device's memory
//   fails, with peer access too: no kernel here means to. So does work for a stream of another device.
// - A failed kernel poisons the context, as on a GPU; emuLastFault() says what happened.
// - Functions of driver.txt that have no body here answer CUDA_ERROR_NOT_SUPPORTED.
#include "emu.h"
#include "hopper.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

typedef int CUresult;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_CONTEXT = 201,
     NO_BINARY = 209, INVALID_HANDLE = 400, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, PEER_ACCESS_ALREADY_ENABLED = 704,
     LAUNCH_FAILED = 719, NOT_SUPPORTED = 801, CAPTURE_UNSUPPORTED = 900 };

namespace {

double now() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e3 + t.tv_nsec * 1e-6; }

typedef std::function<CUresult()> Op;
struct Graph { int device; std::vector<Op> ops; };
struct Stream { int device; std::deque<Op> queue; Graph* capture = nullptr; };
struct Event { int device; Stream* stream = nullptr; uint64_t asked = 0, done = 0; double at = 0; };
struct Device { Stream* null_stream; std::set<int> peers; size_t used = 0; };
struct Allocation { size_t bytes; int device; void* context; };
typedef const char* (*Run)(const emu::Kernel*, const emu::Launch*);
struct Module { void* library; Run run; };
struct Function { const emu::Kernel* kernel; Run run; int max_smem = 48 << 10; std::string name; };

std::recursive_mutex big_lock;
std::vector<Device> devices;
std::map<uintptr_t, Allocation> memory;   // device memory, by first byte
std::map<uintptr_t, size_t> pinned;
std::set<Stream*> streams;
CUresult sticky = OK;
std::string fault;
thread_local int current = -1;         // device of the context
thread_local void* context = nullptr;
uintptr_t contexts = 0;                 // made beside the primary ones
constexpr size_t TOTAL = (size_t)8 << 30;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t GUARD = 0;     // the sanitizer has its own
#else
constexpr size_t GUARD = 64 << 10;  // bytes after every allocation that nobody may write
#endif

int setting(const char* name, int fallback) { const char* v = getenv(name); return v ? atoi(v) : fallback; }

int capability = setting("EMU_CC", 80);  // 80: the portable kernels, 90: Hopper's too

uint64_t seed = setting("EMU_SEED", 0);  // 0: threads and streams in their plain order

int64_t requests = 0;  // what streams were asked to do

bool forget_waits = false;  // a planted error: streams do not wait for events

const std::pair<const uintptr_t, Allocation>* owner(uintptr_t p) {
  auto it = memory.upper_bound(p);
  if (it == memory.begin()) return nullptr;
  --it;
  return p < it->first + it->second.bytes ? &*it : nullptr;
}
bool inside(uintptr_t p, size_t n) {
  if (!n) return true;
  auto* a = owner(p);
  return a && p + n <= a->first + a->second.bytes;
}
bool foreign(uintptr_t p) {
  auto* a = owner(p);
  return a && a->second.device != current;
}
bool is_pinned(uintptr_t p, size_t n) {
  auto it = pinned.upper_bound(p);
  return it != pinned.begin() && (--it, p + n <= it->first + it->second);
}
CUresult fail(CUresult code, std::string why) {
  fault = std::move(why);
  if (setting("EMU_VERBOSE", 0)) fprintf(stderr, "emu: %s\n", fault.c_str());
  return code;
}
CUresult poison(CUresult code, std::string why) { return sticky = fail(code, std::move(why)); }

// A context is the number of its device, from 1, and above that 0 if it is the primary one.
int device_of(void* c) { return (int)((uintptr_t)c & 0xff) - 1; }

Stream* stream_of(Stream* s) { return s ? s : devices[current].null_stream; }

// Runs the oldest operation of a stream.
void step(Stream* s) {
  Op op = std::move(s->queue.front());
  s->queue.pop_front();
  if (sticky == OK) op();
}
void drain(Stream* s) { while (!s->queue.empty()) step(s); }
void drain_all() {
  uint64_t rng = seed;
  for (;;) {  // streams have no order among themselves but what events give
    std::vector<Stream*> busy;
    for (Stream* s : streams) if (!s->queue.empty()) busy.push_back(s);
    if (busy.empty()) return;
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    step(busy[seed ? (rng >> 33) % busy.size() : 0]);
  }
}
CUresult enqueue(Stream* s, Op op) {
  if (sticky) return sticky;
  requests++;
  if (!s) { drain_all(); return op(); }  // the legacy stream waits for all others
  if (s->device != current) return fail(INVALID_HANDLE, "a stream of another device");
  if (s->capture) s->capture->ops.push_back(std::move(op));
  else s->queue.push_back(std::move(op));
  return OK;
}
#define ENTER std::lock_guard<std::recursive_mutex> hold(big_lock); if (devices.empty()) return NOT_INITIALIZED
#define ENTER_CONTEXT ENTER; if (current < 0) return INVALID_CONTEXT; if (sticky) return sticky

}  // namespace

API const char* emuLastFault() { return fault.c_str(); }
API void emuSetSeed(uint64_t s) { std::lock_guard<std::recursive_mutex> h(big_lock); seed = s; }
API void emuSetCapability(int c) { std::lock_guard<std::recursive_mutex> h(big_lock); capability = c; }
API void emuForgetWaits(int forget) { std::lock_guard<std::recursive_mutex> h(big_lock); forget_waits = forget; }
API int64_t emuRequests() { std::lock_guard<std::recursive_mutex> h(big_lock); return requests; }  // of streams so far; a graph is one
API void emuReset() { std::lock_guard<std::recursive_mutex> h(big_lock); sticky = OK; fault.clear(); for (Stream* s : streams) s->queue.clear(); }

// What other stand-ins stand on: work of their own in a stream, and whether memory is the current device's.
API CUresult emuEnqueue(Stream* s, const Op& run) { ENTER_CONTEXT; return enqueue(s, run); }
API int emuIsDeviceMemory(uintptr_t p, size_t n) {
  std::lock_guard<std::recursive_mutex> hold(big_lock);
  return n > 0 && inside(p, n) && !foreign(p);
}

API CUresult cuInit(unsigned) {
  std::lock_guard<std::recursive_mutex> hold(big_lock);
  if (devices.empty()) for (int i = 0, n = (int)setting("EMU_DEVICES", 1); i < n; i++) {
    devices.push_back({new Stream{i}, {}, 0});
    streams.insert(devices.back().null_stream);
  }
  return OK;
}
API CUresult cuDriverGetVersion(int* v) { *v = 13000; return OK; }
API CUresult cuDeviceGetCount(int* n) { ENTER; *n = (int)devices.size(); return OK; }
API CUresult cuDeviceGet(int* d, int i) { ENTER; if (i < 0 || i >= (int)devices.size()) return INVALID_DEVICE; *d = i; return OK; }
API CUresult cuDeviceGetName(char* s, int n, int) { ENTER; snprintf(s, n, "CPU emulation"); return OK; }
API CUresult cuDeviceTotalMem_v2(size_t* n, int) { ENTER; *n = TOTAL; return OK; }
API CUresult cuDeviceGetAttribute(int* v, int attribute, int) {
  ENTER;
  switch (attribute) {
    case 1: *v = 1024; break;                           // threads a block
    case 8: *v = 48 << 10; break;                       // shared memory a block
    case 10: *v = 32; break;                            // warp
    case 16: *v = setting("EMU_SMS", 4); break;         // multiprocessors
    case 38: *v = 4 << 20; break;                       // L2
    case 75: *v = capability / 10; break;    // 80: the portable kernels, 90: Hopper's
    case 76: *v = capability % 10; break;
    case 97: *v = 227 << 10; break;                     // shared memory a block, opted in
    default: *v = 0;
  }
  return OK;
}
API CUresult cuDevicePrimaryCtxRetain(void** c, int d) { ENTER; *c = (void*)(uintptr_t)(d + 1); return OK; }
API CUresult cuDevicePrimaryCtxRelease_v2(int) { return OK; }
API CUresult cuCtxCreate_v2(void** c, unsigned, int d) {
  ENTER;
  if (d < 0 || d >= (int)devices.size()) return INVALID_DEVICE;
  *c = context = (void*)(++contexts << 8 | (uintptr_t)(d + 1));
  current = d;
  return OK;
}
API CUresult cuCtxDestroy_v2(void* c) { ENTER; drain_all(); if (context == c) context = nullptr, current = -1; return OK; }
API CUresult cuCtxSetCurrent(void* c) { ENTER; context = c; current = device_of(c); return OK; }
API CUresult cuCtxGetCurrent(void** c) { *c = context; return OK; }
API CUresult cuCtxGetDevice(int* d) { ENTER_CONTEXT; *d = current; return OK; }
API CUresult cuCtxSynchronize() { ENTER_CONTEXT; drain_all(); return sticky; }
API CUresult cuDeviceCanAccessPeer(int* yes, int a, int b) { *yes = a != b; return OK; }
API CUresult cuCtxEnablePeerAccess(void* c, unsigned) {
  ENTER_CONTEXT;
  const int other = device_of(c);
  if (other < 0 || other >= (int)devices.size() || other == current) return INVALID_DEVICE;
  return devices[current].peers.insert(other).second ? OK : PEER_ACCESS_ALREADY_ENABLED;
}

API CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total) { ENTER_CONTEXT; *total = TOTAL; *free_bytes = TOTAL - devices[current].used; return OK; }
API CUresult cuMemAlloc_v2(uintptr_t* p, size_t n) {
  ENTER_CONTEXT;
  if (!n) return INVALID_VALUE;
  void* m = nullptr;
  if (devices[current].used + n > TOTAL || posix_memalign(&m, 256, n + GUARD)) return OUT_OF_MEMORY;
  memset(m, 0xff, n + GUARD);
  memory[(uintptr_t)m] = {n, current, context};
  devices[current].used += n;
  *p = (uintptr_t)m;
  return OK;
}
API CUresult cuMemFree_v2(uintptr_t p) {
  ENTER_CONTEXT;
  auto it = memory.find(p);
  if (it == memory.end()) return fail(INVALID_VALUE, "free of an address that is not the start of an allocation");
  drain_all();  // cuMemFree waits for the device
  const size_t bytes = it->second.bytes;
  for (size_t i = 0; i < GUARD; i++)
    if (((unsigned char*)p)[bytes + i] != 0xff) { poison(ILLEGAL_ADDRESS, "a kernel wrote past the end of an allocation of " + std::to_string(bytes) + " bytes"); break; }
  devices[it->second.device].used -= bytes;
  memory.erase(it);
  free((void*)p);
  return sticky;
}
API CUresult cuMemHostAlloc(void** p, size_t n, unsigned) { ENTER_CONTEXT; if (posix_memalign(p, 4096, n)) return OUT_OF_MEMORY; pinned[(uintptr_t)*p] = n; return OK; }
API CUresult cuMemFreeHost(void* p) { ENTER_CONTEXT; if (!pinned.erase((uintptr_t)p)) return INVALID_VALUE; free(p); return OK; }

// What the driver knows of an address: its context, kind of memory, itself and its device.
static CUresult describe(void* value, int attribute, uintptr_t p, bool strict) {
  const auto* a = owner(p);
  const bool host = !a && is_pinned(p, 1);
  if (strict && !a && !host) return INVALID_VALUE;
  switch (attribute) {
    case 1: *(void**)value = a ? a->second.context : nullptr; return OK;
    case 2: *(unsigned*)value = a ? 2 : host; return OK;  // device, host
    case 3: *(uintptr_t*)value = a ? p : 0; return OK;
    case 9: *(int*)value = a ? a->second.device : host ? 0 : -2; return OK;
    default: return INVALID_VALUE;
  }
}
API CUresult cuPointerGetAttribute(void* value, int attribute, uintptr_t p) { ENTER_CONTEXT; return describe(value, attribute, p, true); }
API CUresult cuPointerGetAttributes(unsigned n, const int* attributes, void** values, uintptr_t p) {
  ENTER_CONTEXT;
  for (unsigned i = 0; i < n; i++)  // an address that is not known has no attributes, which is no error
    if (CUresult r = describe(values[i], attributes[i], p, false)) return r;
  return OK;
}

static CUresult copy(Stream* s, void* d, const void* from, size_t n) { return enqueue(s, [=] { memcpy(d, from, n); return OK; }); }
#define CHECK_MEMORY(p, n) if (!inside(p, n)) return fail(INVALID_VALUE, "copy outside every device allocation")
#define CHECK_DEVICE(p, n) CHECK_MEMORY(p, n); if (foreign(p)) return fail(INVALID_VALUE, "copy of another device's memory")

API CUresult cuMemcpyHtoDAsync_v2(uintptr_t d, const void* h, size_t n, Stream* s) {
  ENTER_CONTEXT; CHECK_DEVICE(d, n);
  if (is_pinned((uintptr_t)h, n)) return copy(s, (void*)d, h, n);
  if (s && s->capture) return CAPTURE_UNSUPPORTED;
  std::vector<char> staged((const char*)h, (const char*)h + n);  // pageable memory is staged before the call returns
  return enqueue(s, [=] { memcpy((void*)d, staged.data(), staged.size()); return OK; });
}
API CUresult cuMemcpyDtoHAsync_v2(void* h, uintptr_t d, size_t n, Stream* s) {
  ENTER_CONTEXT; CHECK_DEVICE(d, n);
  if (CUresult r = copy(s, h, (const void*)d, n)) return r;
  if (!is_pinned((uintptr_t)h, n)) { if (s && s->capture) return CAPTURE_UNSUPPORTED; drain(stream_of(s)); }
  return sticky;
}
API CUresult cuMemcpyDtoDAsync_v2(uintptr_t a, uintptr_t b, size_t n, Stream* s) { ENTER_CONTEXT; CHECK_DEVICE(a, n); CHECK_DEVICE(b, n); return copy(s, (void*)a, (const void*)b, n); }
API CUresult cuMemcpyPeerAsync(uintptr_t a, void* ac, uintptr_t b, void* bc, size_t n, Stream* s) {
  ENTER_CONTEXT; CHECK_MEMORY(a, n); CHECK_MEMORY(b, n);
  if (!n) return OK;
  if (owner(a)->second.device != device_of(ac) || owner(b)->second.device != device_of(bc))
    return fail(INVALID_VALUE, "peer copy names the wrong context");
  return copy(s, (void*)a, (const void*)b, n);
}
API CUresult cuMemcpyHtoD_v2(uintptr_t d, const void* h, size_t n) { ENTER_CONTEXT; CHECK_DEVICE(d, n); drain_all(); memcpy((void*)d, h, n); return sticky; }
API CUresult cuMemcpyDtoH_v2(void* h, uintptr_t d, size_t n) { ENTER_CONTEXT; CHECK_DEVICE(d, n); drain_all(); if (!sticky) memcpy(h, (void*)d, n); return sticky; }
API CUresult cuMemsetD8Async(uintptr_t d, unsigned char v, size_t n, Stream* s) { ENTER_CONTEXT; CHECK_DEVICE(d, n); return enqueue(s, [=] { memset((void*)d, v, n); return OK; }); }

API CUresult cuModuleLoadData(Module** m, const void* image) {
  ENTER_CONTEXT;
  auto* e = (const Elf64_Ehdr*)image;
  if (memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_machine != EM_X86_64) return fail(NO_BINARY, "not an emulated kernel library");
  const size_t bytes = e->e_shoff + (size_t)e->e_shnum * e->e_shentsize;
  // Libraries stay loaded: the loader knows them by their path, and numbers of files are given out again.
  static std::map<size_t, void*> loaded;
  void*& library = loaded[std::hash<std::string_view>()({(const char*)image, bytes})];
  if (!library) {
    const int fd = memfd_create("kernels", 0);
    if (fd < 0 || write(fd, image, bytes) != (ssize_t)bytes) return OUT_OF_MEMORY;
    library = dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) { close(fd); return fail(NO_BINARY, dlerror()); }
  }
  *m = new Module{library, (Run)dlsym(library, "emu_run")};
  return OK;
}
API CUresult cuModuleUnload(Module* m) { ENTER_CONTEXT; drain_all(); delete m; return OK; }
API CUresult cuModuleGetFunction(Function** f, Module* m, const char* name) {
  ENTER_CONTEXT;
  auto* k = (const emu::Kernel*)dlsym(m->library, (std::string(name) + "__emu").c_str());
  if (!k) return fail(NOT_FOUND, std::string("no kernel ") + name);
  *f = new Function{k, m->run, (48 << 10) - (1 << 10), name};  // static memory counts, too: it is not known here
  return OK;
}
API CUresult cuFuncSetAttribute(Function* f, int attribute, int v) {
  ENTER_CONTEXT;
  if (attribute == 8) { if (v > 227 << 10) return INVALID_VALUE; f->max_smem = v; }
  return OK;
}
API CUresult cuFuncGetParamInfo(Function* f, size_t i, size_t* offset, size_t* bytes) {
  ENTER_CONTEXT;
  if (i >= (size_t)f->kernel->params) return INVALID_VALUE;
  *offset = 0;  // each parameter is passed by its own pointer
  *bytes = f->kernel->param_bytes[i];
  return OK;
}
static CUresult launch(Function* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
             unsigned smem, Stream* s, void** params, bool cooperative) {
  ENTER_CONTEXT;
  if ( !gx || !gy || !gz || gy > 65535 || gz > 65535 || !bx || !by || !bz || bx * by * bz > 1024)
    return fail(INVALID_VALUE, f->name + ": launch shape");
  if ((int)smem > f->max_smem) return fail(INVALID_VALUE, f->name + ": more dynamic shared memory than allowed");
  std::vector<uint64_t> values;  // parameters are copied at the call
  std::vector<int> at;
  for (int i = 0; i < f->kernel->params; i++) {
    const int bytes = f->kernel->param_bytes[i];
    at.push_back((int)values.size());
    values.resize(values.size() + (bytes + 7) / 8);
    memcpy(&values[at.back()], params[i], bytes);
    if (bytes == 8)
      if (foreign(values[at.back()]))
        return poison(ILLEGAL_ADDRESS, f->name + ": parameter " + std::to_string(i) + " is another device's memory");
  }
  return enqueue(s, [=]() mutable -> CUresult {
    std::vector<void*> args;
    for (int i : at) args.push_back(&values[i]);
    emu::Launch l{{gx, gy, gz}, {bx, by, bz}, smem, args.data(), seed, cooperative};
    if (const char* why = f->run(f->kernel, &l)) return poison(LAUNCH_FAILED, f->name + ": " + why);
    return OK;
  });
}

API CUresult cuLaunchKernel(Function* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
              unsigned smem, Stream* s, void** params, void** extra) {
  return extra ? INVALID_VALUE : launch(f, gx, gy, gz, bx, by, bz, smem, s, params, false);
}
API CUresult cuLaunchCooperativeKernel(Function* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                     unsigned bz, unsigned smem, Stream* s, void** params) {
  return launch(f, gx, gy, gz, bx, by, bz, smem, s, params, true);
}

API CUresult cuStreamCreate(Stream** s, unsigned) { ENTER_CONTEXT; streams.insert(*s = new Stream{current}); return OK; }
API CUresult cuStreamDestroy_v2(Stream* s) { ENTER_CONTEXT; drain(s); streams.erase(s); delete s; return OK; }
API CUresult cuStreamSynchronize(Stream* s) { ENTER_CONTEXT; drain(stream_of(s)); return sticky; }
API CUresult cuEventCreate(Event** e, unsigned) { ENTER_CONTEXT; *e = new Event{current}; return OK; }
API CUresult cuEventDestroy_v2(Event* e) { ENTER_CONTEXT; drain_all(); delete e; return OK; }
API CUresult cuEventRecord(Event* e, Stream* s) {
  ENTER_CONTEXT;
  if (e->device != stream_of(s)->device) return fail(INVALID_HANDLE, "an event of another device");
  e->stream = stream_of(s);
  const uint64_t ticket = ++e->asked;
  return enqueue(s, [=] { e->done = ticket; e->at = now(); return OK; });
}
static CUresult finish(Event* e, uint64_t ticket) {
  while (e->done < ticket && !sticky && !e->stream->queue.empty()) step(e->stream);
  return sticky;
}
API CUresult cuEventSynchronize(Event* e) { ENTER_CONTEXT; return finish(e, e->asked); }
API CUresult cuEventElapsedTime(float* ms, Event* a, Event* b) { ENTER_CONTEXT; *ms = (float)(b->at - a->at); return OK; }
API CUresult cuStreamWaitEvent(Stream* s, Event* e, unsigned) {
  ENTER_CONTEXT;
  const uint64_t ticket = e->asked;
  if (forget_waits) return OK;
  return enqueue(s, [=] { return finish(e, ticket); });
}

API CUresult cuStreamBeginCapture_v2(Stream* s, int) { ENTER_CONTEXT; if (!s || s->capture) return INVALID_VALUE; s->capture = new Graph{s->device, {}}; return OK; }
API CUresult cuStreamEndCapture(Stream* s, Graph** g) { ENTER_CONTEXT; if (!s->capture) return INVALID_VALUE; *g = s->capture; s->capture = nullptr; return OK; }
API CUresult cuGraphInstantiateWithFlags(Graph** x, Graph* g, unsigned long long) { ENTER_CONTEXT; *x = new Graph(*g); return OK; }
API CUresult cuGraphLaunch(Graph* x, Stream* s) { ENTER_CONTEXT; if (x->device != current) return fail(INVALID_HANDLE, "a graph of another device"); const int64_t before = requests; for (Op& op : x->ops) if (CUresult r = enqueue(s, op)) return r; requests = before + 1; return OK; }
API CUresult cuGraphExecDestroy(Graph* x) { ENTER_CONTEXT; drain_all(); delete x; return OK; }
API CUresult cuGraphDestroy(Graph* g) { ENTER_CONTEXT; delete g; return OK; }
// Two to four dimensions, no or 128-byte swizzle: what the kernels use.
API CUresult cuTensorMapEncodeTiled(TensorMap* map, int type, unsigned rank, void* base, const uint64_t* sizes,
                  const uint64_t* pitches, const uint32_t* box, const uint32_t* steps, int interleave,
                  int swizzle, int, int) {
  const uint32_t bytes = type == 9 ? 2 : type == 7 ? 4 : 0;  // bf16, fp32
  if (rank < 2 || rank > 4 || !bytes || interleave || (swizzle != 0 && swizzle != 3) || ((uintptr_t)base & 15) ||
    ((uintptr_t)map & 63) || (swizzle == 3 && box[0] * bytes > 128) || (box[0] * bytes & 15))
    return fail(INVALID_VALUE, "tensor map");
  TensorMap m = {(uint64_t)(uintptr_t)base, {1, 1, 1, 1}, {bytes}, {1, 1, 1, 1}, swizzle == 3, {}};
  uint64_t end = bytes;  // of its last element
  for (unsigned d = 0; d < rank; d++) {
    m.size[d] = sizes[d], m.box[d] = box[d];
    if (d > 0) m.pitch[d] = pitches[d - 1];
    if (!sizes[d] || sizes[d] >> 32 || !box[d] || box[d] > 256 || steps[d] != 1 ||
      (d > 0 && (!m.pitch[d] || m.pitch[d] & 15 || m.pitch[d] >> 40)))
      return fail(INVALID_VALUE, "tensor map, dimension " + std::to_string(d));
    end += (sizes[d] - 1) * m.pitch[d];
  }
  if (!inside((uintptr_t)base, end)) return fail(INVALID_VALUE, "tensor map of memory that is not there");
  *map = m;
  return OK;
}

API CUresult cuGetErrorString(CUresult r, const char** s) {
  *s = r == OK ? "no error" : fault.empty() ? "emulated error" : fault.c_str();
  return OK;
}
API CUresult cuGetErrorName(CUresult r, const char** s) {
  switch (r) {
    case OK: *s = "CUDA_SUCCESS"; return OK;
    case INVALID_VALUE: *s = "CUDA_ERROR_INVALID_VALUE"; return OK;
    case OUT_OF_MEMORY: *s = "CUDA_ERROR_OUT_OF_MEMORY"; return OK;
    case NOT_INITIALIZED: *s = "CUDA_ERROR_NOT_INITIALIZED"; return OK;
    case INVALID_DEVICE: *s = "CUDA_ERROR_INVALID_DEVICE"; return OK;
    case INVALID_CONTEXT: *s = "CUDA_ERROR_INVALID_CONTEXT"; return OK;
    case NO_BINARY: *s = "CUDA_ERROR_NO_BINARY_FOR_GPU"; return OK;
    case INVALID_HANDLE: *s = "CUDA_ERROR_INVALID_HANDLE"; return OK;
    case NOT_FOUND: *s = "CUDA_ERROR_NOT_FOUND"; return OK;
    case ILLEGAL_ADDRESS: *s = "CUDA_ERROR_ILLEGAL_ADDRESS"; return OK;
    case PEER_ACCESS_ALREADY_ENABLED: *s = "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED"; return OK;
    case LAUNCH_FAILED: *s = "CUDA_ERROR_LAUNCH_FAILED"; return OK;
    case NOT_SUPPORTED: *s = "CUDA_ERROR_NOT_SUPPORTED"; return OK;
    case CAPTURE_UNSUPPORTED: *s = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; return OK;
    default: *s = nullptr; return INVALID_VALUE;
  }
}
