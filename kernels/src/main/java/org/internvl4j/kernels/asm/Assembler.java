package org.internvl4j.kernels.asm;

import java.util.ArrayList;
import java.util.List;

/// Writes x86-64 machine code, a method an instruction, operands in Intel's order. Only what the
/// kernels use.
///
/// Not for several threads.
public final class Assembler extends Encoder {
  private static final int NONE = 0; // prefixes
  private static final int P66 = 1;
  private static final int PF3 = 2;
  private static final int PF2 = 3;
  private static final int M0F = 1; // maps
  private static final int M0F38 = 2;
  private static final int M0F3A = 3;

  private final List<Constant> constants = new ArrayList<>();

  private record Constant(Label label, int[] words) {}

  // ---- places

  /// The label is here.
  public void bind(Label label) {
    label.bind(size());
  }

  /// Fills up with instructions that do nothing, until the next one begins at a multiple of 64: for
  /// the head of a loop.
  public void align() {
    while (size() % 64 != 0) {
      put(0x90);
    }
  }

  /// Memory within the code that holds these; see [#finish].
  public Address constant(int... words) {
    Constant constant = new Constant(new Label(), words.clone());
    constants.add(constant);
    return Address.of(constant.label);
  }

  /// Memory within the code that holds a float.
  public Address floatConstant(float value) {
    return constant(Float.floatToRawIntBits(value));
  }

  /// The code, and behind it its constants.
  ///
  /// @throws IllegalStateException if a label that is used was not bound
  public byte[] finish() {
    for (Constant constant : constants) {
      align();
      bind(constant.label);
      for (int word : constant.words) {
        put32(word);
      }
    }
    constants.clear();
    return bytes();
  }

  // ---- general registers

  public void mov(Register to, Register from) {
    general(0x8B, to.number(), from);
  }

  public void mov(Register to, Address from) {
    general(1, to.number(), from, 0x8B);
  }

  public void mov(Address to, Register from) {
    general(1, from.number(), to, 0x89);
  }

  /// The value's sign fills the upper half.
  public void mov(Register to, int value) {
    general(0xC7, 0, to);
    put32(value);
  }

  /// Four bytes and their sign.
  public void movsxd(Register to, Address from) {
    general(1, to.number(), from, 0x63);
  }

  /// The lower four bytes.
  public void mov32(Address to, Register from) {
    general(0, from.number(), to, 0x89);
  }

  public void add(Register to, Register by) {
    general(0x03, to.number(), by);
  }

  public void add(Register to, Address by) {
    general(1, to.number(), by, 0x03);
  }

  public void add(Register to, int by) {
    immediate(0, to, by);
  }

  public void sub(Register to, Register by) {
    general(0x2B, to.number(), by);
  }

  public void sub(Register to, int by) {
    immediate(5, to, by);
  }

  public void shl(Register to, int bits) {
    general(0xC1, 4, to);
    put(bits);
  }

  /// The sign fills what is left.
  public void sar(Register to, int bits) {
    general(0xC1, 7, to);
    put(bits);
  }

  /// The lowest `count` bits of `from`.
  public void bzhi(Register to, Register from, Register count) {
    Opcode opcode = Opcode.of(0xF5, NONE, M0F38).wide();
    vector(opcode, to.number(), Vector.xmm(0), count.number(), Vector.xmm(from.number()));
  }

  private void immediate(int which, Register to, int by) {
    if (by == (byte) by) {
      general(0x83, which, to);
      put(by);
    } else if (to == Register.RAX) {
      put(rex(1, 0, 0, 0), 0x05 | (which << 3));
      put32(by);
    } else {
      general(0x81, which, to);
      put32(by);
    }
  }

  public void push(Register from) {
    shortRegister(0x50, from);
  }

  public void pop(Register to) {
    shortRegister(0x58, to);
  }

  private void shortRegister(int opcode, Register register) {
    if (register.number() > 7) {
      put(0x41);
    }
    put(opcode | (register.number() & 7));
  }

  public void jmp(Label to) {
    put(0xE9);
    putDistance(to);
  }

  public void jump(Condition when, Label to) {
    put(0x0F, 0x80 | when.code);
    putDistance(to);
  }

  public void ret() {
    put(0xC3);
  }

  /// What the processor can do: `eax` and `ecx` say which part of it.
  public void cpuid() {
    put(0x0F, 0xA2);
  }

  /// Which registers the system saves: `ecx` says which of its lists.
  public void xgetbv() {
    put(0x0F, 0x01, 0xD0);
  }

  /// Asks for memory that will be read soon.
  public void prefetcht0(Address of) {
    general(0, 1, of, 0x0F, 0x18);
  }

  // ---- moving vectors

  public void vmovups(Vector to, Operand from) {
    vector(Opcode.of(0x10, NONE, M0F), to.number(), to, 0, from);
  }

  /// @param from its mask says which lanes are stored
  public void vmovups(Address to, Vector from) {
    if (from.zeroing()) {
      throw new IllegalArgumentException("no store zeroes the lanes that it leaves out");
    }
    vector(Opcode.of(0x11, NONE, M0F), from.number(), from, 0, to);
  }

  /// The first lane.
  public void vmovss(Address to, Vector from) {
    extended(Opcode.of(0x11, PF3, M0F).unit(-4), from.number(), Vector.xmm(from.number()), 0, to);
  }

  /// @param from memory, or a register's first lane
  public void vbroadcastss(Vector to, Operand from) {
    vector(Opcode.of(0x18, P66, M0F38).unit(-4), to.number(), to, 0, from);
  }

  /// 64 bits to the first lanes of 128; the others become zero.
  public void vmovq(Vector to, Register from) {
    vector(Opcode.of(0x6E, P66, M0F).wide(), to.number(), to, 0, Vector.xmm(from.number()));
  }

  public void vzeroupper() {
    put(0xC5, 0xF8, 0x77);
  }

  /// The lowest lane, 32 bits.
  public void vmovd(Register to, Vector from) {
    vector(Opcode.of(0x7E, P66, M0F), from.number(), from, 0, Vector.xmm(to.number()));
  }

  // ---- floats

  public void vaddps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x58, NONE, M0F), to.number(), to, a.number(), b);
  }

  public void vmulps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x59, NONE, M0F), to.number(), to, a.number(), b);
  }

  public void vsubps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x5C, NONE, M0F), to.number(), to, a.number(), b);
  }

  public void vdivps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x5E, NONE, M0F), to.number(), to, a.number(), b);
  }

  /// `b` if either is no number, or both are zero.
  public void vmaxps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x5F, NONE, M0F), to.number(), to, a.number(), b);
  }

  /// `b` if either is no number, or both are zero.
  public void vminps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x5D, NONE, M0F), to.number(), to, a.number(), b);
  }

  /// `to = to · a + b`, rounded once.
  public void vfmadd213ps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0xA8, P66, M0F38), to.number(), to, a.number(), b);
  }

  /// `to += a · b`, rounded once.
  public void vfmadd231ps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0xB8, P66, M0F38), to.number(), to, a.number(), b);
  }

  public void vcvtdq2ps(Vector to, Operand from) {
    vector(Opcode.of(0x5B, NONE, M0F), to.number(), to, 0, from);
  }

  // ---- the first lane, as a double

  public void vaddsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x58, PF2, M0F), to.number(), to, a.number(), b);
  }

  public void vmulsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x59, PF2, M0F), to.number(), to, a.number(), b);
  }

  public void vsubsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x5C, PF2, M0F), to.number(), to, a.number(), b);
  }

  public void vdivsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x5E, PF2, M0F), to.number(), to, a.number(), b);
  }

  /// `b` if either is no number, or both are zero.
  public void vmaxsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x5F, PF2, M0F), to.number(), to, a.number(), b);
  }

  /// The root of `b`; the second lane is that of `a`.
  public void vsqrtsd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x51, PF2, M0F), to.number(), to, a.number(), b);
  }

  /// The float in `b`; the second lane is that of `a`.
  public void vcvtss2sd(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x5A, PF3, M0F), to.number(), to, a.number(), b);
  }

  /// The double in `b`, rounded; the other lanes are those of `a`.
  public void vcvtsd2ss(Vector to, Vector a, Vector b) {
    vector(Opcode.of(0x5A, PF2, M0F), to.number(), to, a.number(), b);
  }

  // ---- integers and bits

  /// Bits of both.
  public void vandps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x54, NONE, M0F), to.number(), to, a.number(), b);
  }

  /// Bits of one alone.
  public void vxorps(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x57, NONE, M0F), to.number(), to, a.number(), b);
  }

  /// Sums of 32-bit numbers.
  public void vpaddd(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0xFE, P66, M0F), to.number(), to, a.number(), b);
  }

  /// The greater of 32-bit numbers without a sign.
  public void vpmaxud(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x3F, P66, M0F38), to.number(), to, a.number(), b);
  }

  /// The lesser of 32-bit numbers without a sign.
  public void vpminud(Vector to, Vector a, Operand b) {
    vector(Opcode.of(0x3B, P66, M0F38), to.number(), to, a.number(), b);
  }

  public void vpslld(Vector to, Vector from, int bits) {
    shift(6, to, from, bits);
  }

  public void vpsrld(Vector to, Vector from, int bits) {
    shift(2, to, from, bits);
  }

  private void shift(int which, Vector to, Vector from, int bits) {
    vector(Opcode.of(0x72, P66, M0F), which, to, to.number(), from);
    put(bits);
  }

  // ---- AVX-512 alone

  /// The lowest 16 bits to a mask register.
  public void kmovw(int mask, Register from) {
    vector(Opcode.of(0x92, NONE, M0F), mask, Vector.xmm(0), 0, Vector.xmm(from.number()));
  }

  /// Which lanes compare so, to a mask register.
  public void vcmpps(int mask, Vector a, Vector b, Comparison which) {
    extended(Opcode.of(0xC2, NONE, M0F), mask, Vector.zmm(0), a.number(), b);
    put(which.code);
  }

  /// The lowest 32 bits to all lanes.
  public void vpbroadcastd(Vector to, Register from) {
    extended(Opcode.of(0x7C, P66, M0F38), to.number(), to, 0, Vector.xmm(from.number()));
  }

  /// Four lanes a quarter: the first two of `to` are quarters of `a`, the others of `b`, two bits
  /// of `which` each.
  public void vshuff32x4(Vector to, Vector a, Vector b, int which) {
    extended(Opcode.of(0x23, P66, M0F3A), to.number(), to, a.number(), b);
    put(which);
  }

  /// Within each quarter, the lanes that two bits of `which` name.
  public void vpermilps(Vector to, Vector from, int which) {
    extended(Opcode.of(0x04, P66, M0F3A), to.number(), to, 0, from);
    put(which);
  }

  /// 16-bit lanes of `to` and `b`, chosen by `which`: 0 to 31 are those of `to`, the next those of
  /// `b`.
  public void vpermt2w(Vector to, Vector which, Operand b) {
    extended(Opcode.of(0x7D, P66, M0F38).wide(), to.number(), to, which.number(), b);
  }

  /// Of each 64 bits of `from`, eight fields of eight bits, which begin where the bytes of `which`
  /// say.
  public void vpmultishiftqb(Vector to, Vector which, Operand from) {
    extended(Opcode.of(0x83, P66, M0F38).wide(), to.number(), to, which.number(), from);
  }

  /// Lanes of `from` that the lanes of `which` name.
  public void vpermps(Vector to, Vector which, Operand from) {
    extended(Opcode.of(0x16, P66, M0F38), to.number(), to, which.number(), from);
  }

  /// 16-bit numbers without a sign to 32-bit lanes.
  public void vpmovzxwd(Vector to, Address from) {
    extended(Opcode.of(0x33, P66, M0F38).unit(32), to.number(), to, 0, from);
  }

  /// The lowest bytes of 32-bit lanes.
  public void vpmovdb(Address to, Vector from) {
    extended(Opcode.of(0x31, PF3, M0F38).unit(16), from.number(), from, 0, to);
  }

  /// `to += a.odd · b.odd + a.even · b.even`, of pairs of bf16 numbers.
  public void vdpbf16ps(Vector to, Vector a, Operand b) {
    extended(Opcode.of(0x52, PF3, M0F38), to.number(), to, a.number(), b);
  }

  /// Two vectors of floats rounded to one of bf16 numbers, those of `b` first.
  public void vcvtne2ps2bf16(Vector to, Vector a, Operand b) {
    extended(Opcode.of(0x72, PF2, M0F38), to.number(), to, a.number(), b);
  }

  /// `to += Σ a · b` of four 8-bit numbers a lane, those of `a` without a sign.
  public void vpdpbusd(Vector to, Vector a, Operand b) {
    extended(Opcode.of(0x50, P66, M0F38), to.number(), to, a.number(), b);
  }
}
