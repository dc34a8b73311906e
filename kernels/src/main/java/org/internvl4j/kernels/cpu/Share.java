package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Memory;

/// One worker's part of a job: which units are its own, and memory to work in.
final class Share {
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  private final int worker;
  private final int workers;
  private final Scratch scratch;
  private final Scratch common;

  Share(int worker, int workers, Scratch scratch, Scratch common) {
    this.worker = worker;
    this.workers = workers;
    this.scratch = scratch;
    this.common = common;
  }

  /// First of `units` units that are this worker's.
  int from(int units) {
    return (int) ((long) units * worker / workers);
  }

  /// End (exclusive) of this worker's units.
  int to(int units) {
    return (int) ((long) units * (worker + 1) / workers);
  }

  /// Begin of this worker's part of an amount of work.
  long from(long work) {
    return work * worker / workers;
  }

  /// End (exclusive) of this worker's part of an amount of work.
  long to(long work) {
    return work * (worker + 1) / workers;
  }

  /// Whether this is the first worker's.
  boolean isFirst() {
    return worker == 0;
  }

  /// Whether there are more workers than cores, so that time passes while a worker does not run.
  boolean isCrowded() {
    return workers > CORES;
  }

  /// This worker's part of an amount of work, roughly.
  long part(long work) {
    return work / workers;
  }

  /// At least `bytes` bytes, 64-byte aligned, this worker's until the job ends, with undefined
  /// contents.
  MemorySegment scratch(long bytes) {
    return scratch.atLeast(bytes);
  }

  /// [Pool.Job#commonBytes] bytes, 64-byte aligned, with what earlier jobs left in them: one job
  /// may lay out what the next one reads, as long as nothing else runs in between.
  MemorySegment common() {
    return common.memory.segment();
  }

  /// At least `count` floats for plain loops, which the compiler turns into vectors on arrays only;
  /// this worker's until the job ends, with undefined contents.
  float[] floats(int count) {
    scratch.floats = atLeast(scratch.floats, count);
    return scratch.floats;
  }

  /// As [#floats]; another array.
  float[] lines(int count) {
    scratch.lines = atLeast(scratch.lines, count);
    return scratch.lines;
  }

  /// As [#floats]; another array.
  float[] scores(int count) {
    scratch.scores = atLeast(scratch.scores, count);
    return scratch.scores;
  }

  /// As [#floats], for ints.
  int[] ints(int count) {
    if (scratch.ints.length < count) {
      scratch.ints = new int[count];
    }
    return scratch.ints;
  }

  private static float[] atLeast(float[] floats, int count) {
    return floats.length < count ? new float[count] : floats;
  }

  /// A worker's memory: kept from job to job, replaced by a larger one where a job needs more.
  static final class Scratch implements AutoCloseable {
    private static final long FIRST = 1 << 18;

    Memory memory = Memory.host(FIRST, "cpu scratch");
    private float[] floats = {};
    private float[] lines = {};
    private float[] scores = {};
    private int[] ints = {};

    MemorySegment atLeast(long bytes) {
      if (memory.byteSize() < bytes) {
        Memory larger = Memory.host(Long.highestOneBit(bytes - 1) << 1, "cpu scratch");
        memory.close();
        memory = larger;
      }
      return memory.segment();
    }

    @Override
    public void close() {
      memory.close();
    }
  }
}
