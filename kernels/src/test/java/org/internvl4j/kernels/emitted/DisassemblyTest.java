package org.internvl4j.kernels.emitted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Finished programs as GNU's disassembler reads them: from the first byte to the return nothing
/// but instructions that the assembler has, jumps that lead to one of them, and constants that are
/// read from behind them.
class DisassemblyTest {
  private static final Pattern LINE =
      Pattern.compile("\\s*([0-9a-f]+):\\t(?:[0-9a-f]{2} )+\\s*\\t?(?:\\{evex} )?(\\S+)\\s*(.*)");

  @TempDir private Path temp;

  static Stream<Program> programs() {
    List<Program> programs =
        new ArrayList<>(
            List.of(
                new Dots(),
                new Rounding(),
                new Widening(),
                new RotatedHead(),
                new Largest(),
                new SoftmaxRow(),
                new WeightedSum(),
                new SoftmaxColumns()));
    for (int rows = 1; rows <= Tile.BLOCK; rows++) {
      programs.add(new Interleaving(rows));
    }
    for (Arithmetic arithmetic : Arithmetic.values()) {
      for (int bits : arithmetic == Arithmetic.BF16 ? new int[] {512} : new int[] {256, 512}) {
        programs.add(new Row(arithmetic, bits));
        for (int rows = 1; rows <= Tile.most(bits); rows++) {
          programs.add(new Tile(arithmetic, bits, rows));
        }
      }
    }
    for (int bits : new int[] {8, 4}) {
      BlockWeights weights = new BlockWeights(bits);
      programs.add(new BlockRow(weights));
      programs.add(new PackedRow(weights.offset()));
      for (int rows = 1; rows <= BlockTile.MOST; rows++) {
        programs.add(new BlockTile(weights, rows));
      }
    }
    for (boolean yes : new boolean[] {true, false}) {
      programs.add(new NormRow(yes));
      programs.add(new RescaledColumns(yes));
    }
    for (Formula formula : Formula.values()) {
      programs.add(new Stretch(formula));
    }
    return programs.stream();
  }

  /// An instruction.
  private record Instruction(int at, String name, String operands) {}

  @ParameterizedTest
  @MethodSource("programs")
  void isMadeOfInstructionsThatAreThere(Program program) throws Exception {
    byte[] code = program.code();
    List<Instruction> instructions = disassembled(code);
    int end = instructions.getLast().at() + 1; // a return has one byte
    assertThat(instructions).map(Instruction::name).isSubsetOf(names());
    Set<Integer> places = new TreeSet<>();
    instructions.forEach(instruction -> places.add(instruction.at()));
    for (Instruction instruction : instructions) {
      if (instruction.name().startsWith("j")) {
        assertThat(places).contains(Integer.decode(instruction.operands()));
      }
      Matcher constant = Pattern.compile("# 0x([0-9a-f]+)").matcher(instruction.operands());
      if (constant.find()) {
        assertThat(Integer.parseInt(constant.group(1), 16)).isBetween(end, code.length - 4);
      }
    }
    assertThat(instructions.get(instructions.size() - 2).name()).isEqualTo("vzeroupper");
  }

  @ParameterizedTest
  @MethodSource("programs")
  void needsWhatItsInstructionsNeed(Program program) throws Exception {
    Set<Feature> used = EnumSet.noneOf(Feature.class);
    for (Instruction instruction : disassembled(program.code())) {
      if (instruction.operands().contains("zmm")) {
        used.add(Feature.AVX512);
      }
      switch (instruction.name()) {
        case "vdpbf16ps", "vcvtneps2bf16", "vcvtne2ps2bf16" -> used.add(Feature.AVX512_BF16);
        case "vpdpbusd" -> used.add(Feature.AVX512_VNNI);
        case "vpmultishiftqb" -> used.add(Feature.AVX512_VBMI);
        case "vfmadd231ps" -> used.add(Feature.FMA);
        default -> {}
      }
    }
    if (used.contains(Feature.AVX512)) {
      used.remove(Feature.FMA); // comes with it
    }
    assertThat(program.needs()).containsAll(used);
    assertThat(program.needs().contains(Feature.AVX512)).isEqualTo(used.contains(Feature.AVX512));
    for (Feature feature : used) {
      Set<Feature> others = EnumSet.complementOf(EnumSet.of(feature));
      assertThatThrownBy(() -> Emitted.requireSupport(program, others))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContainingAll(program.toString(), feature.name());
    }
  }

  @Test
  void everyProgramIsLookedAt() throws IOException {
    Path sources = Path.of("src/main/java/org/internvl4j/kernels/emitted");
    try (Stream<Path> files = Files.list(sources)) {
      List<String> implementing = new ArrayList<>();
      for (Path file : files.toList()) {
        if (Files.readString(file).contains("implements Program")) {
          implementing.add(file.getFileName().toString().replace(".java", ""));
        }
      }
      assertThat(programs().map(program -> program.getClass().getSimpleName()).distinct())
          .containsExactlyInAnyOrderElementsOf(implementing);
    }
  }

  /// What the assembler can write, as the disassembler calls it.
  private static Set<String> names() {
    Set<String> names =
        new TreeSet<>(List.of("nop", "je", "jl", "jge", "jne", "vcmpunordps", "vcmpgt_oqps"));
    Arrays.stream(Assembler.class.getMethods()).map(Method::getName).forEach(names::add);
    return names;
  }

  /// Up to the return.
  private List<Instruction> disassembled(byte[] code) throws IOException, InterruptedException {
    Path file = temp.resolve("code");
    Files.write(file, code);
    List<Instruction> instructions = new ArrayList<>();
    for (String line : objdump(file)) {
      Matcher found = LINE.matcher(line);
      if (found.matches()) {
        int at = Integer.parseInt(found.group(1), 16);
        instructions.add(new Instruction(at, found.group(2), found.group(3)));
        if (found.group(2).equals("ret")) {
          return instructions;
        }
      }
    }
    throw new AssertionError("no return in " + instructions);
  }

  private static List<String> objdump(Path file) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(
                  "objdump",
                  "-D",
                  "-w",
                  "-b",
                  "binary",
                  "-m",
                  "i386:x86-64",
                  "-M",
                  "intel",
                  file.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Assumptions.abort("binutils not installed");
      throw e;
    }
    List<String> lines = process.inputReader().lines().toList();
    assertThat(process.waitFor()).isZero();
    return lines;
  }
}
