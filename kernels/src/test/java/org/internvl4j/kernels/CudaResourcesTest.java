package org.internvl4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What each kernel takes of a multiprocessor, as the assembler tells it: no spills, and no more
/// than `cuda-src/resources.tsv` says, which `-Dinternvl4j.docs=write` writes where every image was
/// built.
class CudaResourcesTest {
  private static final Pattern ENTRY =
      Pattern.compile(
          "Compiling entry function '(\\w+)' for '(\\w+)'.*?(\\d+) bytes stack frame, (\\d+) bytes spill stores"
              + ".*?Used (\\d+) registers(?:[^\\n]*?, (\\d+) bytes smem)?",
          Pattern.DOTALL);
  private static final String HEAD =
      """
      # What the kernels take, as nvcc 13.0 compiles them; dynamic shared memory is the launch's.
      architecture	kernel	registers	stack bytes	spilled bytes	static shared bytes
      """;

  private record Use(int registers, int stack, int spilled, int shared) {}

  private final Path source = Fixtures.home().resolve("cuda-src");
  private final Path images = source.resolve("target/images");

  @BeforeEach
  void compiled() {
    assumeTrue(Files.isDirectory(images), "nvcc is absent");
  }

  private Map<String, Use> found() throws IOException {
    Map<String, Use> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(images)) {
      for (Path log : files.filter(f -> f.toString().endsWith(".log")).toList()) {
        String text = Files.readString(log);
        assertThat(text).as("products of wgmma overlap").doesNotContain("serialized");
        Matcher m = ENTRY.matcher(text);
        while (m.find()) {
          String shared = m.group(6) == null ? "0" : m.group(6);
          found.put(
              m.group(2) + "\t" + m.group(1),
              new Use(
                  Integer.parseInt(m.group(5)),
                  Integer.parseInt(m.group(3)),
                  Integer.parseInt(m.group(4)),
                  Integer.parseInt(shared)));
        }
      }
    }
    return found;
  }

  @Test
  void nothingSpillsAndNothingTakesMoreThanBefore() throws IOException {
    Map<String, Use> found = found();
    Path table = source.resolve("resources.tsv");
    if ("write".equals(System.getProperty("internvl4j.docs"))) {
      Files.writeString(table, HEAD + rows(found));
    }
    Map<String, Use> recorded = new TreeMap<>();
    Files.readAllLines(table).stream()
        .skip(2)
        .map(line -> line.split("\t", -1))
        .forEach(c ->
            recorded.put(
                c[0] + "\t" + c[1],
                new Use(number(c[2]), number(c[3]), number(c[4]), number(c[5]))));
    recorded.keySet().removeIf(row -> !Files.isDirectory(images.resolve(architecture(row))));
    assertThat(recorded.keySet()).isEqualTo(found.keySet());
    List<String> worse = new ArrayList<>();
    found.forEach((name, use) -> {
      Use before = recorded.get(name);
      if (use.spilled > 0
          || use.stack > before.stack
          || use.registers > before.registers
          || use.shared > before.shared) {
        worse.add(name + ": " + use + ", recorded " + before);
      }
    });
    assertThat(worse).isEmpty();
  }

  private static String architecture(String row) {
    return row.substring(0, row.indexOf('\t'));
  }

  private static int number(String text) {
    return Integer.parseInt(text);
  }

  private static String rows(Map<String, Use> found) {
    return found.entrySet().stream()
        .map(e -> {
          Use u = e.getValue();
          return "%s\t%d\t%d\t%d\t%d\n"
              .formatted(e.getKey(), u.registers, u.stack, u.spilled, u.shared);
        })
        .collect(Collectors.joining());
  }

  /// The emulator has the entries that the images have.
  @Test
  void theSameEntriesAreEmulated() throws IOException {
    Path emulated = source.resolve("target/emulated");
    assumeTrue(Files.isDirectory(emulated), "no emulator was built");
    Pattern entry = Pattern.compile("Compiling entry function '(\\w+)'");
    Pattern exported = Pattern.compile("(\\w+)__emu\\x00");
    try (Stream<Path> logs = Files.list(images.resolve("sm_90a"))) {
      for (Path log : logs.filter(f -> f.toString().endsWith(".log")).toList()) {
        String name = log.getFileName().toString().replace(".log", ".so");
        String library = Files.readString(emulated.resolve(name), StandardCharsets.ISO_8859_1);
        assertThat(names(exported, library))
            .as(name)
            .isEqualTo(names(entry, Files.readString(log)))
            .isNotEmpty();
      }
    }
  }

  private static Set<String> names(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(m -> m.group(1)).collect(Collectors.toSet());
  }
}
