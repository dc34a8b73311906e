package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.TensorAssert;
import org.internvl4j.testkit.Tolerance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/// Plants the errors of `emu/mutants.tsv` one at a time: [CudaKernelsTest] must notice each. Of
/// each kernel's file the first one, all with `-Psweep`: for whoever changes kernels or their
/// cases.
final class CudaMutantsTest {
  private static final Pattern TWIN = Pattern.compile("Twin: ReferenceKernels\\.(\\w+)");

  private final Path source = Fixtures.home().resolve("cuda-src");
  private final Map<String, float[]> expected = new HashMap<>();

  /// Cases that noticed errors of a kernel, the last one last: they are tried first on its others.
  private final Map<String, List<KernelCase>> telling = new HashMap<>();

  /// @param unit the kernel's file
  /// @param file which file is changed
  /// @param what the error, in words
  /// @param script for `sed`
  private record Mutant(int number, String unit, String file, String what, String script) {
    String kernel() {
      return unit.replace(".cu", "");
    }

    boolean isHopper() {
      return unit.contains(".sm90");
    }

    /// Whether it is tried in f32 and in bf16, the likelier one first.
    boolean[] types() {
      if (isHopper()) {
        return new boolean[] {false};
      }
      boolean f32 = unit.equals("gemm_f32.cu") || unit.equals("attention_plain.cu");
      return new boolean[] {f32, !f32};
    }
  }

  @TempDir(factory = BesideLibraries.class)
  Path temp;

  /// On the disk of the libraries that do not change, so that these can be linked.
  static final class BesideLibraries implements TempDirFactory {
    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
        throws IOException {
      Path target = Fixtures.home().resolve("cuda-src/target");
      return Files.createTempDirectory(Files.createDirectories(target), "mutants");
    }
  }

  @Test
  void everyPlantedErrorIsNoticed() throws Exception {
    StandIn.assume();
    assumeTrue(Files.exists(source.resolve("target/emulated/emu.o")), "built with the sanitizer");
    List<Mutant> mutants = mutants();
    for (Mutant mutant : mutants) {
      plant(mutant);
    }
    Process compiler =
        start(List.of("make", "-s", "-j2", "-f", "emu/mutants.mk", "MUTANTS=" + temp));
    List<String> missed = new ArrayList<>();
    try (Device reference = Devices.open("reference", 1)) {
      for (Mutant mutant : mutants) {
        waitFor(compiler, folder(mutant).resolve(mutant.kernel() + ".so"));
        if (!isNoticed(mutant, reference)) {
          missed.add(mutant.unit() + ": " + mutant.what());
        }
      }
    }
    System.out.printf(
        "cuda: %d of %d planted errors noticed%n", mutants.size() - missed.size(), mutants.size());
    assertThat(missed).isEmpty();
  }

  private List<Mutant> mutants() throws IOException {
    List<Mutant> mutants = new ArrayList<>();
    for (String line : Files.readAllLines(source.resolve("emu/mutants.tsv"))) {
      if (!line.startsWith("#")) {
        String[] parts = line.split("\t", -1);
        mutants.add(new Mutant(mutants.size(), parts[0], parts[1], parts[2], parts[3]));
      }
    }
    if (!Boolean.getBoolean("internvl4j.sweep")) {
      Set<String> seen = new HashSet<>();
      mutants.removeIf(mutant -> !seen.add(mutant.unit()));
    }
    return mutants;
  }

  private Path folder(Mutant mutant) {
    return temp.resolve(Integer.toString(mutant.number()));
  }

  /// Copies the sources, with one change.
  private void plant(Mutant mutant) throws Exception {
    Path folder = folder(mutant);
    for (String part : List.of("include", "emu", "src")) {
      Files.createDirectories(folder.resolve(part));
      try (Stream<Path> files = Files.list(source.resolve(part))) {
        for (Path file : files.toList()) {
          String name = file.getFileName().toString();
          if (!part.equals("src") || name.equals(mutant.unit())) {
            Files.copy(file, folder.resolve(part).resolve(name));
          }
        }
      }
    }
    try (Stream<Path> others = Files.list(source.resolve("target/emulated"))) {
      for (Path other : others.toList()) {
        String name = other.getFileName().toString();
        if (!name.equals(mutant.kernel() + ".so")) {
          Files.createLink(folder.resolve(name), other);
        }
      }
    }
    Path file = folder.resolve(mutant.file());
    String before = Files.readString(file);
    run(List.of("sed", "-i", mutant.script(), file.toString()));
    assertThat(Files.readString(file)).as("%s changes something", mutant).isNotEqualTo(before);
  }

  /// While one is tried, the next ones are compiled.
  private static void waitFor(Process compiler, Path library) throws Exception {
    while (compiler.isAlive() && !Files.exists(library)) {
      Thread.sleep(20);
    }
    if (!Files.exists(library)) {
      String log = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(library).as(log).exists();
    }
  }

  private Process start(List<String> command) throws IOException {
    return new ProcessBuilder(command).directory(source.toFile()).redirectErrorStream(true).start();
  }

  private void run(List<String> command) throws Exception {
    Process process = start(command);
    String log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(log).isZero();
  }

  private boolean isNoticed(Mutant mutant, Device reference) throws IOException {
    String kernel = twin(mutant);
    List<KernelCase> cases =
        CudaKernelsTest.cases().filter(c -> c.name().startsWith(kernel)).toList();
    assertThat(cases).as(mutant.unit()).isNotEmpty();
    List<KernelCase> telling = this.telling.computeIfAbsent(mutant.unit(), _ -> new ArrayList<>());
    List<KernelCase> ordered =
        Stream.concat(telling.reversed().stream(), cases.stream()).distinct().toList();
    Map<String, float[]> plain = new HashMap<>();
    for (boolean f32 : mutant.types()) {
      for (long seed = 0; seed < 3; seed++) {
        for (KernelCase c : ordered) {
          if (fails(mutant, c, f32, seed, reference, plain)) {
            telling.remove(c);
            telling.add(c);
            return true;
          }
        }
      }
    }
    return false;
  }

  /// Whether a test of the case fails: by its result, by another order of threads, or by a fault.
  private boolean fails(
      Mutant mutant,
      KernelCase c,
      boolean f32,
      long seed,
      Device reference,
      Map<String, float[]> plain) {
    StandIn.seed(seed);
    try (Device device = open(mutant, f32)) {
      float[] found = c.run(device, !f32);
      float[] wanted = expected.computeIfAbsent(c.name() + f32, _ -> c.run(reference, !f32));
      Tolerance tolerance = f32 ? c.tolerance() : CudaKernelsTest.toleranceInBf16(c);
      TensorAssert.assertClose(c.name(), found, wanted, tolerance);
      float[] first = plain.putIfAbsent(c.name() + f32, found);
      if (first != null) {
        TensorAssert.assertSameBits(c.name(), found, first);
      }
      TensorAssert.assertSameBits(c.name(), c.run(device, !f32), found);
      return false;
    } catch (AssertionError | DeviceException e) {
      return true;
    } finally {
      StandIn.seed(0);
      StandIn.reset();
    }
  }

  private Device open(Mutant mutant, boolean f32) {
    System.setProperty(CudaImages.FOLDER, folder(mutant).toString());
    try {
      return mutant.isHopper() ? StandIn.openHopper() : StandIn.open(f32);
    } finally {
      System.clearProperty(CudaImages.FOLDER);
    }
  }

  private String twin(Mutant mutant) throws IOException {
    Matcher matcher = TWIN.matcher(Files.readString(source.resolve("src").resolve(mutant.unit())));
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }
}
