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
  private static final int WARM_UP = 6;
  private static final int TIMES = 12;

  private Ceilings() {}

  private interface Work {
    /// Returns something of its result, so that nothing is left out.
    float run(int worker, int workers);
  }

  /// Gigabytes a second, read once by all threads together from memory larger than any cache.
  static double readGigabytes(int threads) {
    long bytes = 1L << 29;
    try (Memory memory = Memory.host(bytes, "benchmark")) {
      MemorySegment s = memory.segment().fill((byte) 1);
      return bytes
          * 1e-9
          / best(threads, (w, n) -> read(s, bytes / n / 256 * 256 * w, bytes / n / 256 * 256));
    }
  }

  private static float read(MemorySegment s, long from, long bytes) {
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
  static double fmaGigaflops(int threads) {
    int steps = 4_000_000;
    return 2e-9 * steps * 12 * F.length() * threads / best(threads, (w, n) -> fma(steps, w));
  }

  private static float fma(int steps, int seed) {
    FloatVector x = FloatVector.broadcast(F, 1 - 1e-6f * seed);
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
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    FloatVector sum = a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j));
    return sum.add(k.add(l)).lane(0);
  }

  private static double best(int threads, Work work) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < WARM_UP + TIMES; i++) {
      double seconds = time(threads, work);
      best = i < WARM_UP ? best : Math.min(best, seconds);
    }
    return best;
  }

  private static double time(int threads, Work work) {
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
