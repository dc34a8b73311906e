package org.internvl4j.kernels.emitted;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Set;
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
    return UNAVAILABLE == null && FEATURES.contains(Feature.AVX512_BF16);
  }

  /// Whether products of bytes can be summed up, four at a time: [BlockRow].
  public static boolean hasBytes() {
    return UNAVAILABLE == null
        && FEATURES.contains(Feature.AVX512_VNNI)
        && FEATURES.contains(Feature.AVX512_VBMI);
  }

  /// Whether formulas of elements can be computed: [Stretches].
  public static boolean hasStretches() {
    return UNAVAILABLE == null && BITS == 512;
  }

  /// A program as a function.
  ///
  /// @throws IllegalStateException if there are none here
  static MethodHandle function(Program program) {
    CodeMemory memory = MEMORY;
    if (memory == null) {
      throw new IllegalStateException("emitted: " + UNAVAILABLE);
    }
    return memory.function(program.code());
  }

  /// The address of `bytes` bytes of native memory.
  ///
  /// @throws IndexOutOfBoundsException if they do not lie in it
  static long address(MemorySegment memory, long from, long bytes) {
    Objects.checkFromIndexSize(from, bytes, memory.byteSize());
    if (!memory.isNative() || !memory.scope().isAlive()) {
      throw new IllegalArgumentException("emitted: expected native memory that is alive");
    }
    return memory.address() + from;
  }
}
