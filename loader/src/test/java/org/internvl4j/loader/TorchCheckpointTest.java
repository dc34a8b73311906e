package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Fixtures.fixture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Checkpoints whose weights are files of `torch.save`.
class TorchCheckpointTest {
  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(temp.resolve("tiny"));
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(folder.resolve(file), text);
  }

  private void refuses(String message) {
    assertThatThrownBy(() -> Checkpoint.open(folder).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message);
  }

  private void torch(String file, String tensor, float first, float second) throws IOException {
    Files.write(folder.resolve(file), TorchFiles.one(tensor, first, second));
  }

  private void torchIndex(String map) throws IOException {
    write("pytorch_model.bin.index.json", "{\"weight_map\": {" + map + "}}");
  }

  @Test
  void readsAFileOfTorchSave() throws IOException {
    write("config.json", "{}");
    torch("pytorch_model.bin", "a", 1, 2);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.names()).containsExactly("a");
      assertThat(checkpoint.fileOf("a")).isEqualTo("pytorch_model.bin");
      assertThat(checkpoint.tensor("a", DEVICE).toFloats()).containsExactly(1, 2);
      assertThat(checkpoint.isUnchanged()).isTrue();
      checkpoint.willNeed("a");
      checkpoint.release("a");
      SourceFile source = checkpoint.sources().getFirst();
      assertThat(source.bytes()).isEqualTo(Files.size(folder.resolve("pytorch_model.bin")));
      torch("pytorch_model.bin", "b", 1, 2);
      assertThat(checkpoint.isUnchanged()).isFalse();
      try (Checkpoint other = Checkpoint.open(folder)) {
        assertThat(other.sources().getFirst().header()).isNotEqualTo(source.header());
      }
    }
    try (Checkpoint inMemory =
        Checkpoint.of(
            "m",
            Map.of(
                "config.json",
                "{}".getBytes(UTF_8),
                "pytorch_model.bin",
                TorchFiles.one("a", 3, 4)))) {
      assertThat(inMemory.tensor("a", DEVICE).toFloats()).containsExactly(3, 4);
    }
  }

  /// The weights of a whole model, saved by either library.
  @Test
  void readsTheSameModelFromTorchSave() throws IOException {
    Path fixture = fixture("internvl2-1b");
    try (SafeTensors safe = SafeTensors.open(fixture.resolve("model.safetensors"))) {
      byte[] config = Files.readAllBytes(fixture.resolve("config.json"));
      Map<String, byte[]> files =
          Map.of("config.json", config, "pytorch_model.bin", TorchFiles.saved(safe));
      try (Checkpoint checkpoint = Checkpoint.of("m", files)) {
        assertThat(checkpoint.names()).containsExactlyElementsOf(safe.names());
        for (String name : safe.names()) {
          assertThat(checkpoint.info(name)).hasToString(safe.info(name).toString());
          assertThat(checkpoint.bytes(name).mismatch(safe.bytes(name))).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void readsShardsOfTorchSave() throws IOException {
    write("config.json", "{}");
    torch("pytorch_model-00001-of-00002.bin", "a", 1, 2);
    torch("pytorch_model-00002-of-00002.bin", "b", 3, 4);
    refuses(
        "tiny: has pytorch_model-00001-of-00002.bin, pytorch_model-00002-of-00002.bin but neither"
            + " pytorch_model.bin nor pytorch_model.bin.index.json");
    torchIndex(
        "\"a\": \"pytorch_model-00001-of-00002.bin\", \"b\": \"pytorch_model-00002-of-00002.bin\"");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.tensor("a", DEVICE).toFloats()).containsExactly(1, 2);
      assertThat(checkpoint.tensor("b", DEVICE).toFloats()).containsExactly(3, 4);
      assertThat(checkpoint.sources()).hasSize(2);
    }
    torchIndex("\"b\": \"pytorch_model-00001-of-00002.bin\"");
    refuses(
        "pytorch_model.bin.index.json: b is said to be in pytorch_model-00001-of-00002.bin but is"
            + " not");
    torchIndex("\"b\": \"../x.bin\"");
    refuses(
        "pytorch_model.bin.index.json: weight_map.b is \"../x.bin\", expected the name of a .bin file"
            + " in the same folder");
    torchIndex("\"b\": \"pytorch_model-3.bin\"");
    refuses(
        "pytorch_model.bin.index.json: 1 of 1 shards are not in the folder (pytorch_model-3.bin);"
            + " the download looks incomplete");
  }

  @Test
  void prefersSafetensors() throws IOException {
    write("config.json", "{}");
    write("pytorch_model.bin", "not even a pickle");
    refuses(
        "pytorch_model.bin: no file of torch.save: it begins with 0x6e, expected a zip archive");
    new SafeTensorsWriter().add("a", new float[] {1}, 1).write(folder.resolve("a.safetensors"));
    write("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"a.safetensors\"}}");
    Checkpoint.open(folder).close();
    new SafeTensorsWriter().add("b", new float[] {1}, 1).write(folder.resolve("model.safetensors"));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.names()).containsExactly("b");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pytorch_model-00001-of-00002.bin", "m.pth", "m.pt"})
  void saysWhichFilesItOpens(String file) throws IOException {
    write("config.json", "{}");
    torch(file, "a", 1, 2);
    refuses(
        "tiny: has " + file + " but neither pytorch_model.bin nor pytorch_model.bin.index.json");
  }
}
