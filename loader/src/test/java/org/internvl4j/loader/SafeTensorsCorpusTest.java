package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.internvl4j.loader.Fixtures.DEVICE;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// 105 honest and hostile files with the verdicts of the format's reference reader and ours.
class SafeTensorsCorpusTest {
  record Row(int number, String name, String verdict, byte[] file) {
    boolean accepted() {
      return verdict.startsWith("accept");
    }

    @Override
    public String toString() {
      return number + " " + name + ": " + verdict;
    }
  }

  @TempDir Path folder;

  static List<Row> rows() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            SafeTensorsCorpusTest.class.getResourceAsStream("/safetensors-corpus.tsv"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(SafeTensorsCorpusTest::row)
          .toList();
    }
  }

  static Stream<Row> accepted() throws IOException {
    return rows().stream().filter(Row::accepted);
  }

  private static Row row(String line) {
    String[] cells = line.split("\t", -1);
    int number = Integer.parseInt(cells[0]);
    byte[] file =
        cells[4].startsWith("@gen") ? generated(number) : Base64.getDecoder().decode(cells[4]);
    return new Row(number, cells[1], cells[3], file);
  }

  /// The files that are too large for the table.
  private static byte[] generated(int number) {
    return switch (number) {
      case 36 ->
          file(
              "{\"%s\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"
                  .formatted("k".repeat(1_000_000)),
              16);
      case 46 -> file("{\"__metadata__\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}", 0);
      case 85 ->
          file(
              "{\"a\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[0,4]}}"
                  .formatted(String.join(",", Collections.nCopies(10_000, "1"))),
              4);
      default -> throw new AssertionError("no recipe for row " + number);
    };
  }

  private static byte[] file(String header, int data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .array();
  }

  @Test
  void isComplete() throws IOException {
    assertThat(rows()).hasSize(105);
    assertThat(rows().stream().filter(Row::accepted)).hasSize(21);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void givesTheVerdictOnDiskAndInMemory(Row row) throws IOException {
    Path path = Files.write(folder.resolve("corpus.safetensors"), row.file);
    Throwable onDisk = catchThrowable(() -> SafeTensors.open(path).close());
    Throwable inMemory =
        catchThrowable(
            () -> SafeTensors.of(MemorySegment.ofArray(row.file), "corpus.safetensors").close());
    if (row.accepted()) {
      assertThat(onDisk).isNull();
      assertThat(inMemory).isNull();
    } else {
      assertThat(onDisk)
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith("corpus.safetensors: ")
          .hasMessageNotContaining("\n");
      assertThat(inMemory).isInstanceOf(CheckpointException.class).hasMessage(onDisk.getMessage());
      assertThat(onDisk.getMessage()).hasSizeLessThan(2100);
    }
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void handsOutEveryTensorThatKernelsRead(Row row) {
    try (SafeTensors file = SafeTensors.of(MemorySegment.ofArray(row.file), "x.safetensors")) {
      for (String name : file.names()) {
        SafeTensors.TensorInfo info = file.info(name);
        assertThat(file.bytes(name).byteSize()).isEqualTo(info.bytes());
        if (row.verdict.endsWith("D5")) {
          assertThat(info.type()).isNull();
          assertThatThrownBy(() -> file.tensor(name, DEVICE))
              .isInstanceOf(CheckpointException.class)
              .hasMessage(
                  "x.safetensors: "
                      + name
                      + " is "
                      + info.dtype()
                      + ", which no kernel reads; convert it to one of F32, BF16, F16, I8, U8, I32,"
                      + " I64");
        } else {
          assertThat(file.tensor(name, DEVICE).toFloats())
              .hasSize((int) info.bytes() / width(info));
        }
      }
    }
  }

  private static int width(SafeTensors.TensorInfo info) {
    DType type = info.type();
    return type == null ? 0 : type.bytes();
  }

  @Test
  void warnsOnceAboutAnExtraField() throws IOException {
    Row extra = rows().get(61);
    assertThat(extra.name).isEqualTo("extra field");
    try (LogCapture log = new LogCapture()) {
      SafeTensors.of(MemorySegment.ofArray(extra.file), "x.safetensors").close();
      assertThat(log.lines())
          .containsExactly(
              "WARNING x.safetensors: the header has fields beside dtype, shape and data_offsets;"
                  + " they are ignored");
    }
  }

  @Test
  void readsAMisalignedTensorInPlace() throws IOException {
    Row odd = rows().get(102);
    byte[] file = odd.file.clone();
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putFloat(file.length - 4, 1.5f);
    try (SafeTensors opened = SafeTensors.of(MemorySegment.ofArray(file), "x.safetensors")) {
      assertThat(opened.info("a").begin() % 4).isNotZero();
      assertThat(opened.tensor("a", DEVICE).toFloats()).containsExactly(1.5f);
    }
  }
}
