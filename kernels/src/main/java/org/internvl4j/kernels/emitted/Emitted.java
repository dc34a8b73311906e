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

  /// In a few words.
  public static String description() {
    return (bits() == 512 ? "AVX-512" : "AVX2") + " machine code";
  }

  /// What the processor can do.
  public static Set<Feature> features() {
    return FEATURES;
  }

  /// Bits of the vectors that are used.
  public static int bits() {
    return FEATURES.contains(Feature.AVX512) ? 512 : 256;
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

  static MethodHandle tile(Arithmetic arithmetic) {
    return function(new Tile(arithmetic, bits()).code(), Tile.ARGUMENTS);
  }

  /// Functions of 1 row and more, at their numbers of rows.
  static MethodHandle[] rows(Arithmetic arithmetic) {
    Tile tile = new Tile(arithmetic, bits());
    MethodHandle[] functions = new MethodHandle[tile.most()];
    for (int rows = 1; rows < functions.length; rows++) {
      functions[rows] = function(tile.code(rows), Tile.ROWS_ARGUMENTS);
    }
    return functions;
  }

  static MethodHandle row(Arithmetic arithmetic) {
    return function(new Row(arithmetic, bits()).code(), Row.ARGUMENTS);
  }

  static MethodHandle row(BlockRow row) {
    return function(row.code(), BlockRow.ARGUMENTS);
  }

  static MethodHandle bytes(Bytes bytes) {
    return function(bytes.code(), Bytes.ARGUMENTS);
  }

  static MethodHandle dots() {
    return function(Dots.code(), Dots.ARGUMENTS);
  }

  static MethodHandle rounding() {
    return function(Rounding.code(), Rounding.ARGUMENTS);
  }

  private static MethodHandle function(byte[] code, int arguments) {
    CodeMemory memory = MEMORY;
    if (memory == null) {
      throw new IllegalStateException("emitted: " + UNAVAILABLE);
    }
    return memory.function(code, arguments);
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
