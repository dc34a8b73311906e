package org.internvl4j.kernels.emitted;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.internvl4j.kernels.asm.CodeMemory;
import org.internvl4j.kernels.asm.Processor;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.jspecify.annotations.Nullable;

/// The functions of this process: written when they are first asked for, for what its processor can
/// do.
public final class Emitted {
  private static final @Nullable CodeMemory MEMORY;
  private static final Set<Feature> FEATURES;
  private static final @Nullable String UNAVAILABLE;

  /// Bits of the vectors that are used.
  static final int BITS;

  static {
    CodeMemory memory = null;
    Set<Feature> features = Set.of();
    String why = CodeMemory.unavailable();
    if (why == null) {
      try {
        memory = CodeMemory.open();
        features = Processor.features(memory);
        if (!features.contains(Feature.AVX2) || !features.contains(Feature.FMA)) {
          why = "this processor has no AVX2 and FMA, or the system does not save their registers";
        }
      } catch (IllegalStateException e) {
        why = e.getMessage();
      }
    }
    MEMORY = memory;
    FEATURES = features;
    BITS = features.contains(Feature.AVX512) ? 512 : 256;
    UNAVAILABLE = why;
  }

  private Emitted() {}

  /// Why there are none here, in a few words; null if there are some.
  public static @Nullable String unavailable() {
    return UNAVAILABLE;
  }

  /// Whether code is written for systems and processors of this kind.
  public static boolean isForThisSystem() {
    return CodeMemory.isForThisSystem();
  }

  /// In a few words, with the instructions that are used.
  public static String description() {
    return (BITS == 512 ? "AVX-512" : "AVX2 and FMA")
        + (hasBf16() ? ", BF16" : "")
        + (hasBytes() ? ", VNNI" : "")
        + " machine code";
  }

  /// What the processor can do.
  static Set<Feature> features() {
    return FEATURES;
  }

  /// Whether pairs of bf16 numbers can be multiplied: [Arithmetic#BF16].
  public static boolean hasBf16() {
    return UNAVAILABLE == null && FEATURES.containsAll(Arithmetic.BF16.needs(512));
  }

  /// Whether products of bytes can be summed up, four at a time: [BlockRow].
  public static boolean hasBytes() {
    return UNAVAILABLE == null && FEATURES.containsAll(BlockWeights.NEEDS);
  }

  /// Whether formulas of elements can be computed: [Stretches].
  public static boolean hasStretches() {
    return UNAVAILABLE == null && BITS == 512;
  }

  /// A program as a function.
  ///
  /// @throws IllegalStateException if there are none here, or the processor lacks what it needs
  static MethodHandle function(Program program) {
    CodeMemory memory = MEMORY;
    if (memory == null) {
      throw new IllegalStateException("emitted: " + UNAVAILABLE);
    }
    requireSupport(program, FEATURES);
    return memory.function(program.code());
  }

  static void requireSupport(Program program, Set<Feature> features) {
    if (!features.containsAll(program.needs())) {
      throw new IllegalStateException(
          "emitted: %s needs %s, this processor has %s"
              .formatted(program, new TreeSet<>(program.needs()), new TreeSet<>(features)));
    }
  }

  /// The address of `bytes` bytes of native memory that are read.
  ///
  /// @throws IndexOutOfBoundsException if they do not lie in it
  static long address(MemorySegment memory, long from, long bytes) {
    Objects.checkFromIndexSize(from, bytes, memory.byteSize());
    if (!memory.isNative()
        || !memory.scope().isAlive()
        || !memory.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException(
          "emitted: expected native memory that is alive and open to this thread");
    }
    return memory.address() + from;
  }

  /// The address of `bytes` bytes of native memory that are written.
  ///
  /// @throws IndexOutOfBoundsException if they do not lie in it
  static long written(MemorySegment memory, long from, long bytes) {
    if (memory.isReadOnly()) {
      throw new IllegalArgumentException("emitted: expected memory that may be written");
    }
    return address(memory, from, bytes);
  }

  /// The bytes from the start of the first row to the end of the last one.
  ///
  /// @param rows at least one
  /// @param stride bytes from one to the next; of a single one nobody goes on
  /// @param bytes of a row
  /// @throws IndexOutOfBoundsException if no memory of that size has them
  static long span(MemorySegment memory, long rows, long stride, long bytes) {
    if (rows < 1 || (rows > 1 && (stride < 0 || stride > memory.byteSize() / (rows - 1)))) {
      throw new IndexOutOfBoundsException(
          "emitted: %d rows that are %d bytes apart do not lie in %d bytes"
              .formatted(rows, stride, memory.byteSize()));
    }
    return (rows - 1) * stride + bytes;
  }
}
