package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Fixtures.fixture;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsTest {
  @TempDir Path folder;

  private static byte[] model() throws IOException {
    return Files.readAllBytes(fixture("internvl2-1b").resolve("model.safetensors"));
  }

  private static SafeTensors of(byte[] file) {
    return SafeTensors.of(MemorySegment.ofArray(file), "model.safetensors");
  }

  @Test
  void readsAFixture() {
    try (SafeTensors file =
        SafeTensors.open(fixture("internvl2-1b").resolve("model.safetensors"))) {
      SafeTensors.TensorInfo info = file.info("vision_model.embeddings.class_embedding");
      assertThat(info.dtype()).isEqualTo("BF16");
      assertThat(info.type()).isEqualTo(DType.BF16);
      assertThat(info.shape()).hasSize(3).startsWith(1L, 1L);
      assertThat(info.toString()).matches("\\[1, 1, \\d+] BF16");
      Tensor tensor = file.tensor(info.name(), DEVICE);
      assertThat(tensor.segment().isReadOnly()).isTrue();
      assertThat(tensor.segment().isMapped()).isTrue();
      float[] values = tensor.toFloats();
      assertThat(values).hasSize((int) (info.bytes() / 2));
      assertThat(IntStream.range(0, values.length).filter(i -> values[i] != 0).count())
          .isGreaterThan(values.length / 2);
      assertThat(file.metadata()).containsEntry("format", "pt");
    }
  }

  @Test
  void namesTheNearestTensor() {
    try (SafeTensors file =
        of(new SafeTensorsWriter().add("a.weight", new float[1], 1).toBytes())) {
      assertThatThrownBy(() -> file.tensor("a.wieght", DEVICE))
          .isInstanceOf(CheckpointException.class)
          .hasMessage("a.wieght: not in model.safetensors (nearest: a.weight)");
    }
    try (SafeTensors file = of(new SafeTensorsWriter().toBytes())) {
      assertThatThrownBy(() -> file.bytes("a")).hasMessage("a: not in model.safetensors");
    }
  }

  @Test
  void saysWhatIsInItsPlace() {
    String lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
    assertThatThrownBy(() -> of(lfs.getBytes(UTF_8)))
        .hasMessage(
            "model.safetensors: a Git LFS pointer instead of the weights; run git lfs pull");
    assertThatThrownBy(() -> of("\n<!DOCTYPE html><html>".getBytes(UTF_8)))
        .hasMessage("model.safetensors: a web page instead of the weights; download it again");
    assertThatThrownBy(() -> of("PK\u0003\u0004 archive/data.pkl".getBytes(UTF_8)))
        .hasMessage(
            "model.safetensors: a zip archive (a file of torch.save?) instead of a safetensors file");
    assertThatThrownBy(() -> of(new byte[7]))
        .hasMessage("model.safetensors: has 7 bytes, too few for a safetensors file");
    assertThatThrownBy(() -> of("\0\0\0\0\0\0\0\0".getBytes(UTF_8)))
        .hasMessage("model.safetensors: not a safetensors file: the header does not start with {");
    assertThatThrownBy(() -> SafeTensors.open(folder.resolve("none.safetensors")))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("none.safetensors: not found");
    assertThatThrownBy(() -> SafeTensors.open(folder)).isInstanceOf(CheckpointException.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {20261123})
  void saysThatATruncatedFileIsCutOffAt500Points(long seed) throws IOException {
    byte[] file = model();
    int header = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Random random = new Random(seed);
    Path path = folder.resolve("model.safetensors");
    for (int i = 0; i < 500; i++) {
      // half of the cuts in the header, so that both kinds are met
      int length = random.nextInt(i % 2 == 0 ? file.length : header);
      Files.write(path, Arrays.copyOf(file, length));
      String expected =
          length < 8
              ? "model.safetensors: has %d bytes, too few for a safetensors file".formatted(length)
              : "model.safetensors: %s at byte %d but the file has %d bytes; the download looks cut off"
                  .formatted(
                      length < header ? "header ends" : "tensors end",
                      length < header ? header : file.length,
                      length);
      assertThatThrownBy(() -> SafeTensors.open(path).close())
          .isInstanceOf(CheckpointException.class)
          .hasMessage(expected);
    }
  }

  /// A flipped bit may be harmless in three places only: in the padding or the metadata, where
  /// another text may stand; in a tensor's name, which is then another name; and in a dtype of the
  /// same width, which is then another dtype (`F16` for `U16`). Sizes and offsets always contradict
  /// each other.
  @ParameterizedTest
  @ValueSource(longs = {7})
  void refusesOrSurvives2000FlippedHeaderBits(long seed) throws IOException {
    byte[] original = model();
    int json = (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Random random = new Random(seed);
    int refused = 0;
    try (SafeTensors good = of(original)) {
      for (int i = 0; i < 2000; i++) {
        int bit = random.nextInt(8 * (8 + json));
        byte[] file = original.clone();
        file[bit / 8] ^= (byte) (1 << bit % 8);
        Throwable failure =
            catchThrowable(() -> {
              try (SafeTensors flipped = of(file)) {
                requireHarmless(good, flipped, "bit " + bit);
              }
            });
        if (failure instanceof CheckpointException) {
          refused++;
        } else {
          assertThat(failure).as("bit %d", bit).isNull();
        }
      }
    }
    assertThat(refused).isBetween(200, 1999);
  }

  private static void requireHarmless(SafeTensors good, SafeTensors flipped, String bit) {
    Set<String> names = new HashSet<>(flipped.names());
    names.removeAll(good.names());
    assertThat(names.size()).as(bit).isLessThanOrEqualTo(1);
    assertThat(flipped.names()).as(bit).hasSameSizeAs(good.names());
    for (String name : good.names()) {
      if (flipped.names().contains(name)) {
        SafeTensors.TensorInfo a = good.info(name);
        SafeTensors.TensorInfo b = flipped.info(name);
        assertThat(b.shape()).as(bit).isEqualTo(a.shape());
        assertThat(b.begin()).as(bit).isEqualTo(a.begin());
        assertThat(b.end()).as(bit).isEqualTo(a.end());
      }
    }
  }

  @Test
  void saysThatTheFileHasShrunk() throws IOException {
    assumeThat(System.getProperty("os.name").toLowerCase(Locale.ROOT))
        .as("Windows does not let a mapped file shrink")
        .doesNotContain("windows");
    Path path = Files.write(folder.resolve("model.safetensors"), model());
    try (SafeTensors file = SafeTensors.open(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(8192);
      }
      String last =
          file.names().stream().filter(n -> file.info(n).end() > 8192).findFirst().orElseThrow();
      assertThatThrownBy(() -> file.tensor(last, DEVICE))
          .isInstanceOf(CheckpointException.class)
          .hasMessage(
              "model.safetensors: had %d bytes when it was opened and has 8192 now; %s ends at byte %d"
                  .formatted(model().length, last, file.info(last).end()));
    }
  }

  @Test
  void namesTheFileAfterClose() throws IOException {
    Path path = Files.write(folder.resolve("model.safetensors"), model());
    SafeTensors file = SafeTensors.open(path);
    String name = file.names().iterator().next();
    Tensor tensor = file.tensor(name, DEVICE);
    file.close();
    file.close();
    assertThatThrownBy(tensor::toFloats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: model.safetensors is closed");
    assertThatThrownBy(() -> file.tensor(name, DEVICE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("safetensors: model.safetensors is closed");
    Files.delete(path);
  }

  @Test
  void usesNativeMemoryInPlaceAndLeavesItOpen() {
    byte[] bytes = new SafeTensorsWriter().add("a", new float[] {1, 2}, 2).toBytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
      try (SafeTensors file = SafeTensors.of(segment, "m")) {
        segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, file.info("a").begin(), 7);
        assertThat(file.tensor("a", DEVICE).toFloats()).containsExactly(7, 2);
      }
      assertThat(segment.scope().isAlive()).isTrue();
    }
  }

  @Test
  void isReadByManyThreadsAtOnce() throws Exception {
    try (SafeTensors file = SafeTensors.open(fixture("internvl2-1b").resolve("model.safetensors"));
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      long expected = checksum(file);
      List<Callable<Long>> readers = Collections.nCopies(32, () -> checksum(file));
      for (Future<Long> sum : threads.invokeAll(readers)) {
        assertThat(sum.get()).isEqualTo(expected);
      }
    }
  }

  private static long checksum(SafeTensors file) {
    return file.names().stream()
        .mapToLong(n -> Arrays.hashCode(file.tensor(n, DEVICE).toFloats()))
        .sum();
  }

  // ---- more than 2 GiB

  @Test
  void reachesTheEndOfATensorOfFiveGigabytes() throws IOException {
    Path path = folder.resolve("model.safetensors");
    long began = Files.getFileStore(folder).getUsableSpace();
    new SafeTensorsWriter()
        .zeros("big", DType.BF16, 1_310_721, 2048)
        .add("small", DType.BF16, new float[] {1, -2}, 2)
        .write(path);
    assertThat(Files.size(path)).isGreaterThan(5L << 30);
    long taken = began - Files.getFileStore(folder).getUsableSpace();
    assumeThat(taken).as("this disk cannot leave holes in files").isLessThan(1L << 30);
    try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw");
        SafeTensors file = SafeTensors.open(path)) {
      raw.seek(file.info("big").end() - 2);
      raw.write(new byte[] {(byte) 0x80, 0x3f}); // 1.0
      Tensor big = file.tensor("big", DEVICE);
      assertThat(big.shape()).isEqualTo(Shape.of(1_310_721, 2048));
      assertThat(big.select(0, 1_310_720).narrow(0, 2046, 2).toFloats()).containsExactly(0, 1);
      assertThat(file.tensor("small", DEVICE).toFloats()).containsExactly(1, -2);
    }
  }
}
