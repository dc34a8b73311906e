package org.internvl4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The rules of `cuda-src` that can be held without a GPU.
class CudaSourceTest {
  private static final Pattern ENTRY = Pattern.compile("EXPORT_KERNEL\\((\\w+)\\)");

  static List<Path> kernels() throws IOException {
    try (Stream<Path> files = Files.list(Fixtures.home().resolve("cuda-src/src"))) {
      return files.filter(f -> f.toString().endsWith(".cu")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aFileIsNamedAfterTheKernelItIs(Path file) {
    List<String> names =
        Arrays.stream(Kernels.class.getMethods())
            .map(m -> m.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT))
            .toList();
    assertThat(names).contains(kernel(file));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void entryPointsAreTheKernelAndItsType(Path file) throws IOException {
    String code = Files.readString(file);
    List<String> entries = ENTRY.matcher(code).results().map(m -> m.group(1)).toList();
    assertThat(entries)
        .isNotEmpty()
        .allMatch(e -> e.matches(kernel(file) + "_(f32|bf16)"))
        .allMatch(e -> code.matches("(?s).*extern \"C\" __global__[^;{]*\\b" + e + "\\(.*"));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void beginsWithItsContractAndIncludesNoVendorHeader(Path file) throws IOException {
    String code = Files.readString(file);
    String contract = code.substring(0, code.indexOf("#include"));
    assertThat(contract).contains("Grid:", "Block:", "Shared:", "Twin:");
    assertThat(code).doesNotContain("#include <cuda", "asm(", "asm volatile");
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void compilesForEveryArchitectureWithoutSpills(Path file, @TempDir Path out) throws Exception {
    assumeTrue(onPath("nvcc"), "nvcc is not installed");
    for (String arch : List.of("sm_80", "sm_86", "sm_89", "sm_90a")) {
      Process nvcc =
          new ProcessBuilder(
                  "nvcc",
                  "-std=c++17",
                  "-O3",
                  "-cubin",
                  "-arch=" + arch,
                  "-Xptxas",
                  "-v",
                  "-I" + Fixtures.home().resolve("cuda-src/include"),
                  file.toString(),
                  "-o",
                  out.resolve("kernel.cubin").toString())
              .redirectErrorStream(true)
              .start();
      String log = new String(nvcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(nvcc.waitFor()).as(log).isZero();
      assertThat(log)
          .contains("0 bytes spill stores")
          .doesNotContainPattern("[1-9]\\d* bytes spill");
    }
  }

  private static String kernel(Path file) {
    return file.getFileName().toString().replaceAll("(\\.sm\\d+)?\\.cu$", "");
  }

  private static boolean onPath(String program) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
