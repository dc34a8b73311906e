package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.testkit.Family;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The table of docs/MODELS.md is what the code says of every published model's shapes;
/// `-Dinternvl4j.docs=write` writes it.
class ModelsPageTest {
  private static final String BEGIN = "<!-- table -->\n";
  private static final String END = "<!-- end of table -->\n";
  private static final Map<String, String> LAYOUTS =
      Map.of(
          "chat", "original",
          "transformers", "transformers",
          "llava", "LLaVA",
          "contrastive", "original",
          "tower", "original");

  @TempDir Path temp;

  @Test
  void theTableIsWhatTheCodeSays() throws IOException {
    Path page = Fixtures.home().resolve("docs/MODELS.md");
    String text = Files.readString(page);
    int from = text.indexOf(BEGIN) + BEGIN.length();
    int to = text.indexOf(END);
    assertThat(from).isGreaterThanOrEqualTo(BEGIN.length());
    assertThat(to).isGreaterThanOrEqualTo(from);
    String table = table();
    if ("write".equals(System.getProperty("internvl4j.docs"))) {
      Files.writeString(page, text.substring(0, from) + table + text.substring(to));
    } else {
      assertThat(text.substring(from, to)).isEqualTo(table);
    }
  }

  private String table() throws IOException {
    StringBuilder table =
        new StringBuilder(
            """
            | model | layout | tower | decoder | for | template | parameters | disk bf16 | memory bf16 / q8 / q4 | KV cache a token | checked by |
            |---|---|---|---|---|---|---|---|---|---|---|
            """);
    for (Family.Model model : Family.models()) {
      table.append(row(model));
    }
    for (Family.Refused refused : Family.refused()) {
      table.append(
          "| %s | original | | | **does not run**: %s | | | | | | |\n"
              .formatted(refused.name(), refused.why()));
    }
    return table.toString();
  }

  private String row(Family.Model model) throws IOException {
    Path folder = Family.write(model, temp.resolve("model"));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Blueprint blueprint = Blueprint.of(checkpoint);
      Map<WeightFormat, Long> memory = blueprint.memory();
      InternVlConfig chat = blueprint.chat();
      LanguageConfig language = blueprint.language();
      return "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n"
          .formatted(
              model.name(),
              LAYOUTS.get(model.kind()),
              model.vision().replace("InternViT-", ""),
              model.language(),
              blueprint.purpose(),
              chat == null ? "" : chat.template(),
              billions(Family.parameters(model)),
              gigabytes(checkpoint.tensorBytes()),
              language == null
                  ? gigabytes(memory.get(WeightFormat.STORED))
                  : gigabytes(memory.get(WeightFormat.STORED))
                      + " / "
                      + gigabytes(memory.get(WeightFormat.Q8))
                      + " / "
                      + gigabytes(memory.get(WeightFormat.Q4)),
              chat == null || language == null ? "" : cache(language),
              model.fixture().isEmpty()
                  ? "shapes, own reference"
                  : "shapes, fixture `" + model.fixture() + "`");
    }
  }

  private static String billions(long count) {
    return String.format(Locale.ROOT, "%.2f B", count / 1e9);
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, bytes < 100e9 ? "%.1f GB" : "%.0f GB", bytes / 1e9);
  }

  /// Keys and values in f32, as the CPU keeps them.
  private static String cache(LanguageConfig c) {
    return "%d KiB".formatted(8L * c.numHiddenLayers() * c.keyWidth() / 1024);
  }
}
