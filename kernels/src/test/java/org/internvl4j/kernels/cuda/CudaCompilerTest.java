package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The run-time compiler makes code of every kernel, as nvcc does; with `-Pnvrtc`, or where the
/// system has it.
final class CudaCompilerTest {
  @TempDir static Path cache;

  private static CudaCompiler compiler;

  @BeforeAll
  static void find() {
    System.setProperty("internvl4j.cuda.cache", cache.toString());
    compiler = CudaCompiler.find();
    assumeTrue(compiler != null, "no NVRTC here; -Pnvrtc fetches one");
  }

  @AfterAll
  static void asBefore() {
    System.clearProperty("internvl4j.cuda.cache");
  }

  static List<String> kernels() throws IOException {
    try (Stream<Path> files = Files.list(Fixtures.home().resolve("cuda-src/src"))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".cu"))
          .map(f -> f.replace(".cu", ""))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void compilesForEveryArchitecture(String file) {
    for (String architecture :
        file.endsWith(".sm90") ? List.of("sm_90a") : CudaImages.ARCHITECTURES) {
      byte[] image = compiler.image(file, architecture);
      assertThat(new String(image, 0, 4, StandardCharsets.ISO_8859_1)).isEqualTo("\u007fELF");
      assertThat(compiler.image(file, architecture)).isEqualTo(image); // kept
    }
  }

  @Test
  void namesWhatDoesNotCompile() {
    assertThat(compiler.version()).startsWith("NVRTC 1");
    assertThatThrownBy(
            () -> compiler.nvrtc.compile("bad.cu", "int f() { return g; }", Map.of(), "sm_80"))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("cuda: bad.cu does not compile for sm_80: bad.cu(1): error");
  }
}
