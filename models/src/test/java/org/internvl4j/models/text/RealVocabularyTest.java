package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Whole vocabularies, 128,000 tokens and more: each `tokenizer.json` below the folder that the
/// system property `internvl4j.tokenizers` names, against the tokenizers library of Rust.
final class RealVocabularyTest {
  @Test
  void encodesAndDecodesLikeRustSeed21() throws IOException {
    String folder = System.getProperty("internvl4j.tokenizers");
    Assumptions.assumeTrue(folder != null, "internvl4j.tokenizers names no folder");
    List<Path> files;
    try (Stream<Path> all = Files.walk(Path.of(folder == null ? "." : folder))) {
      files = all.filter(path -> path.endsWith(TokenizerJson.FILE)).toList();
    }
    assertThat(files).isNotEmpty();
    for (Path file : files) {
      compare(file);
    }
  }

  private static void compare(Path file) throws IOException {
    byte[] json = Files.readAllBytes(file);
    Tokenizer ours = Tokenizers.load(Map.of(TokenizerJson.FILE, json)::get);
    RandomText random = new RandomText(21, RustDifferentialTest.words(ours));
    try (RustTokenizer rust = new RustTokenizer(new String(json, StandardCharsets.UTF_8))) {
      for (int i = 0; i < Effort.texts(); i++) {
        String text = random.next();
        int[] ids = rust.encode(text);
        assertThat(ours.encode(PromptText.trusted(text)))
            .as("%s: ids of %s", file, text)
            .isEqualTo(ids);
        int[] changed = RustDifferentialTest.shuffled(ids, random, ours.size());
        assertThat(ours.decode(changed, Specials.SKIP))
            .as("%s: text of %s", file, changed)
            .isEqualTo(rust.decode(changed, true));
      }
    }
  }
}
