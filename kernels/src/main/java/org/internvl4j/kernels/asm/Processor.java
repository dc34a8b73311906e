package org.internvl4j.kernels.asm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RBX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.Set;

/// What the processor can do and the system lets it, as CPUID and XGETBV say.
public final class Processor {
  private static final long SAVES_YMM = 0b110;
  private static final long SAVES_ZMM = 0b11100110;

  /// Instructions beyond those that every x86-64 has.
  public enum Feature {
    /// 256-bit vectors of integers.
    AVX2,
    /// Fused multiply-adds of 256 bits.
    FMA,
    /// 512-bit vectors: AVX-512F, BW, DQ and VL, which come together, and BMI2.
    AVX512,
    /// Products of bf16 pairs.
    AVX512_BF16,
    /// Products of four bytes.
    AVX512_VNNI,
    /// Fields of bits as bytes.
    AVX512_VBMI
  }

  private Processor() {}

  /// @throws IllegalStateException if code cannot be executed here
  public static Set<Feature> features(CodeMemory memory) {
    MethodHandle cpuid = memory.function(cpuid());
    MethodHandle xgetbv = memory.function(xgetbv());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG, 4);
      long at = out.address();
      Set<Feature> features = EnumSet.noneOf(Feature.class);
      call(cpuid, at, 0, 0);
      long last = out.getAtIndex(JAVA_LONG, 0);
      call(cpuid, at, 1, 0);
      long basic = out.getAtIndex(JAVA_LONG, 2); // ecx
      if (!has(basic, 27) || last < 7) { // the system saves no vectors, or there are no more leaves
        return features;
      }
      call(xgetbv, at, 0, 0);
      long saved = out.getAtIndex(JAVA_LONG, 0);
      call(cpuid, at, 7, 0);
      long ebx = out.getAtIndex(JAVA_LONG, 1);
      long ecx = out.getAtIndex(JAVA_LONG, 2);
      call(cpuid, at, 7, 1);
      long eax = out.getAtIndex(JAVA_LONG, 0);
      if ((saved & SAVES_YMM) == SAVES_YMM) {
        add(features, Feature.AVX2, has(ebx, 5));
        add(features, Feature.FMA, has(basic, 12));
      }
      if ((saved & SAVES_ZMM) == SAVES_ZMM
          && has(ebx, 8)
          && has(ebx, 16)
          && has(ebx, 17)
          && has(ebx, 30)
          && has(ebx, 31)) {
        features.add(Feature.AVX512);
        add(features, Feature.AVX512_BF16, has(eax, 5));
        add(features, Feature.AVX512_VNNI, has(ecx, 11));
        add(features, Feature.AVX512_VBMI, has(ecx, 1));
      }
      return features;
    }
  }

  private static boolean has(long word, int bit) {
    return ((word >> bit) & 1) != 0;
  }

  private static void add(Set<Feature> features, Feature feature, boolean is) {
    if (is) {
      features.add(feature);
    }
  }

  /// Four registers of a leaf to memory, eight bytes each: `cpuid(to, leaf, part)`.
  private static byte[] cpuid() {
    Assembler a = new Assembler();
    a.push(RBX); // the caller's
    a.mov(RAX, RSI);
    a.mov(RCX, RDX);
    a.cpuid();
    a.mov(at(RDI), RAX);
    a.mov(at(RDI, 8), RBX);
    a.mov(at(RDI, 16), RCX);
    a.mov(at(RDI, 24), RDX);
    a.pop(RBX);
    a.ret();
    return a.finish();
  }

  /// The registers that the system saves: `xgetbv(to)`.
  private static byte[] xgetbv() {
    Assembler a = new Assembler();
    a.mov(RCX, 0);
    a.xgetbv();
    a.mov(at(RDI), RAX);
    a.ret();
    return a.finish();
  }
}
