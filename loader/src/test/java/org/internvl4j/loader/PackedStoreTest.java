package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.ToIntFunction;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.internvl4j.loader.LoadListener.Stage;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever happens to the file, every matrix is the right one: [PackedModel] compares them all.
class PackedStoreTest {
  private static final WeightFormat STORED = WeightFormat.STORED;

  @TempDir Path temp;
  private Path folder;
  private Path user;

  @BeforeEach
  void write() throws IOException {
    folder = PackedModel.write(temp.resolve("model"), 1);
    user = temp.resolve("user");
  }

  private int use() {
    return PackedModel.use(folder, user, STORED);
  }

  private Path file() {
    return PackedModel.file(folder, STORED);
  }

  @ParameterizedTest
  @EnumSource
  void secondTimePreparesNothing(WeightFormat format) {
    assertThat(PackedModel.use(folder, user, format)).isEqualTo(PackedModel.MATRICES);
    assertThat(PackedModel.file(folder, format)).exists();
    assertThat(PackedModel.use(folder, user, format)).isZero();
    assertThat(folder.resolve(".internvl4j").toFile().list()).hasSize(1);
  }

  @Test
  void eachFormatHasItsFile() {
    assertThat(PackedModel.use(folder, user, WeightFormat.Q8)).isEqualTo(PackedModel.MATRICES);
    assertThat(PackedModel.use(folder, user, WeightFormat.Q4)).isEqualTo(PackedModel.MATRICES);
    assertThat(PackedModel.use(folder, user, WeightFormat.Q8)).isZero();
    assertThat(PackedModel.use(folder, user, WeightFormat.Q4)).isZero();
  }

  @Test
  void keepsNothingOfSmallModelsNorUnasked() {
    PackingDevice device = new PackingDevice();
    CachePolicy large = new CachePolicy(true, 1 << 20, user);
    for (CachePolicy policy : List.of(large, PackedModel.policy(user).off())) {
      try (Checkpoint checkpoint = Checkpoint.open(folder);
          PackedStore store =
              PackedStore.open(checkpoint, device, STORED, policy, 0, LoadListener.NONE);
          Workspace model = new Workspace(device, "model")) {
        PackedModel.load(checkpoint, device, store, model, STORED);
        store.finish();
      }
      assertThat(folder.resolve(".internvl4j")).doesNotExist();
      assertThat(user).doesNotExist();
    }
  }

  @Test
  void askedTwiceIsPreparedOnce() {
    PackingDevice device = new PackingDevice();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = PackedModel.open(checkpoint, device, user, STORED);
        Workspace model = new Workspace(device, "model")) {
      List<Tensor> once = PackedModel.load(checkpoint, device, store, model, STORED);
      assertThat(PackedModel.load(checkpoint, device, store, model, STORED)).isEqualTo(once);
      assertThat(device.prepared).isEqualTo(PackedModel.MATRICES);
    }
    assertThat(folder.resolve(".internvl4j")).isEmptyDirectory(); // never said to be finished
  }

  @Test
  void fileThatLacksAMatrixIsExtended() {
    PackingDevice device = new PackingDevice();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = PackedModel.open(checkpoint, device, user, STORED);
        Workspace model = new Workspace(device, "model")) {
      Weights w = Weights.of(checkpoint, model, store);
      w.matrix("llm.qkv", 96, 64); // as another version of the model would ask
      w.matrix("llm.down", 40, 64);
      store.finish();
    }
    assertThat(use()).isEqualTo(PackedModel.MATRICES - 1);
    assertThat(use()).isZero();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = PackedModel.open(checkpoint, device, user, STORED)) {
      assertThat(store.find("llm.qkv bf16", Shape.of(96, 64))).isNotNull();
      assertThat(store.find("llm.qkv bf16", Shape.of(64, 96))).isNull();
      assertThat(store.find("llm.qkv", Shape.of(96, 64))).isNull();
    }
  }

  @Test
  void noticesEveryFlippedBit() throws IOException {
    use();
    byte[] good = Files.readAllBytes(file());
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < 48; i++) {
      places.add(i); // every field of the head
    }
    for (int i = good.length - 600; i < good.length; i++) {
      places.add(i); // the table
    }
    new Random(7).ints(600, 0, good.length).forEach(places::add);
    Random bit = new Random(8);
    for (int place : places) {
      byte[] bad = good.clone();
      bad[place] ^= (byte) (1 << bit.nextInt(8));
      Path copy = Files.write(temp.resolve("copy.bin"), bad);
      assertThat(isSound(copy)).as("flipped byte %d (seeds 7 and 8)", place).isFalse();
    }
    Files.write(temp.resolve("copy.bin"), good);
    assertThat(isSound(temp.resolve("copy.bin"))).isTrue();
  }

  @Test
  void noticesEveryCut() throws IOException {
    use();
    byte[] good = Files.readAllBytes(file());
    Path copy = Files.write(temp.resolve("copy.bin"), good);
    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      for (int length = good.length - 1; length >= 0; length -= 1 + length / 300) {
        channel.truncate(length);
        assertThat(isSound(copy)).as("cut to %d bytes", length).isFalse();
      }
    }
    Files.write(copy, good);
    Files.write(copy, new byte[] {0}, StandardOpenOption.APPEND);
    assertThat(isSound(copy)).isFalse();
  }

  private static boolean isSound(Path path) throws IOException {
    try (PackedFile file = PackedFile.open(path)) {
      file.check(2, LoadListener.NONE);
      return true;
    } catch (UnusablePackedFile e) {
      return false;
    }
  }

  /// What may have become of a file.
  interface Damage {
    byte[] of(byte[] good);
  }

  private static Arguments cut(String what, ToIntFunction<byte[]> length) {
    Damage damage = good -> Arrays.copyOf(good, length.applyAsInt(good));
    return Arguments.of("cut " + what, damage);
  }

  private static Arguments flipped(String what, ToIntFunction<byte[]> place) {
    Damage damage =
        good -> {
          byte[] bad = good.clone();
          bad[place.applyAsInt(good)] ^= 1;
          return bad;
        };
    return Arguments.of("flipped " + what, damage);
  }

  /// Where the table begins: matrices end right before it.
  private static int table(byte[] file) {
    return (int) ByteBuffer.wrap(file).getLong(16);
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        cut("to nothing", f -> 0),
        cut("within the head's fields", f -> 20),
        cut("within the head", f -> PackedHead.PAGE - 1),
        cut("behind the head", f -> PackedHead.PAGE),
        cut("in the middle of the matrices", f -> table(f) / 2),
        cut("before the table", PackedStoreTest::table),
        cut("before its last byte", f -> f.length - 1),
        cut("too late", f -> f.length + 1),
        flipped("magic", f -> 0),
        flipped("version", f -> 11),
        flipped("size of the table", f -> 15),
        flipped("place of the table", f -> 23),
        flipped("checksum of the table", f -> 27),
        flipped("checksum of the head", f -> 31),
        flipped("rest of the head", f -> PackedHead.PAGE - 1),
        flipped("first byte of the matrices", f -> PackedHead.PAGE),
        flipped("middle of the matrices", f -> table(f) / 2),
        flipped("last byte of the matrices", f -> table(f) - 1),
        flipped("first byte of the table", PackedStoreTest::table),
        flipped("last byte of the table", f -> f.length - 1),
        Arguments.of("zeroed behind the middle", (Damage) PackedStoreTest::withoutItsEnd),
        Arguments.of("of another layout", (Damage) PackedStoreTest::ofAnotherLayout));
  }

  /// As a file system leaves a file whose last pages never reached the disk.
  private static byte[] withoutItsEnd(byte[] good) {
    byte[] bad = good.clone();
    Arrays.fill(bad, good.length / 2, good.length, (byte) 0);
    return bad;
  }

  /// Whole and of this version, but the device packed otherwise then.
  private static byte[] ofAnotherLayout(byte[] good) {
    byte[] other = good.clone();
    int at = table(good);
    byte[] name = "turned-3.0".getBytes(StandardCharsets.UTF_8); // instead of turned-3.1
    System.arraycopy(name, 0, other, at + Integer.BYTES, name.length);
    byte[] table = Arrays.copyOfRange(other, at, other.length);
    int checksum = Chunks.crc(MemorySegment.ofArray(table));
    new PackedHead(at, table.length, checksum).encode().get(0, other, 0, PackedHead.PAGE);
    return other;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  void whateverBecameOfItEveryMatrixIsRight(String what, Damage damage) throws IOException {
    use();
    byte[] good = Files.readAllBytes(file());
    byte[] bad = damage.of(good);
    assertThat(bad).as(what).isNotEqualTo(good);
    Files.write(file(), bad);
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(Files.readAllBytes(file())).isEqualTo(good);
    assertThat(use()).isZero();
  }

  @Test
  void fileOfAnotherModelInThisPlaceIsNotUsed() throws IOException {
    Path other = PackedModel.write(temp.resolve("other"), 2);
    PackedModel.use(other, user, STORED);
    Path weights = folder.resolve("model.safetensors");
    Files.setLastModifiedTime(
        weights, Files.getLastModifiedTime(other.resolve("model.safetensors")));
    Files.createDirectories(file().getParent());
    Files.copy(PackedModel.file(other, STORED), file());
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(use()).isZero();
  }

  @Test
  void weightsOfAnotherSizeMakeItStale() throws IOException {
    use();
    Path weights = folder.resolve("model.safetensors");
    FileTime time = Files.getLastModifiedTime(weights);
    Path larger = temp.resolve("larger");
    try (SafeTensors old = SafeTensors.open(weights)) {
      SafeTensorsWriter writer = new SafeTensorsWriter().zeros("more", DType.BF16, 8);
      for (String name : old.names()) {
        writer.add(name, old.tensor(name, Fixtures.DEVICE));
      }
      writer.write(larger);
    }
    Files.move(larger, weights, StandardCopyOption.REPLACE_EXISTING);
    Files.setLastModifiedTime(weights, time);
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(use()).isZero();
  }

  @Test
  void damagedFileIsToldAndMadeAnew() throws IOException {
    use();
    byte[] good = Files.readAllBytes(file());
    byte[] bad = good.clone();
    bad[PackedHead.PAGE] ^= 4;
    Files.write(file(), bad);
    try (LogCapture log = new LogCapture()) {
      assertThat(use()).isEqualTo(PackedModel.MATRICES);
      assertThat(log.lines())
          .containsExactly(
              "INFO "
                  + file().toRealPath()
                  + ": is not used, the checksum of vit.filters bf16 is wrong at byte 4096 to 4216");
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(good); // deterministic
    assertThat(use()).isZero();
  }

  @Test
  void otherVersionIsToldAndMadeAnew() throws IOException {
    use();
    byte[] bytes = Files.readAllBytes(file());
    bytes[11]++; // the last byte of the version
    Files.write(file(), bytes);
    try (LogCapture log = new LogCapture()) {
      assertThat(use()).isEqualTo(PackedModel.MATRICES);
      assertThat(log.lines())
          .containsExactly(
              "INFO "
                  + file().toRealPath()
                  + ": is not used, it is of version 2, this library reads 1");
    }
    assertThat(use()).isZero();
  }

  @Test
  void fileOfAnotherPackingUnderThisNameIsNotUsed() throws IOException {
    PackedModel.use(folder, user, WeightFormat.Q8);
    Files.copy(PackedModel.file(folder, WeightFormat.Q8), file());
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
  }

  @Test
  void touchedModelMakesItStale() throws IOException {
    use();
    Path weights = folder.resolve("model.safetensors");
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000_000_000L));
    try (LogCapture log = new LogCapture()) {
      assertThat(use()).isEqualTo(PackedModel.MATRICES);
      assertThat(log.lines())
          .containsExactly(
              "INFO "
                  + file().toRealPath()
                  + ": is not used, model.safetensors has changed since it was made");
    }
    assertThat(use()).isZero();
  }

  @Test
  void otherWeightsOfTheSameSizeAndTimeMakeItStale() throws IOException {
    use();
    Path weights = folder.resolve("model.safetensors");
    FileTime time = Files.getLastModifiedTime(weights);
    PackedModel.write(folder, 2);
    Files.setLastModifiedTime(weights, time);
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(use()).isZero();
  }

  @Test
  void modelThatChangesWhileItIsReadIsNotKept() throws IOException {
    PackingDevice device = new PackingDevice();
    try (LogCapture log = new LogCapture()) {
      try (Checkpoint checkpoint = Checkpoint.open(folder);
          PackedStore store = PackedModel.open(checkpoint, device, user, STORED);
          Workspace model = new Workspace(device, "model")) {
        PackedModel.load(checkpoint, device, store, model, STORED);
        Files.setLastModifiedTime(folder.resolve("model.safetensors"), FileTime.fromMillis(1));
        store.finish();
      }
      assertThat(log.lines())
          .containsExactly(
              "INFO "
                  + file()
                  + ": cannot be written: the model changed while it was read; the model works"
                  + " without it");
    }
    assertThat(folder.resolve(".internvl4j")).isEmptyDirectory();
  }

  @Test
  void folderThatCannotBeWrittenToHasItsFileInTheUsersCache() throws IOException {
    Files.createFile(folder.resolve(".internvl4j")); // no folder can be made there
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(use()).isZero();
    assertThat(new PackedFiles(user).of(folder))
        .singleElement()
        .satisfies(found -> {
          assertThat(found.path().toString()).startsWith(user.resolve("model-").toString());
          assertThat(found.state()).isEqualTo(PackedFiles.State.VALID);
        });
  }

  @Test
  void foldersAmongTheFilesAreNoneOfThem() throws IOException {
    use();
    Files.createDirectory(file().resolveSibling("panels-1.0-q8.bin"));
    Files.createDirectory(user.resolve("known").resolve("folder"));
    Files.write(user.resolve("known").resolve("no text"), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThat(new PackedFiles(user).of(folder)).hasSize(1);
    assertThat(new PackedFiles(user).all()).hasSize(1);
  }

  @Test
  void withoutAnyPlaceItWorksFromMemory() throws IOException {
    Files.createFile(folder.resolve(".internvl4j"));
    Files.createFile(user);
    try (LogCapture log = new LogCapture()) {
      assertThat(use()).isEqualTo(PackedModel.MATRICES);
      assertThat(use()).isEqualTo(PackedModel.MATRICES);
      assertThat(log.lines())
          .hasSize(2)
          .allMatch(line ->
              line.startsWith(
                  "INFO model: prepared weights are not kept for the next time, there is no place"
                      + " for them"));
    }
  }

  /// As a full disk does: from the second matrix on, nothing more can be written.
  @Test
  void writingThatFailsHalfWayCostsNothingButTheFile() throws IOException {
    PackingDevice device = new PackingDevice();
    try (LogCapture log = new LogCapture();
        Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = PackedModel.open(checkpoint, device, user, STORED);
        Workspace model = new Workspace(device, "model")) {
      Weights w = Weights.of(checkpoint, model, store);
      Tensor kept = w.filters("vit.filters", 5, 3, 2, 2);
      byte[] before = PackingDevice.bytes(kept);
      Thread.currentThread().interrupt(); // closes the file under the next write
      w.matrix("llm.down", 40, 64);
      assertThat(Thread.interrupted()).isTrue();
      PackedModel.load(checkpoint, device, store, model, STORED);
      store.finish();
      assertThat(folder.resolve(".internvl4j")).isEmptyDirectory();
      assertThat(PackingDevice.bytes(kept)).isEqualTo(before); // still mapped
      assertThat(log.lines())
          .singleElement()
          .asString()
          .startsWith("INFO " + file() + ": cannot be written: ")
          .endsWith("; the model works without it");
    }
    assertThat(use()).isEqualTo(PackedModel.MATRICES);
    assertThat(use()).isZero();
  }

  @Test
  void oldPackingOfTheSameKindIsDeleted() throws IOException {
    Files.createDirectories(file().getParent());
    Path old = Files.createFile(file().resolveSibling("turned-3.0-stored.bin"));
    Path other = Files.createFile(file().resolveSibling("turned-4.0-stored.bin"));
    Path format = Files.createFile(file().resolveSibling("turned-3.0-q8.bin"));
    use();
    assertThat(old).doesNotExist();
    assertThat(List.of(other, format)).allMatch(Files::exists);
  }

  @Test
  void tellsHowFarItIs() {
    List<Stage> stages = new ArrayList<>();
    List<Long> left = new ArrayList<>();
    LoadListener listener =
        (stage, done, total) -> {
          stages.add(stage);
          left.add(total - done);
        };
    PackingDevice device = new PackingDevice();
    for (Stage stage : Stage.values()) {
      stages.clear();
      left.clear();
      try (Checkpoint checkpoint = Checkpoint.open(folder);
          PackedStore store =
              PackedStore.open(checkpoint, device, STORED, PackedModel.policy(user), 1, listener);
          Workspace model = new Workspace(device, "model")) {
        PackedModel.load(checkpoint, device, store, model, STORED);
        store.finish();
        assertThat(stages).isNotEmpty().containsOnly(stage);
        assertThat(left).isSortedAccordingTo(Comparator.reverseOrder()).endsWith(0L);
      }
    }
  }

  static {
    Logger.getLogger("org.internvl4j.loader").setLevel(Level.INFO);
  }
}
