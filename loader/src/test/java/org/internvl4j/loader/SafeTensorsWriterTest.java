package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Fixtures.fixture;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsWriterTest {
  @TempDir Path folder;

  private static SafeTensorsWriter sample() {
    return new SafeTensorsWriter()
        .metadata("format", "pt")
        .add("f", new float[] {1.5f, -2, Float.NaN, 0}, 2, 2)
        .add("b", DType.BF16, new float[] {1, 1 + 0x1p-8f, -0.0f}, 3)
        .add("h", DType.F16, new float[] {65504, 1e-7f}, 2, 1)
        .add("i", new int[] {Integer.MIN_VALUE, 7}, 2)
        .add("l", new long[] {Long.MAX_VALUE}, 1)
        .add("bytes", DType.U8, Shape.of(3), () -> MemorySegment.ofArray(new byte[] {1, 2, -1}))
        .add("ü \"\n", new float[0], 0, 5)
        .zeros("z", DType.F32, 2);
  }

  @Test
  void readsBackWhatItWrote() throws IOException {
    Path path = folder.resolve("model.safetensors");
    sample().write(path);
    try (SafeTensors file = SafeTensors.open(path)) {
      assertThat(file.metadata()).containsExactlyEntriesOf(Map.of("format", "pt"));
      assertThat(file.names()).containsExactly("l", "f", "z", "ü \"\n", "i", "b", "h", "bytes");
      assertThat(file.tensor("f", DEVICE).toFloats()).containsExactly(1.5f, -2, Float.NaN, 0);
      // 1 + 2^-8 lies between two bf16: the even one wins
      assertThat(file.tensor("b", DEVICE).toFloats()).containsExactly(1, 1, -0.0f);
      assertThat(file.tensor("h", DEVICE).toFloats()[0]).isEqualTo(65504);
      assertThat(file.bytes("i").toArray(ValueLayout.JAVA_INT_UNALIGNED))
          .containsExactly(Integer.MIN_VALUE, 7);
      assertThat(file.bytes("l").toArray(ValueLayout.JAVA_LONG_UNALIGNED))
          .containsExactly(Long.MAX_VALUE);
      assertThat(file.bytes("bytes").toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, -1);
      assertThat(file.info("ü \"\n").shape()).containsExactly(0L, 5L);
      assertThat(file.tensor("z", DEVICE).toFloats()).containsExactly(0, 0);
      for (String name : file.names()) {
        SafeTensors.TensorInfo info = file.info(name);
        assertThat(info.begin() % file.tensor(name, DEVICE).dtype().bytes()).isZero();
      }
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(sample().toBytes());
    assertThat(filesIn(folder)).containsExactly("model.safetensors");
  }

  @Test
  void writesTheSameBytesInWhateverOrder() {
    byte[] one =
        new SafeTensorsWriter()
            .add("a", new float[] {1}, 1)
            .add("b", new float[] {2}, 1)
            .metadata("x", "1")
            .metadata("y", "2")
            .toBytes();
    byte[] other =
        new SafeTensorsWriter()
            .metadata("y", "2")
            .add("b", new float[] {2}, 1)
            .metadata("x", "1")
            .add("a", new float[] {1}, 1)
            .toBytes();
    assertThat(one).isEqualTo(other);
    assertThat(new String(one, 8, one.length - 16, StandardCharsets.UTF_8).stripTrailing())
        .isEqualTo(
            "{\"__metadata__\":{\"x\":\"1\",\"y\":\"2\"},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}");
  }

  @Test
  void copiesAFixtureTensorByTensor() throws IOException {
    Path path = folder.resolve("copy.safetensors");
    try (SafeTensors file =
        SafeTensors.open(fixture("internvl2-1b").resolve("golden.safetensors"))) {
      SafeTensorsWriter writer = new SafeTensorsWriter();
      file.names().forEach(n -> writer.add(n, file.tensor(n, DEVICE)));
      writer.write(path);
      try (SafeTensors copy = SafeTensors.open(path)) {
        assertThat(copy.names()).containsExactlyInAnyOrderElementsOf(file.names());
        for (String name : file.names()) {
          assertThat(copy.info(name).toString()).isEqualTo(file.info(name).toString());
          assertThat(copy.bytes(name).mismatch(file.bytes(name))).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void writesAStridedViewRowMajor() {
    try (Workspace workspace = new Workspace(DEVICE, "test")) {
      byte[] bytes =
          new SafeTensorsWriter()
              .add("t", workspace.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).transpose(0, 1))
              .toBytes();
      try (SafeTensors file = SafeTensors.of(MemorySegment.ofArray(bytes), "m")) {
        assertThat(file.info("t").shape()).containsExactly(3L, 2L);
        assertThat(file.tensor("t", DEVICE).toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
      }
    }
  }

  @Test
  void leavesTheOldFileWhenWritingFails() throws IOException {
    Path path = Files.writeString(folder.resolve("model.safetensors"), "old");
    SafeTensorsWriter broken =
        new SafeTensorsWriter()
            .add("a", DType.F32, Shape.of(2), () -> MemorySegment.ofArray(new byte[7]));
    assertThatThrownBy(() -> broken.write(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("safetensors: a is [2] f32 but its content has 7 bytes");
    assertThat(path).hasContent("old");
    assertThat(filesIn(folder)).containsExactly("model.safetensors");
    assertThatThrownBy(() -> sample().write(folder.resolve("none/model.safetensors")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void refusesANameTwiceAndAWrongCount() {
    assertThatThrownBy(() -> sample().zeros("f", DType.F32, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("safetensors: the name f is taken");
    assertThatThrownBy(() -> sample().zeros("__metadata__", DType.F32, 1))
        .hasMessage("safetensors: the name __metadata__ is taken");
    assertThatThrownBy(() -> sample().add("g", new float[3], 2, 2))
        .hasMessage("safetensors: 3 values do not fill g [2, 2]");
  }

  private static Stream<String> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(ModelFolders::fileName).sorted().toList().stream();
    }
  }
}
