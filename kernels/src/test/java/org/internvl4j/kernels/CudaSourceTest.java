package org.internvl4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The rules of `cuda-src` that can be held without any compiler.
class CudaSourceTest {
  private static final Pattern TWIN = Pattern.compile("Twin: ReferenceKernels\\.(\\w+)");

  static List<Path> kernels() throws IOException {
    try (Stream<Path> files = Files.list(source().resolve("src"))) {
      return files.filter(f -> f.toString().endsWith(".cu")).sorted().toList();
    }
  }

  private static Path source() {
    return Fixtures.home().resolve("cuda-src");
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void beginsWithItsContract(Path file) throws IOException {
    String code = Files.readString(file);
    String contract = code.substring(0, code.indexOf("#include"));
    assertThat(contract.lines()).allMatch(line -> line.startsWith("//"));
    assertThat(contract).contains("Grid", "lock").contains("Twin: ");
    Matcher twin = TWIN.matcher(contract);
    assertThat(twin.find()).isTrue();
    assertThat(Arrays.stream(Kernels.class.getMethods()).map(m -> m.getName()))
        .contains(twin.group(1));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void hasNoAssemblyAndNoVendorHeader(Path file) throws IOException {
    assertThat(Files.readString(file)).doesNotContain("#include <", "asm(", "asm volatile");
  }

  @Test
  void everyKernelOfTheListHasAFile() throws IOException {
    StringBuilder contracts = new StringBuilder();
    for (Path file : kernels()) {
      contracts.append(Files.readString(file));
    }
    List<String> twins =
        TWIN.matcher(contracts).results().map(m -> m.group(1)).distinct().sorted().toList();
    List<String> fused = // ends of matMul's and rmsNormMatMul's
        List.of("matMulAdd", "matMulGelu", "matMulSwiGlu", "rmsNormMatMulSwiGlu");
    assertThat(Arrays.stream(Kernels.class.getMethods()).map(m -> m.getName()).distinct())
        .filteredOn(name -> !fused.contains(name))
        .containsExactlyInAnyOrderElementsOf(twins);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void isTriedByMutants(Path file) throws IOException {
    String name = file.getFileName().toString();
    assertThat(Files.readString(source().resolve("emu/mutants.tsv")).lines())
        .filteredOn(line -> line.startsWith(name + "\t"))
        .hasSizeGreaterThanOrEqualTo(3);
  }
}
