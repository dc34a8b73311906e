package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The functions that Java binds are those that the toolkit's header declares, and those that the
/// stand-in has.
final class CudaFunctionsTest {
  /// Every parameter has the size that Java passes; what Java passes as an address is one.
  private static final String CHECK =
      """
      #include <cuda.h>
      #include <type_traits>

      template <class F> struct Signature;
      template <class... A> struct Signature<CUresult (*)(A...)> {
        template <unsigned... BYTES> static constexpr bool sizes() {
          if constexpr (sizeof...(A) != sizeof...(BYTES)) return false;
          else return ((sizeof(A) == BYTES) && ...);
        }
        template <bool... ADDRESS> static constexpr bool addresses() {
          if constexpr (sizeof...(A) != sizeof...(ADDRESS)) return false;
          else return ((!ADDRESS || std::is_pointer_v<A>) && ...);
        }
      };
      static_assert(sizeof(CUresult) == 4);

      """;

  @Test
  void agreeWithTheHeader(@TempDir Path temp) throws Exception {
    Optional<Path> include = include();
    assumeTrue(include.isPresent() && onPath("g++").isPresent(), "no CUDA toolkit, or no g++");
    StringBuilder code = new StringBuilder(CHECK);
    CudaFunctions.TYPES.forEach((name, type) -> code.append(check(name, type)));
    Path file = Files.writeString(temp.resolve("check.cpp"), code);
    assertThat(compile(include.get(), file)).isEmpty();
    String wrong =
        code.toString().replace("&cuMemAlloc_v2)>::sizes<8, 8>", "&cuMemAlloc_v2)>::sizes<8, 4>");
    assertThat(wrong).isNotEqualTo(code.toString());
    assertThat(compile(include.get(), Files.writeString(file, wrong))).contains("static assertion");
  }

  private static String check(String name, FunctionDescriptor type) {
    List<MemoryLayout> parameters = type.argumentLayouts();
    String sizes =
        parameters.stream().map(p -> Long.toString(p.byteSize())).collect(Collectors.joining(", "));
    String addresses =
        parameters.stream()
            .map(p -> Boolean.toString(p instanceof AddressLayout))
            .collect(Collectors.joining(", "));
    return "static_assert(Signature<decltype(&%s)>::sizes<%s>(), \"%s\");\n"
            .formatted(name, sizes, name)
        + "static_assert(Signature<decltype(&%s)>::addresses<%s>(), \"%s\");\n"
            .formatted(name, addresses, name);
  }

  private static String compile(Path include, Path file) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("g++", "-std=c++17", "-fsyntax-only", "-I" + include, file.toString())
            .redirectErrorStream(true)
            .start();
    String log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return log;
  }

  /// Where the header is: beside the compiler, or where toolkits are installed.
  private static Optional<Path> include() throws IOException {
    Optional<Path> nvcc = onPath("nvcc");
    Stream<Path> beside =
        nvcc.isPresent()
            ? Stream.of(nvcc.get().toRealPath().resolve("../../include").normalize())
            : Stream.empty();
    return Stream.concat(
            beside,
            Stream.of(
                Path.of("/usr/local/cuda/include"),
                Path.of("/usr/include"),
                Path.of(System.getenv().getOrDefault("CUDA_HOME", "/usr/local/cuda"), "include")))
        .filter(folder -> Files.exists(folder.resolve("cuda.h")))
        .findFirst();
  }

  private static Optional<Path> onPath(String program) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @Test
  void areAllInTheStandIn() {
    StandIn.assume();
    SymbolLookup library = CudaLibrary.find().lookup();
    assertThat(library).isNotNull();
    assertThat(CudaFunctions.TYPES.keySet()).allMatch(name -> library.find(name).isPresent());
  }
}
