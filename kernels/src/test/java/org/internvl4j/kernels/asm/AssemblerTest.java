package org.internvl4j.kernels.asm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every instruction, with operands drawn by a seeded generator, byte for byte as GNU's assembler
/// writes it.
class AssemblerTest {
  private static final int DRAWS = 80; // of each form
  private static final List<Register> REGISTERS = List.of(Register.values());

  private final Random random = new Random(9);
  private final Assembler assembler = new Assembler();
  private final List<Line> lines = new ArrayList<>();

  /// An instruction as GNU's assembler reads it, and where its bytes begin.
  private record Line(String text, int at) {}

  private void line(String text, Runnable emit) {
    lines.add(new Line(text, assembler.size()));
    emit.run();
  }

  private Register general() {
    return REGISTERS.get(random.nextInt(REGISTERS.size()));
  }

  private int displacement() {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> random.nextInt(-128, 128);
      case 2 -> 64 * random.nextInt(-130, 130);
      default -> random.nextInt(-100_000, 100_000);
    };
  }

  private Address address() {
    Register index = general();
    return random.nextBoolean() || index == Register.RSP
        ? Address.at(general(), displacement())
        : Address.at(general(), index, 1 << random.nextInt(4), displacement());
  }

  private Vector vector(int bits, boolean masked) {
    Vector plain = new Vector(random.nextInt(bits == 512 ? 32 : 16), bits, 0, false);
    int mask = 1 + random.nextInt(7);
    return !masked || bits < 512
        ? plain
        : switch (random.nextInt(3)) {
          case 0 -> plain.masked(mask);
          case 1 -> plain.zeroed(mask);
          default -> plain;
        };
  }

  // ---- forms

  private void generals(String name, BiConsumer<Register, Register> emit) {
    for (int i = 0; i < DRAWS; i++) {
      Register a = general();
      Register b = general();
      line("{load} %s %s, %s".formatted(name, a, b), () -> emit.accept(a, b));
    }
  }

  private void immediates(String name, BiConsumer<Register, Integer> emit) {
    for (int i = 0; i < DRAWS; i++) {
      Register a = general();
      int by = random.nextBoolean() ? random.nextInt(-128, 128) : random.nextInt();
      line("%s %s, %d".formatted(name, a, by), () -> emit.accept(a, by));
    }
  }

  private void loads(String name, BiConsumer<Register, Address> emit) {
    for (int i = 0; i < DRAWS; i++) {
      Register a = general();
      Address m = address();
      line("%s %s, qword ptr %s".formatted(name, a, m), () -> emit.accept(a, m));
    }
  }

  private interface Three {
    void emit(Vector to, Vector a, Operand b);
  }

  /// `to`, `a` and a vector, memory, or an element of memory for all lanes.
  private void three(String name, int[] widths, boolean broadcasts, Three emit) {
    for (int i = 0; i < 3 * DRAWS; i++) {
      int bits = widths[random.nextInt(widths.length)];
      Vector to = vector(bits, true);
      Vector a = vector(bits, false);
      Operand b =
          switch (random.nextInt(3)) {
            case 0 -> vector(bits, false);
            case 1 -> address();
            default -> broadcasts && bits == 512 ? address().forAll() : address();
          };
      String text = "%s %s, %s, %s".formatted(name, to, a, text(b, bits));
      line(text, () -> emit.emit(to, a, b));
    }
  }

  private void two(String name, boolean broadcasts, BiConsumer<Vector, Operand> emit) {
    for (int i = 0; i < 3 * DRAWS; i++) {
      int bits = 128 << random.nextInt(3);
      Vector to = vector(bits, true);
      Operand from =
          switch (random.nextInt(3)) {
            case 0 -> vector(bits, false);
            case 1 -> address();
            default -> broadcasts && bits == 512 ? address().forAll() : address();
          };
      line("%s %s, %s".formatted(name, to, text(from, bits)), () -> emit.accept(to, from));
    }
  }

  private static String text(Operand operand, int bits) {
    return switch (operand) {
      case Vector v -> v.toString();
      case Address a when a.isBroadcast() -> "dword ptr %s{1to%d}".formatted(a, bits / 32);
      case Address a -> pointer(bits) + a;
    };
  }

  private static String pointer(int bits) {
    return (bits == 512 ? "zmmword" : bits == 256 ? "ymmword" : "xmmword") + " ptr ";
  }

  private static final int[] ALL = {128, 256, 512};
  private static final int[] WIDEST = {512};

  private void everything() {
    Assembler a = assembler;
    generals("mov", a::mov);
    generals("add", a::add);
    generals("sub", a::sub);
    for (int i = 0; i < DRAWS; i++) {
      Register to = general();
      Register from = general();
      Register count = general();
      line("bzhi %s, %s, %s".formatted(to, from, count), () -> a.bzhi(to, from, count));
    }
    for (int i = 0; i < DRAWS; i++) {
      Register x = general();
      int bits = random.nextInt(2, 64);
      Address m = address();
      line("mov qword ptr %s, %s".formatted(m, x), () -> a.mov(m, x));
      line("mov %s, %d".formatted(x, bits - 30), () -> a.mov(x, bits - 30));
      line("shl %s, %d".formatted(x, bits), () -> a.shl(x, bits));
      line("prefetcht0 %s".formatted(m), () -> a.prefetcht0(m));
      line("push %s".formatted(x), () -> a.push(x));
      line("pop %s".formatted(x), () -> a.pop(x));
    }
    immediates("add", a::add);
    immediates("sub", a::sub);
    loads("mov", a::mov);
    loads("add", a::add);
    for (int i = 0; i < DRAWS; i++) {
      Register x = general();
      Address m = address();
      line("mov dword ptr %s, %s".formatted(m, lower(x)), () -> a.mov32(m, x));
      line("movsxd %s, dword ptr %s".formatted(x, m), () -> a.movsxd(x, m));
      int bits = 2 + i % 60;
      line("sar %s, %d".formatted(x, bits), () -> a.sar(x, bits));
    }
    line("cpuid", a::cpuid);
    line("xgetbv", a::xgetbv);
    line("vzeroupper", a::vzeroupper);
    line("ret", a::ret);
    vectors(a);
  }

  /// The lower half, as GNU's assembler writes it.
  private static String lower(Register x) {
    String lower = x.toString().replaceFirst("^r([a-ds].*)", "e$1");
    return lower.startsWith("r") ? lower + "d" : lower;
  }

  private interface First {
    void emit(Vector to, Vector a, Vector b);
  }

  /// What computes the first lane alone.
  private void first(String name, First emit) {
    for (int i = 0; i < DRAWS; i++) {
      Vector to = vector(128, false);
      Vector a = vector(128, false);
      Vector b = vector(128, false);
      line("{load} %s %s, %s, %s".formatted(name, to, a, b), () -> emit.emit(to, a, b));
    }
  }

  private void doubles(Assembler a) {
    first("vaddsd", a::vaddsd);
    first("vsubsd", a::vsubsd);
    first("vmulsd", a::vmulsd);
    first("vdivsd", a::vdivsd);
    first("vmaxsd", a::vmaxsd);
    first("vsqrtsd", a::vsqrtsd);
    first("vcvtss2sd", a::vcvtss2sd);
    first("vcvtsd2ss", a::vcvtsd2ss);
    for (int i = 0; i < DRAWS; i++) {
      Vector to = vector(128, false);
      Register from = general();
      line("vmovq %s, %s".formatted(to, from), () -> a.vmovq(to, from));
      line("vmovd %s, %s".formatted(lower(from), to), () -> a.vmovd(from, to));
    }
  }

  private void vectors(Assembler a) {
    doubles(a);
    two("{load} vmovups", false, a::vmovups);
    three("vaddps", ALL, true, a::vaddps);
    three("vmulps", ALL, true, a::vmulps);
    three("vsubps", ALL, true, a::vsubps);
    three("vdivps", ALL, true, a::vdivps);
    three("vmaxps", ALL, true, a::vmaxps);
    three("vminps", ALL, true, a::vminps);
    three("vpaddd", ALL, true, a::vpaddd);
    three("vpmaxud", ALL, true, a::vpmaxud);
    three("vpminud", ALL, true, a::vpminud);
    three("vandps", ALL, true, a::vandps);
    three("vxorps", ALL, true, a::vxorps);
    three("vfmadd231ps", ALL, true, a::vfmadd231ps);
    three("vfmadd213ps", ALL, true, a::vfmadd213ps);
    three("vdpbf16ps", WIDEST, true, a::vdpbf16ps);
    three("vpdpbusd", WIDEST, true, a::vpdpbusd);
    three("vcvtne2ps2bf16", WIDEST, true, a::vcvtne2ps2bf16);
    three("vpermps", WIDEST, true, a::vpermps);
    three("vpermt2w", WIDEST, false, a::vpermt2w);
    three("vpmultishiftqb", WIDEST, false, a::vpmultishiftqb);
    two("vcvtdq2ps", true, a::vcvtdq2ps);
    shifts("vpslld", a::vpslld);
    shifts("vpsrld", a::vpsrld);
    moves(a);
  }

  private void shifts(String name, Shift emit) {
    for (int i = 0; i < DRAWS; i++) {
      int width = 128 << random.nextInt(3);
      Vector to = vector(width, true);
      Vector from = vector(width, false);
      int bits = random.nextInt(32);
      line("%s %s, %s, %d".formatted(name, to, from, bits), () -> emit.emit(to, from, bits));
    }
  }

  private interface Shift {
    void emit(Vector to, Vector from, int bits);
  }

  /// Moves that are stores, and those that make more of what they read.
  private void moves(Assembler a) {
    for (int i = 0; i < 3 * DRAWS; i++) {
      int bits = 128 << random.nextInt(3);
      Vector v = vector(bits, false);
      Vector to = vector(bits, true);
      Address m = address();
      line("vmovups %s%s, %s".formatted(pointer(bits), m, v), () -> a.vmovups(m, v));
      line("vbroadcastss %s, dword ptr %s".formatted(to, m), () -> a.vbroadcastss(to, m));
      Vector first = vector(128, false);
      line("vbroadcastss %s, %s".formatted(to, first), () -> a.vbroadcastss(to, first));
    }
    for (int i = 0; i < DRAWS; i++) {
      Vector v = vector(512, false);
      Address m = address();
      Vector wider = vector(512, true);
      line("vpmovzxwd %s, ymmword ptr %s".formatted(wider, m), () -> a.vpmovzxwd(wider, m));
      int mask = i % 8;
      Register x = general();
      line("kmovw k%d, %s".formatted(mask, lower(x)), () -> a.kmovw(mask, x));
      Vector wide = vector(512, true);
      line("vpbroadcastd %s, %s".formatted(wide, lower(x)), () -> a.vpbroadcastd(wide, x));
      Vector other = vector(512, false);
      Comparison which = i % 2 == 0 ? Comparison.GREATER : Comparison.UNORDERED;
      line(
          "vcmp%sps k%d, %s, %s".formatted(which.suffix, mask, v, other),
          () -> a.vcmpps(mask, v, other, which));
      line("vpmovdb xmmword ptr %s, %s".formatted(m, v), () -> a.vpmovdb(m, v));
    }
    for (int i = 0; i < DRAWS; i++) {
      Vector to = vector(512, true);
      Vector v = vector(512, false);
      Vector w = vector(512, false);
      Address m = address();
      int which = random.nextInt(256);
      String quarters = "vshuff32x4 %s, %s, %s, %d".formatted(to, v, w, which);
      line(quarters, () -> a.vshuff32x4(to, v, w, which));
      line("vpermilps %s, %s, %d".formatted(to, v, which), () -> a.vpermilps(to, v, which));
      String lane = v.toString().replace('z', 'x');
      line("{evex} vmovss dword ptr %s, %s".formatted(m, lane), () -> a.vmovss(m, v));
    }
    Vector some = Vector.zmm(17).masked(3);
    Address there = Address.at(Register.R13, 64);
    line("vmovups zmmword ptr [r13+64]{k3}, zmm17", () -> a.vmovups(there, some));
  }

  private void jumps(Assembler a) {
    Label back = new Label();
    Label ahead = new Label();
    a.bind(back);
    lines.add(new Line("back:", a.size()));
    for (Condition when : Condition.values()) {
      line("{disp32} j" + when.suffix + " back", () -> a.jump(when, back));
      line("{disp32} j" + when.suffix + " ahead", () -> a.jump(when, ahead));
    }
    line("{disp32} jmp back", () -> a.jmp(back));
    line("{disp32} jmp ahead", () -> a.jmp(ahead));
    Address constant = a.constant(1, -2);
    line(
        "vaddps zmm1, zmm2, zmmword ptr [rip+one]",
        () -> a.vaddps(Vector.zmm(1), Vector.zmm(2), constant));
    line("vbroadcastss ymm9, dword ptr [rip+one]", () -> a.vbroadcastss(Vector.ymm(9), constant));
    a.bind(ahead);
    lines.add(new Line("ahead:", a.size()));
  }

  @Test
  void writesWhatTheReferenceAssemblerDoes(@TempDir Path folder) throws Exception {
    Assumptions.assumeTrue(isInstalled("as") && isInstalled("objcopy"), "binutils not installed");
    everything();
    jumps(assembler);
    StringBuilder source = new StringBuilder(".intel_syntax noprefix\n");
    lines.forEach(line -> source.append(line.text).append('\n'));
    int gap = -assembler.size() & 63;
    source.append(".space %d, 0x90\none: .long 1, -2\n".formatted(gap));
    Path text = Files.writeString(folder.resolve("all.s"), source);
    Path object = folder.resolve("all.o");
    Path binary = folder.resolve("all.bin");
    run("as", "--64", "-o", object.toString(), text.toString());
    run("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString());
    byte[] expected = Files.readAllBytes(binary);
    byte[] found = assembler.finish();
    for (int i = 0; i < lines.size(); i++) {
      int from = lines.get(i).at;
      int to = i + 1 < lines.size() ? lines.get(i + 1).at : found.length;
      assertThat(hex(found, from, to)).as(lines.get(i).text).isEqualTo(hex(expected, from, to));
    }
    assertThat(found).isEqualTo(expected);
    assertThat(lines).hasSizeGreaterThan(3000);
  }

  private static String hex(byte[] bytes, int from, int to) {
    int end = Math.min(bytes.length, to);
    return HexFormat.ofDelimiter(" ").formatHex(bytes, Math.min(from, end), end);
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  @Test
  void refusesWhatCannotBeNamed() {
    assertThatThrownBy(() -> Vector.zmm(32)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Vector.zmm(1).zeroed(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Address.at(Register.RAX, Register.RSP, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Address.at(Register.RAX, Register.RCX, 3, 0))
        .isInstanceOf(IllegalArgumentException.class);
    Label nowhere = new Label();
    assembler.jmp(nowhere);
    assertThatThrownBy(assembler::finish).isInstanceOf(IllegalStateException.class);
    assembler.bind(nowhere);
    assertThatThrownBy(() -> assembler.bind(nowhere)).isInstanceOf(IllegalStateException.class);
  }

  // ---- what no instruction says

  @Test
  void whatNoInstructionSaysIsRefused() {
    Assembler a = new Assembler();
    Address constant = a.constant(1, 2);
    assertThatThrownBy(() -> constant.plus(4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no address lies behind a label: bind another one there");
    Vector zeroed = Vector.zmm(1).zeroed(1);
    assertThatThrownBy(() -> a.vmovups(Address.at(Register.RAX), zeroed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no store zeroes the lanes that it leaves out");
  }
}
