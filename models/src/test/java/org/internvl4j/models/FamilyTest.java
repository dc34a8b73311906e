package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.testkit.Family;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every published model in its true shapes, as an empty checkpoint: it is put together by mapping
/// alone, nothing is packed or written.
class FamilyTest {
  @TempDir Path temp;

  static List<Family.Model> models() {
    return Family.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void hasEveryWeightInTheShapeThatTheConfigurationSays(Family.Model model) throws IOException {
    Path folder = Family.write(model, temp);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Blueprint blueprint = Blueprint.of(checkpoint);
      assertThat(blueprint.unused().stream().filter(name -> !name.startsWith("itm_head.")))
          .isEmpty();
      assertThat(blueprint.purpose())
          .isEqualTo(
              switch (model.kind()) {
                case "contrastive" -> "retrieval and captions";
                case "tower" -> "features";
                default -> "chat";
              });
      long bf16 = 2 * Family.parameters(model);
      assertThat(checkpoint.tensorBytes()).isEqualTo(bf16);
      // vectors are f32 in memory
      assertThat((double) blueprint.memory().get(WeightFormat.STORED) / bf16)
          .isCloseTo(1, within(0.01));
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(2); // nothing is written beside it
    }
    assertThat(model.fixture().isEmpty() || Fixtures.folder(model.fixture()).toFile().isDirectory())
        .isTrue();
  }

  /// The mapping that the system tells of, against what is predicted.
  @ParameterizedTest
  @CsvSource({
    "InternVL2-1B",
    "InternVL2-2B",
    "InternVL2-4B",
    "InternVL2-8B",
    "InternVL2-26B",
    "InternVL2-40B",
    "InternVL2-Llama3-76B",
    "InternVL-14B-224px"
  })
  void takesTheMemoryThatIsPredicted(String name) throws IOException {
    Path maps = Path.of("/proc/self/maps");
    Assumptions.assumeTrue(Files.isReadable(maps), "this system does not tell of mappings");
    Path folder = Family.write(Family.model(name), temp);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      long predicted = Blueprint.of(checkpoint).memory().get(WeightFormat.STORED);
      long mapped = 0;
      for (String line : Files.readAllLines(maps)) {
        if (line.endsWith(folder.toRealPath().resolve("model.safetensors").toString())) {
          String[] range = line.substring(0, line.indexOf(' ')).split("-", -1);
          mapped += Long.parseUnsignedLong(range[1], 16) - Long.parseUnsignedLong(range[0], 16);
        }
      }
      assertThat((double) predicted / mapped).isCloseTo(1, within(0.05));
    }
  }
}
