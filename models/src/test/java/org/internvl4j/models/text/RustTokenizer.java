package org.internvl4j.models.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.internvl4j.testkit.Fixtures;

/// The tokenizers library of Rust as an oracle; its native part comes in the jar.
final class RustTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;

  RustTokenizer(String tokenizerJson) {
    offline();
    try {
      tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(tokenizerJson.getBytes(StandardCharsets.UTF_8)),
              Map.of("truncation", "false", "padding", "false"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Keeps the oracles from looking for GPUs, the network and the home directory.
  static void offline() {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    String cache = Fixtures.home().resolve("models/target/djl").toString();
    System.setProperty("DJL_CACHE_DIR", cache);
    System.setProperty("ENGINE_CACHE_DIR", cache);
  }

  int[] encode(String text) {
    return Arrays.stream(tokenizer.encode(text, true, false).getIds())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  String decode(int[] ids, boolean skipSpecial) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
