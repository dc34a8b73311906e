package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Fixtures.fixture;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(temp.resolve("tiny"));
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(folder.resolve(file), text);
  }

  private void weights(String file, String... names) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (String name : names) {
      writer.add(name, new float[] {name.length(), 1}, 2);
    }
    writer.write(folder.resolve(file));
  }

  private void index(String... tensorsAndFiles) throws IOException {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < tensorsAndFiles.length; i += 2) {
      map.put('"' + tensorsAndFiles[i] + '"', '"' + tensorsAndFiles[i + 1] + '"');
    }
    write(
        "model.safetensors.index.json",
        "{\"weight_map\": " + map.toString().replace("=", ": ") + "}");
  }

  private void refuses(String message) {
    assertThatThrownBy(() -> Checkpoint.open(folder).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message);
  }

  static Stream<Path> fixtures() throws IOException {
    try (Stream<Path> folders = Files.list(fixture(""))) {
      return folders.filter(f -> Files.exists(f.resolve("config.json"))).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void opensEveryFixture(Path fixture) {
    try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
      assertThat(checkpoint.name()).isEqualTo(ModelFolders.fileName(fixture));
      assertThat(checkpoint.config().at("architectures").items()).isNotEmpty();
      assertThat(checkpoint.names()).hasSizeGreaterThan(20);
      assertThat(checkpoint.tensorBytes()).isGreaterThan(100_000);
      for (String name : checkpoint.names()) {
        Tensor tensor = checkpoint.tensor(name, DEVICE);
        assertThat(tensor.shape().size() * tensor.dtype().bytes())
            .isEqualTo(checkpoint.info(name).bytes());
      }
    }
  }

  private String digest() {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      return checkpoint.sha256();
    }
  }

  @Test
  void itsDigestTellsModelsApart() throws IOException {
    write("config.json", "{}");
    write("tokenizer.json", "{}");
    weights("model.safetensors", "a", "bb");
    String digest = digest();
    assertThat(digest).matches("[0-9a-f]{64}");
    write("README.md", "says nothing about it");
    assertThat(digest()).isEqualTo(digest);
    write("tokenizer.json", "{ }");
    String otherTokens = digest();
    assertThat(otherTokens).isNotEqualTo(digest);
    write("tokenizer.json", "{}");
    assertThat(digest()).isEqualTo(digest);
    byte[] bytes = Files.readAllBytes(folder.resolve("model.safetensors"));
    bytes[bytes.length - 1] ^= 1;
    Files.write(folder.resolve("model.safetensors"), bytes);
    assertThat(digest()).isNotEqualTo(digest);
  }

  @Test
  void readsTwoShards() {
    try (Checkpoint checkpoint = Checkpoint.open(fixture("internvl3-1b-hf"))) {
      assertThat(checkpoint.names().stream().map(checkpoint::fileOf).distinct())
          .containsExactlyInAnyOrder(
              "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    }
  }

  @Test
  void readsShardsThatItWrote() throws IOException {
    write("config.json", "{}");
    weights("model-00001-of-00003.safetensors", "a", "bb");
    weights("model-00002-of-00003.safetensors", "ccc");
    weights("model-00003-of-00003.safetensors", "dddd");
    index(
        "a", "model-00001-of-00003.safetensors",
        "bb", "model-00001-of-00003.safetensors",
        "ccc", "model-00002-of-00003.safetensors",
        "dddd", "model-00003-of-00003.safetensors");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "bb", "ccc", "dddd");
      for (String name : checkpoint.names()) {
        assertThat(checkpoint.tensor(name, DEVICE).toFloats()).containsExactly(name.length(), 1);
      }
      assertThat(checkpoint.tensorBytes()).isEqualTo(32);
      assertThatThrownBy(() -> checkpoint.info("cccc"))
          .hasMessage("cccc: not in this checkpoint (nearest: ccc)");
    }
  }

  @Test
  void saysWhatAFolderLacks() throws IOException {
    refuses("tiny: is empty, expected config.json and model.safetensors");
    write("tokenizer.json", "{}");
    refuses("tiny: has no config.json");
    write("config.json", "{}");
    refuses(
        "tiny: has no weights: neither model.safetensors nor model.safetensors.index.json is there");
    write("adapter_model.safetensors", "");
    refuses(
        "tiny: has adapter_model.safetensors but neither model.safetensors nor"
            + " model.safetensors.index.json");
    write("config.json", "{\n  \"a\": tru }");
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("config.json: line 2, column ");
    assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none")))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(folder.resolve("none") + ": no such folder");
    assertThatThrownBy(() -> Checkpoint.open(folder.resolve("config.json")))
        .hasMessage(folder.resolve("config.json") + ": is not a folder");
  }

  // ---- hostile and broken indices

  @Test
  void refusesAMissingShard() throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a");
    index("a", "a.safetensors", "b", "b.safetensors");
    refuses(
        "model.safetensors.index.json: 1 of 2 shards are not in the folder (b.safetensors); the"
            + " download looks incomplete");
  }

  @Test
  void refusesATensorInAnotherShard() throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a", "b");
    weights("b.safetensors", "c");
    index("a", "a.safetensors", "b", "b.safetensors", "c", "b.safetensors");
    refuses(
        "model.safetensors.index.json: b is said to be in b.safetensors but is in a.safetensors");
  }

  @Test
  void refusesATensorInNoShard() throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a");
    index("a", "a.safetensors", "x", "a.safetensors");
    refuses("model.safetensors.index.json: x is said to be in a.safetensors but is not");
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a", "c");
    weights("b.safetensors", "b", "c");
    index("a", "a.safetensors", "b", "b.safetensors");
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(CheckpointException.class)
        .message()
        .isIn(
            "b.safetensors: c is also in a.safetensors",
            "a.safetensors: c is also in b.safetensors");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../tiny/a.safetensors",
        "/etc/a.safetensors",
        "sub/a.safetensors",
        "..",
        "",
        "..\\\\a.safetensors",
        "C:a.safetensors",
        "a\\u0000.safetensors",
        "pytorch_model.bin"
      })
  void refusesAShardOutsideTheFolder(String file) throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a");
    index("a", file);
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("model.safetensors.index.json: weight_map.a is \"")
        .hasMessageEndingWith("\", expected the name of a .safetensors file in the same folder");
  }

  @Test
  void refusesAnIndexOfAnotherForm() throws IOException {
    write("config.json", "{}");
    write("model.safetensors.index.json", "{\"weight_map\": {\"a\": 1}}");
    refuses("model.safetensors.index.json: weight_map.a is 1, expected a string");
    write("model.safetensors.index.json", "{}");
    refuses("model.safetensors.index.json: weight_map is missing");
    write("model.safetensors.index.json", "{\"weight_map\": {}}");
    refuses("model.safetensors.index.json: weight_map is an object, expected at least one tensor");
  }

  @Test
  void closesTheShardsThatItOpenedWhenOneIsBroken() throws IOException {
    write("config.json", "{}");
    weights("a.safetensors", "a");
    write("b.safetensors", "");
    index("a", "a.safetensors", "b", "b.safetensors");
    refuses("b.safetensors: has 0 bytes, too few for a safetensors file");
  }

  /// A damaged index may only lose its other fields; which tensor lies where is checked.
  @ParameterizedTest
  @ValueSource(longs = {5})
  void refusesOrSurvives500DamagedIndices(long seed) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (Checkpoint good = Checkpoint.open(fixture("internvl3-1b-hf"))) {
      for (String file : good.files()) {
        if (file.endsWith(".safetensors")
            || file.endsWith("index.json")
            || file.equals("config.json")) {
          files.put(file, Files.readAllBytes(fixture("internvl3-1b-hf").resolve(file)));
        }
      }
      byte[] index = files.get("model.safetensors.index.json");
      Random random = new Random(seed);
      int refused = 0;
      for (int i = 0; i < 500; i++) {
        byte[] bad = index.clone();
        int bit = random.nextInt(8 * bad.length);
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        files.put("model.safetensors.index.json", bad);
        try (Checkpoint damaged = Checkpoint.of("damaged", files)) {
          assertThat(damaged.names()).as("bit %d", bit).isEqualTo(good.names());
        } catch (CheckpointException e) {
          refused++;
        }
      }
      assertThat(refused).isBetween(400, 500);
    }
  }

  // ---- small files, memory, closing

  @Test
  void readsSmallFilesOfTheFolderOnly() throws IOException {
    write("config.json", "{\"model_type\": \"internvl_chat\"}");
    write("merges.txt", "a b");
    weights("model.safetensors", "a");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.file("merges.txt")).isEqualTo("a b".getBytes(UTF_8));
      assertThat(checkpoint.file("none.txt")).isNull();
      assertThat(checkpoint.json("none.json")).isNull();
      assertThat(checkpoint.json("config.json")).isEqualTo(checkpoint.config());
      assertThatThrownBy(() -> checkpoint.json("merges.txt"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith("merges.txt: line 1, column 1: ");
      assertThatThrownBy(() -> checkpoint.file("../secret"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("checkpoint: ../secret is not a plain file name");
      new SafeTensorsWriter().zeros("z", DType.F32, 1 << 25).write(folder.resolve("large.json"));
      assertThatThrownBy(() -> checkpoint.file("large.json"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageMatching("large.json: has \\d+ bytes, more than the 100000000 allowed");
    }
  }

  @Test
  void saysThatALinkLeadsNowhere() throws IOException {
    write("config.json", "{}");
    Files.createSymbolicLink(folder.resolve("model.safetensors"), Path.of("../blobs/0"));
    refuses("model.safetensors: links to a file that is not there; the download looks incomplete");
  }

  @Test
  void readsACheckpointInMemory() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    for (String file : new String[] {"config.json", "model.safetensors", "vocab.json"}) {
      files.put(file, Files.readAllBytes(fixture("internvl2-1b").resolve(file)));
    }
    try (Checkpoint inMemory = Checkpoint.of("embedded", files);
        Checkpoint onDisk = Checkpoint.open(fixture("internvl2-1b"))) {
      assertThat(inMemory.name()).isEqualTo("embedded");
      assertThat(inMemory.file("vocab.json")).isEqualTo(onDisk.file("vocab.json"));
      assertThat(inMemory.file("merges.txt")).isNull();
      assertThat(inMemory.names()).isEqualTo(onDisk.names());
      for (String name : onDisk.names()) {
        assertThat(inMemory.bytes(name).mismatch(onDisk.bytes(name))).isEqualTo(-1);
      }
    }
    assertThatThrownBy(() -> Checkpoint.of("embedded", Map.of()))
        .hasMessage("embedded: is empty, expected config.json and model.safetensors");
  }

  @Test
  void namesTheCheckpointAfterClose() throws IOException {
    write("config.json", "{}");
    weights("model.safetensors", "a");
    Checkpoint checkpoint = Checkpoint.open(folder);
    Tensor tensor = checkpoint.tensor("a", DEVICE);
    checkpoint.close();
    checkpoint.close();
    assertThatThrownBy(tensor::segment)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: checkpoint tiny is closed");
    assertThatThrownBy(() -> checkpoint.tensor("a", DEVICE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("safetensors: checkpoint tiny is closed");
  }

  @Test
  void reasonsAreWordsNotClasses() {
    assertThat(CheckpointException.reason(new FileNotFoundException("x (Permission denied)")))
        .isEqualTo("permission denied");
    assertThat(CheckpointException.reason(new AccessDeniedException("x")))
        .isEqualTo("permission denied");
    assertThat(CheckpointException.reason(new FileSystemException("x", null, "Is a directory")))
        .isEqualTo("is a directory");
    assertThat(CheckpointException.reason(new IOException("Stream closed")))
        .isEqualTo("Stream closed");
  }
}
