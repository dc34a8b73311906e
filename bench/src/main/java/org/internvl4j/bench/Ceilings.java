package org.internvl4j.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import org.internvl4j.runtime.Memory;

/// What this machine can do at best, now: a plain loop that reads memory, and one that only
/// multiplies and adds. Other work on the machine lowers both, so they belong beside every result.
final class Ceilings {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final int WARM_UP = 8;
  private static final int TIMES = 5;

  /// What the plain loop reads; taken once, since that takes longer than to read it.
  static final long BYTES = 1L << 28;

  private static final int STEPS = 4_000_000;

  private final int threads;
  private final Memory memory = Memory.host(BYTES, "benchmark"); // as long as the process

  /// Runs both loops until they are compiled.
  ///
  /// @param threads that read and compute together
  Ceilings(int threads) {
    this.threads = threads;
    memory.segment().fill((byte) 1);
    readGigabytes(WARM_UP);
    fmaGigaflops(WARM_UP);
  }

  interface Work {
    /// Returns something of its result, so that nothing is left out.
    float run(int worker, int workers);
  }

  /// Gigabytes a second, read once by all threads together from memory larger than any cache.
  double readGigabytes() {
    return readGigabytes(TIMES);
  }

  private double readGigabytes(int times) {
    MemorySegment s = memory.segment();
    long share = BYTES / threads / 256 * 256;
    return share * threads * 1e-9 / best(times, (w, n) -> read(s, share * w, share));
  }

  /// All of a stretch, a multiple of four vectors long.
  static float read(MemorySegment s, long from, long bytes) {
    IntVector a = IntVector.zero(I);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    long step = I.vectorByteSize();
    for (long i = from; i < from + bytes; i += 4 * step) {
      a = a.or(IntVector.fromMemorySegment(I, s, i, ByteOrder.LITTLE_ENDIAN));
      b = b.or(IntVector.fromMemorySegment(I, s, i + step, ByteOrder.LITTLE_ENDIAN));
      c = c.or(IntVector.fromMemorySegment(I, s, i + 2 * step, ByteOrder.LITTLE_ENDIAN));
      d = d.or(IntVector.fromMemorySegment(I, s, i + 3 * step, ByteOrder.LITTLE_ENDIAN));
    }
    return a.or(b).or(c.or(d)).lane(0);
  }

  /// Giga floating-point operations a second of all threads together, a fused multiply-add being
  /// two.
  double fmaGigaflops() {
    return fmaGigaflops(TIMES);
  }

  private double fmaGigaflops(int times) {
    return 2e-9 * STEPS * 12 * F.length() * threads / best(times, (w, n) -> fma(STEPS, w));
  }

  /// The sums are what is added to, as in a product: were they a factor, the compiler would have to
  /// copy `y` before each step, and reach six to eight tenths of this.
  private static float fma(int steps, int seed) {
    FloatVector x = FloatVector.broadcast(F, 1 + seed);
    FloatVector y = FloatVector.broadcast(F, 1e-7f);
    FloatVector a = y;
    FloatVector b = y;
    FloatVector c = y;
    FloatVector d = y;
    FloatVector e = y;
    FloatVector f = y;
    FloatVector g = y;
    FloatVector h = y;
    FloatVector i = y;
    FloatVector j = y;
    FloatVector k = y;
    FloatVector l = y;
    for (int n = 0; n < steps; n++) {
      a = x.fma(y, a);
      b = x.fma(y, b);
      c = x.fma(y, c);
      d = x.fma(y, d);
      e = x.fma(y, e);
      f = x.fma(y, f);
      g = x.fma(y, g);
      h = x.fma(y, h);
      i = x.fma(y, i);
      j = x.fma(y, j);
      k = x.fma(y, k);
      l = x.fma(y, l);
    }
    FloatVector sum = a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j));
    return sum.add(k.add(l)).lane(0);
  }

  private double best(int times, Work work) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < times; i++) {
      best = Math.min(best, time(threads, work));
    }
    return best;
  }

  /// Seconds that `threads` threads take together.
  static double time(int threads, Work work) {
    CyclicBarrier start = new CyclicBarrier(threads + 1);
    List<Thread> all = new ArrayList<>();
    float[] sink = new float[threads];
    for (int w = 0; w < threads; w++) {
      int worker = w;
      all.add(
          Thread.ofPlatform()
              .start(() -> {
                pass(start);
                sink[worker] = work.run(worker, threads);
              }));
    }
    long begin = System.nanoTime(); // before the last one arrives: they start then
    pass(start);
    for (Thread thread : all) {
      join(thread);
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    for (float value : sink) {
      if (Float.isNaN(value)) {
        throw new AssertionError("bench: a ceiling computed " + value);
      }
    }
    return seconds;
  }

  private static void pass(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException("bench: interrupted", e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException("bench: interrupted", e);
    }
  }
}
