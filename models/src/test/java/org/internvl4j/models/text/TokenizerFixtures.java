package org.internvl4j.models.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.testkit.Fixtures;
import org.jspecify.annotations.Nullable;

/// Tokenizers of the fixtures.
final class TokenizerFixtures {
  /// Those with text cases, one of each tokenizer at least.
  static final List<String> WITH_CASES =
      List.of(
          "internvl2-1b",
          "internvl2-1b-resized",
          "internvl2-2b",
          "internvl2-4b",
          "internvl2-4b-long",
          "internvl2-26b",
          "internvl2-40b",
          "internvl2-76b",
          "internvl2_5-1b",
          "internvl-chat-v1-1",
          "internvl-chat-v1-2");

  private TokenizerFixtures() {}

  static Tokenizer load(String fixture) {
    return load(Fixtures.folder(fixture));
  }

  static Tokenizer load(Path folder) {
    return Tokenizers.load(files(folder));
  }

  static TokenizerFiles files(Path folder) {
    return name -> read(folder.resolve(name));
  }

  static byte @Nullable [] read(Path file) {
    try {
      return Files.exists(file) ? Files.readAllBytes(file) : null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The files of a fixture, some of them replaced.
  static TokenizerFiles with(String fixture, Map<String, byte[]> changes) {
    Map<String, byte[]> copy = new HashMap<>(changes);
    TokenizerFiles rest = files(Fixtures.folder(fixture));
    return name -> copy.containsKey(name) ? copy.get(name) : rest.read(name);
  }

  static Json cases(String fixture) {
    return Fixtures.json(Fixtures.folder(fixture).resolve("cases.json"));
  }

  static int[] ints(Json list) {
    return list.items().stream().mapToInt(Json::asInt).toArray();
  }
}
