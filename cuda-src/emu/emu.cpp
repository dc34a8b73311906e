// The block executor behind emu.h; linked into every emulated kernel library.
//
// Detected, each reported with kernel position and thread:
//   - a barrier or warp collective that not all of its threads reach (dead lock, exited lanes)
//   - reads of shared memory nobody wrote, or whose cp.async was not waited for (bytes are NaN patterns)
//   - mbarriers nobody completes, tiles used before they landed, accumulators read before wgmma_wait (NaN again)
//   - products without a fence, copies into tiles that products still read, products nobody waits for
//   - missing barriers, when the caller varies order_seed: threads then run in another order between barriers
// Built with -fsanitize=address it also finds every out-of-bounds access to device or dynamic shared memory.
#include "emu.h"
#include "hopper.h"

#include <stdio.h>
#include <sys/mman.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define EMU_ASAN 1
#else
#define EMU_ASAN 0
#endif

namespace emu {
__thread Thread* running;

struct Products {
  std::vector<Product> ops;
  std::vector<std::pair<float*, std::vector<float>>> values;  // accumulators in flight: the thread sees NaN
  int groups = 0;
  bool fenced = false;  // since the thread last had a chance to use registers
};

namespace {

constexpr size_t STACK = EMU_ASAN ? 256 << 10 : 64 << 10;

extern "C" void emu_switch(void** save, void* load);
#if defined(__x86_64__)
asm(R"(.text
.globl emu_switch
.hidden emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size emu_switch,.-emu_switch
)");
#else
#error "port emu_switch (six callee-saved registers and the stack pointer)"
#endif

// One host thread's worth of emulation: fibers for one block, or for all blocks of a cooperative grid.
struct Worker {
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<int> order;
  struct TensorCopy { Block* block; unsigned char* smem; TensorMap map; Barrier* barrier; std::array<int, 4> at; };
  std::vector<TensorCopy> copies;  // issued, not landed
  uint64_t changes = 0;
  std::vector<Block> blocks;
  int per_block = 0;  // threads
  const Kernel* kernel;
  const Launch* launch;
  void* home = nullptr;       // the scheduler's own stack pointer
  Thread* current = nullptr;
  std::string fault;
#if EMU_ASAN
  void* fake = nullptr;
  const void* home_bottom = nullptr;
  size_t home_size = 0;
#endif
  void resize(int count, int threads_each, size_t smem) {
    for (Block& b : blocks) free(b.smem);
    blocks.assign(count, {});
    for (Block& b : blocks)
      if (posix_memalign((void**)&b.smem, 128, std::max<size_t>(smem, 1))) abort();
    per_block = threads_each;
    const size_t n = (size_t)count * threads_each;
    for (size_t i = n; i < threads.size(); i++) { munmap(threads[i].stack, STACK); free(threads[i].pending); delete threads[i].products; }
    threads.resize(n);
    warps.resize(count * ((threads_each + 31) / 32));
    order.resize(n);
    for (size_t i = 0; i < n; i++) order[i] = (int)i;
  }
  ~Worker() {
    resize(0, 0, 0);
  }
};

__thread Worker* worker;

void leave(Thread* t) {
#if EMU_ASAN
  __sanitizer_start_switch_fiber(t->wait == Wait::done ? nullptr : &worker->fake, worker->home_bottom, worker->home_size);
  void* mine = worker->fake;
#endif
  emu_switch(&t->sp, worker->home);
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(mine, nullptr, nullptr);
#endif
}

void enter(Thread* t) {
  running = t;
#if EMU_ASAN
  void* fake;
  __sanitizer_start_switch_fiber(&fake, t->stack, STACK);
#endif
  emu_switch(&worker->home, t->sp);
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  running = nullptr;
}

[[noreturn]] void fiber_main() {
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &worker->home_bottom, &worker->home_size);
#endif
  worker->kernel->call(worker->launch->args);
  copy_wait(0);
  if (running->products && !running->products->ops.empty()) fault("wgmma nobody waited for", __FILE__, __LINE__);
  worker->changes++;
  running->wait = Wait::done;
  leave(running);
  __builtin_trap();
}

void prepare(Thread& t) {
  if (!t.stack) {
    t.stack = (unsigned char*)mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t.stack == MAP_FAILED) { perror("emu: fiber stack"); abort(); }
  }
#if EMU_ASAN
  __asan_unpoison_memory_region(t.stack, STACK);  // a failed launch may have left frames
#endif
  void** sp = (void**)(t.stack + STACK) - 1;  // as after a call: 8 past a multiple of 16
  *--sp = (void*)fiber_main;
  sp -= 6;
  memset(sp, 0, 6 * sizeof *sp);
  t.sp = sp;
  t.wait = Wait::none;
  t.pending_count = t.groups = 0;
  if (t.products) *t.products = {};
}

// Lets go every warp group and every block barrier that are complete. False when nothing moved.
bool release(Worker& w) {
  bool any = false;
  for (size_t first = 0; first < w.threads.size(); first += w.per_block) {
    Thread* block = &w.threads[first];
    bool all_at_barrier = true;
    for (int i = 0; i < w.per_block; i++) {
      Thread& t = block[i];
      if (t.wait != Wait::block && t.wait != Wait::done) all_at_barrier = false;
      if (t.wait != Wait::warp) continue;
      const uint32_t mask = t.mask;
      Thread* warp = block + (i & ~31);
      bool complete = true;
      for (int l = 0; l < 32 && complete; l++)
        if (mask >> l & 1)
          complete = (i & ~31) + l < w.per_block && warp[l].wait == Wait::warp && warp[l].mask == mask &&
                 warp[l].together == t.together;
      if (!complete) continue;
      for (int l = 0; l < 32; l++)
        if (mask >> l & 1) warp[l].wait = Wait::none, t.warp->taken[l] = t.warp->given[l];
      if (t.together) t.together(t.warp->taken);
      any = true;
    }
    if (all_at_barrier)
      for (int i = 0; i < w.per_block; i++)
        if (block[i].wait == Wait::block) block[i].wait = Wait::none, any = true;
  }
  return any;
}

std::string describe(const Worker& w) {
  std::string s = "threads wait for each other for ever:";
  int shown = 0;
  for (const Thread& t : w.threads)
    if (t.wait != Wait::none && t.wait != Wait::done && shown++ < 4)
      s += " block (" + std::to_string(t.block->idx.x) + "," + std::to_string(t.block->idx.y) + "," +
         std::to_string(t.block->idx.z) + ") thread " + std::to_string(t.linear) + " at " + t.file + ":" +
         std::to_string(t.line) + (t.wait == Wait::warp ? " (warp)" : t.wait == Wait::block ? " (block)" : " (polling)") + ";";
  return s + (shown > 4 ? " ..." : "");
}

// The copy engine: one box lands, swizzled, zeros outside the tensor.
void land(Worker& w, const Worker::TensorCopy& c) {
  const TensorMap& m = c.map;
  const uint32_t bytes = (uint32_t)m.pitch[0], base = (uint32_t)(c.smem - c.block->smem) + SMEM_BASE;
  for (uint32_t i = 0; i < m.box_bytes() / bytes; i++) {
    uint32_t at = base + i * bytes, rest = i;
    if (m.swizzle_128) at ^= (at >> 7 & 7) << 4;
    bool inside = true;
    const char* from = (const char*)m.base;
    for (int d = 0; d < 4; rest /= m.box[d++]) {
      const int64_t index = c.at[d] + (int64_t)(rest % m.box[d]);
      inside &= index >= 0 && index < (int64_t)m.size[d];
      from += index * (int64_t)m.pitch[d];
    }
    unsigned char* to = c.block->smem + (at - SMEM_BASE);
    if (inside) memcpy(to, from, bytes);
    else memset(to, 0, bytes);
  }
  c.barrier->phase_and_bytes -= (int)m.box_bytes() * 2;
  w.changes++;
  if (c.barrier->pending == 0 && c.barrier->phase_and_bytes >> 1 == 0)
    c.barrier->pending = c.barrier->expected, c.barrier->phase_and_bytes ^= 1;
}

void run_blocks(Worker& w, uint64_t first) {
  const Launch& l = *w.launch;
  const int n = (int)w.threads.size(), warps_each = (w.per_block + 31) / 32;
  w.copies.clear();
  for (size_t k = 0; k < w.blocks.size(); k++) {
    Block& b = w.blocks[k];
    const uint64_t index = first + k;
    b.grid = l.grid, b.dim = l.block;
    b.idx = {(unsigned)(index % l.grid.x), (unsigned)(index / l.grid.x % l.grid.y), (unsigned)(index / l.grid.x / l.grid.y)};
    b.smem_bytes = (uint32_t)l.smem;
    memset(b.smem, 0xff, l.smem);
    for (int i = 0; i < w.per_block; i++) {
      Thread& t = w.threads[k * w.per_block + i];
      prepare(t);
      t.tid = {i % l.block.x, i / l.block.x % l.block.y, i / l.block.x / l.block.y};
      t.linear = i, t.lane = i & 31, t.block = &b, t.warp = &w.warps[k * warps_each + (i >> 5)];
    }
  }
  uint64_t rng = l.order_seed;
  // With a seed, one warp runs only when no other can: it falls as far behind as the barriers allow.
  const Warp* starved = l.order_seed ? &w.warps[(l.order_seed + first) % w.warps.size()] : nullptr;
  int idle = 0;
  for (;;) {
    if (l.order_seed)  // another order of the threads between every two meetings
      for (int i = n - 1; i > 0; i--) {
        rng = rng * 6364136223846793005u + 1442695040888963407u;
        std::swap(w.order[i], w.order[(rng >> 33) % (unsigned)(i + 1)]);
      }
    bool ran = false;
    const uint64_t before = w.changes;
    for (int pass = 0; pass < 2 && !ran && w.changes == before; pass++)
      for (int i : w.order) {
        Thread& t = w.threads[i];
        if ((t.wait != Wait::none && t.wait != Wait::poll) || (pass == 0 && t.warp == starved)) continue;
        const bool poller = t.wait == Wait::poll;
        enter(&t);
        ran |= !poller || t.wait != Wait::poll;
      }
    if (!w.fault.empty()) return;
    // In no particular order; with every other seed as late as can be.
    if (!w.copies.empty() && (l.order_seed % 2 == 0 || !ran)) {
      const size_t which = l.order_seed ? (rng >> 33) % w.copies.size() : 0;
      const Worker::TensorCopy c = w.copies[which];
      w.copies.erase(w.copies.begin() + which);
      land(w, c);
    }
    if (release(w) || ran || w.changes != before) { idle = 0; continue; }
    bool polling = false;
    for (Thread& t : w.threads) polling |= t.wait == Wait::poll;
    if (polling && ++idle < 100) continue;  // a poller may have written what another one polls
    for (Thread& t : w.threads)
      if (t.wait != Wait::done) { w.fault = describe(w); return; }
    return;
  }
}

}  // namespace

void fault(const char* what, const char* file, int line) {
  Thread* t = running;
  if (worker->fault.empty())
    worker->fault = std::string(what) + ", thread " + std::to_string(t->linear) + " at " + file + ":" + std::to_string(line);
  t->wait = Wait::done;
  leave(t);
}

void meet_warp(uint32_t mask, Together together, const char* file, int line) {
  Thread* t = running;
  t->wait = Wait::warp, t->mask = mask, t->together = together, t->file = file, t->line = line;
  leave(t);
}

void meet_block(const char* file, int line) {
  Thread* t = running;
  t->wait = Wait::block, t->file = file, t->line = line;
  leave(t);
}

void copy_async(void* dst, const void* src, bool valid) {
  Thread* t = running;
  if (((uintptr_t)dst | (uintptr_t)src) & 15) fault("cp.async of an unaligned address", __FILE__, __LINE__);
  if (t->pending_count == t->pending_room) {
    t->pending_room = t->pending_room ? 2 * t->pending_room : 32;
    t->pending = (PendingCopy*)realloc(t->pending, t->pending_room * sizeof *t->pending);
  }
  memset(dst, 0xff, 16);  // NaN until it is waited for
  t->pending[t->pending_count++] = {dst, src, t->groups, valid};
}

void copy_commit() { running->groups++; }

void changed() { worker->changes++; }

void poll(const char* file, int line) {
  Thread* t = running;
  t->wait = Wait::poll, t->file = file, t->line = line;
  leave(t);
}

// Whether an operand's bytes, from its first to its last, meet `bytes` at `smem`.
static bool meets(const Block* block, const Operand& o, int rows, const unsigned char* smem, uint32_t bytes) {
  const uint32_t first = o.start() & ~1023u, at = (uint32_t)(smem - block->smem) + SMEM_BASE;
  const uint32_t last = o.by_k ? first + (rows - 1) / 64 * o.panel() + 2 * o.group() : first + rows / 8 * o.group();
  return first < at + bytes && at < last;
}
static bool reads(const Block* block, const Product& p, const unsigned char* smem, uint32_t bytes) {
  return meets(block, p.b, p.n, smem, bytes) || (!p.in_registers && meets(block, p.a, 64, smem, bytes));
}

void copy_later(void* smem, const TensorMap* map, void* barrier, std::array<int, 4> at, const char* file, int line) {
  auto* to = (unsigned char*)smem;
  Block* block = running->block;
  for (const Thread& t : worker->threads)
    if (t.block == block && t.products)
      for (const Product& p : t.products->ops)
        if (reads(block, p, to, map->box_bytes())) fault("a copy into a tile that wgmma still reads", file, line);
  memset(to, 0xff, map->box_bytes());  // NaN until it lands
  worker->copies.push_back({block, to, *map, (Barrier*)barrier, at});
}

static Products& products() {
  if (!running->products) running->products = new Products;
  return *running->products;
}
void products_fence() { products().fenced = true; }
void products_add(Product p, const char* file, int line) {
  Products& all = products();
  if (!all.fenced) fault("wgmma without a fence since the last wait", file, line);
  for (uint64_t d : {p.b.descriptor, p.in_registers ? p.b.descriptor : p.a.descriptor})
    if (d >> 62 != 1) fault("a wgmma descriptor without the 128-byte swizzle is not emulated", file, line);
  for (const Worker::TensorCopy& c : worker->copies)
    if (c.block == running->block && reads(c.block, p, c.smem, c.map.box_bytes()))
      fault("wgmma reads a tile that has not landed", file, line);
  p.group = all.groups;
  all.ops.push_back(p);
  for (auto& v : all.values) if (v.first == p.d) return;
  all.values.push_back({p.d, std::vector<float>(p.d, p.d + p.n / 2)});
  memset(p.d, 0xff, p.n / 2 * sizeof *p.d);
}
void products_commit() { products().groups++; }
void products_done(const float* d, const char* file, int line) {
  for (const auto& v : products().values) if (v.first == d) fault("accumulators are still in flight", file, line);
}

// PTX ISA, "Register fragments for wgmma .m64nNk16": warp w of the warpgroup holds rows 16w to 16w+15 of A and D, each
// 8 columns of D as in mma.m16n8, A as in mma.m16n8k16.
Product with_registers(float* d, int n, const uint32_t (&a)[4], uint64_t b, const char* file, int line) {
  Product p = {d, n, {}, {b, true}, true, true, {}, 0};
  Cell mine;
  memcpy(&mine, a, sizeof a);
  const Cell* lanes = meet(~0u, mine, file, line);
  for (int t = 0; t < 4; t++) {
    uint16_t v[8];
    memcpy(v, &lanes[(running->lane & ~3) + t], sizeof v);
    for (int i = 0; i < 8; i++) p.rows[i >> 1 & 1][t * 2 + (i & 1) + (i & 4) * 2] = to_f32(bf16{v[i]});
  }
  return p;
}

static void read_row(float (&to)[16], const Operand& o, int row, const char* file, int line) {
  for (int k = 0; k < 16; k++) to[k] = to_f32(*(const bf16*)shared(o.at(row, k), 2, file, line));
}

static void compute(Product& p, float* d, const char* file, int line) {
  const Thread* t = running;
  const int row = (t->linear >> 5 & 3) * 16 + (t->lane >> 2), column = (t->lane & 3) * 2;
  if (!p.in_registers)
    for (int r = 0; r < 2; r++) read_row(p.rows[r], p.a, row + r * 8, file, line);
  for (int i = 0; i < p.n / 2; i += i & 1 ? 3 : 1) {  // elements 0, 1 of each four; 2, 3 are of the other row
    float b[16];
    read_row(b, p.b, i / 4 * 8 + column + (i & 1), file, line);
    for (int r = 0; r < 2; r++) {
      float sum = p.add ? d[i + 2 * r] : 0;
      for (int k = 0; k < 16; k++) sum += p.rows[r][k] * b[k];
      d[i + 2 * r] = sum;
    }
  }
}

void products_wait(int left, const char* file, int line) {
  Products& all = products();
  all.fenced = false;
  auto value = [&](const Product& p) {
    return std::find_if(all.values.begin(), all.values.end(), [&](auto& v) { return v.first == p.d; });
  };
  std::vector<Product> kept;
  for (Product& p : all.ops) {
    if (p.group >= all.groups - left) kept.push_back(p);
    else compute(p, value(p)->second.data(), file, line);
  }
  for (size_t i = 0; i < all.values.size();) {
    auto& [d, sums] = all.values[i];
    if (std::any_of(kept.begin(), kept.end(), [&, at = d](auto& p) { return p.d == at; })) { i++; continue; }
    memcpy(d, sums.data(), sums.size() * sizeof(float));
    all.values.erase(all.values.begin() + i);
  }
  all.ops = std::move(kept);
  meet_warp(~0u, nullptr, file, line);
}

void copy_wait(int left) {
  Thread* t = running;
  int kept = 0;
  for (int i = 0; i < t->pending_count; i++) {
    const PendingCopy p = t->pending[i];
    if (p.group >= t->groups - left) { t->pending[kept++] = p; continue; }
    if (p.valid) memcpy(p.dst, p.src, 16);
    else memset(p.dst, 0, 16);
  }
  t->pending_count = kept;
}

extern "C" __attribute__((visibility("default"))) const char* emu_run(const Kernel* kernel, const Launch* launch) {
  static thread_local std::string fault;
  const size_t blocks = (size_t)launch->grid.x * launch->grid.y * launch->grid.z;
  const int threads = (int)(launch->block.x * launch->block.y * launch->block.z);
  std::atomic<size_t> next{0};
  std::mutex lock;
  fault.clear();
  size_t stride = 0x9e3779b1 % blocks | 1;  // with a seed, blocks run in another order too
  while (std::gcd(stride, blocks) != 1) stride++;
  auto work = [&, out = &fault] {
    static thread_local Worker w;  // fibers and their stacks are kept from launch to launch
    worker = &w;
    const size_t together = launch->cooperative ? blocks : 1;
    w.kernel = kernel, w.launch = launch, w.fault.clear();
    w.resize((int)together, threads, launch->smem);
    for (size_t b; w.fault.empty() && (b = next.fetch_add(together)) < blocks;)
      run_blocks(w, launch->order_seed && together == 1 ? (b * stride + launch->order_seed) % blocks : b);
    if (!w.fault.empty()) {
      std::lock_guard<std::mutex> hold(lock);
      *out = w.fault;
    }
  };
  const char* wanted = getenv("EMU_THREADS");
  const size_t hosts = launch->cooperative ? 1 : std::min<size_t>(wanted ? (size_t)std::max(1, atoi(wanted)) : 1, blocks);
  if (hosts <= 1) work();
  else {
    std::vector<std::thread> pool;
    for (size_t i = 0; i < hosts; i++) pool.emplace_back(work);
    for (std::thread& p : pool) p.join();
  }
  return fault.empty() ? nullptr : fault.c_str();
}

}  // namespace emu
