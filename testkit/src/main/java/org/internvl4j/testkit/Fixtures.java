package org.internvl4j.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// Where the golden files lie: `testkit/fixtures` of the checkout, found by the system property
/// `internvl4j.home`.
public final class Fixtures {
  /// The models among them that are supported.
  public static final List<String> MODELS =
      List.of(
          "internvl2-1b",
          "internvl2-2b",
          "internvl2-4b",
          "internvl2-26b",
          "internvl2-40b",
          "internvl2-76b",
          "internvl2_5-1b",
          "internvl-chat-v1-1",
          "internvl-chat-v1-2",
          "internvl2-2b-ntk",
          "internvl2-4b-long",
          "internvl2-1b-resized",
          "internvl3-1b-hf",
          "internvl3_5-1b");

  private Fixtures() {}

  /// The root of the checkout.
  public static Path home() {
    String home = System.getProperty("internvl4j.home");
    if (home == null) {
      throw new IllegalStateException("fixtures: start java with -Dinternvl4j.home=CHECKOUT");
    }
    return Path.of(home);
  }

  /// The folder of a fixture: `internvl2-1b`, `onnx`, …
  public static Path folder(String name) {
    Path folder = home().resolve("testkit/fixtures").resolve(name);
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException("fixtures: there is no " + folder);
    }
    return folder;
  }

  /// Where real data of others may lie, beside the checkout or where `internvl4j.real` says: tests
  /// that need it are skipped where it is absent.
  public static Path real(String name) {
    String real = System.getProperty("internvl4j.real");
    return (real == null ? home().resolve("../shared/real") : Path.of(real)).resolve(name);
  }

  /// The text-level cases of a fixture, or null if it has none.
  public static @Nullable Json cases(String name) {
    Path file = folder(name).resolve("cases.json");
    return Files.exists(file) ? json(file) : null;
  }

  /// A JSON file, read.
  public static Json json(Path file) {
    try {
      return Json.parse(Files.readAllBytes(file), file.getFileName().toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
