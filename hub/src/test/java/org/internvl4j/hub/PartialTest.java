package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.internvl4j.hub.Partial.Range;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartialTest {
  private static final int BYTES = 1000;
  private static final byte[] CONTENT = TestHub.bytes(BYTES, 1);
  private static final ListedFile FILE =
      new ListedFile("a.bin", BYTES, TestHub.hash("a.bin", CONTENT));

  @TempDir Path blobs;

  private Partial open() throws IOException {
    return Partial.open(blobs, FILE, true);
  }

  private static void bring(Partial partial, int from, int to) throws IOException {
    partial.write(ByteBuffer.wrap(CONTENT, from, to - from), from);
    partial.note(from, to);
  }

  private Path left() throws IOException {
    List<String> names = Layout.names(blobs);
    assertThat(names)
        .singleElement()
        .asString()
        .matches(FILE.hash() + "\\.i4j[0-9a-f]{5}\\.incomplete");
    return blobs.resolve(names.getFirst());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whatIsMissingIsWhatHasNotCome(long seed) throws IOException {
    Random random = new Random(seed);
    BitSet come = new BitSet();
    for (int round = 0; round < 10; round++) {
      try (Partial partial = open()) {
        assertThat(partial.done()).isEqualTo(come.cardinality());
        for (int i = 0; i < 3; i++) {
          int from = random.nextInt(BYTES);
          int to = from + 1 + random.nextInt(Math.min(60, BYTES - from));
          bring(partial, from, to);
          come.set(from, to);
        }
        BitSet missing = new BitSet();
        for (Range range : partial.missing(50)) {
          assertThat(range.bytes()).isBetween(1L, 50L);
          assertThat(missing.get((int) range.from(), (int) range.to()).isEmpty()).isTrue();
          missing.set((int) range.from(), (int) range.to());
        }
        missing.flip(0, BYTES);
        assertThat(missing).isEqualTo(come);
      }
    }
    try (Partial partial = open()) {
      for (Range range : partial.missing(BYTES)) {
        bring(partial, (int) range.from(), (int) range.to());
      }
      partial.finish(blobs.resolve(FILE.hash()));
    }
    assertThat(Layout.names(blobs)).containsExactly(FILE.hash());
    assertThat(blobs.resolve(FILE.hash())).hasBinaryContent(CONTENT);
  }

  @Test
  void notesThatAreCutOffCountAsFarAsTheyGo() throws IOException {
    try (Partial partial = open()) {
      bring(partial, 0, 100);
      bring(partial, 500, 600);
    }
    byte[] bytes = Files.readAllBytes(left());
    for (int length = BYTES + 8; length < bytes.length; length++) {
      Files.write(left(), Arrays.copyOf(bytes, length));
      assertThat(Partial.left(blobs, FILE)).isEqualTo(length < BYTES + 8 + 24 ? 0 : 100);
    }
    Files.write(left(), bytes);
    assertThat(Partial.left(blobs, FILE)).isEqualTo(200);
  }

  @Test
  void notesOfNoSenseAreNotBelieved() throws IOException {
    try (Partial partial = open()) {
      bring(partial, 0, 100);
    }
    byte[] bytes = Files.readAllBytes(left());
    for (int i = BYTES; i < bytes.length; i++) {
      byte[] wrong = bytes.clone();
      wrong[i] ^= 0x41;
      Files.write(left(), wrong);
      assertThat(Partial.left(blobs, FILE)).as("byte " + i).isZero();
    }
    Files.write(left(), TestHub.bytes(10, 2));
    try (Partial partial = open()) {
      assertThat(partial.done()).isZero();
    }
    assertThat(Layout.names(blobs)).isEmpty(); // nothing came: nothing is left
  }

  @Test
  void aFileWithoutNotesAndOfItsLengthIsComparedWithItsHash() throws IOException {
    Path left = blobs.resolve(FILE.hash() + ".i4j00000.incomplete");
    Files.write(left, CONTENT);
    try (Partial partial = open()) {
      assertThat(partial.missing(BYTES)).isEmpty();
      partial.finish(blobs.resolve(FILE.hash()));
    }
    Files.delete(blobs.resolve(FILE.hash()));
    Files.write(left, TestHub.bytes(BYTES, 2));
    try (Partial partial = open()) {
      assertThatThrownBy(() -> partial.finish(blobs.resolve(FILE.hash())))
          .isInstanceOf(WrongContentException.class)
          .hasMessageStartingWith("a.bin: came with the hash ");
      partial.delete();
    }
    assertThat(Layout.names(blobs)).isEmpty();
  }

  @Test
  void filesOfOtherClientsAndOfWritersThatMayLiveAreLeftAlone() throws IOException {
    Path other = blobs.resolve(FILE.hash() + ".0a1b2c3d.incomplete");
    Files.write(other, CONTENT);
    Path alive = blobs.resolve(FILE.hash() + ".i4j00000.incomplete");
    Files.write(alive, CONTENT);
    try (Partial partial = Partial.open(blobs, FILE, false)) {
      assertThat(partial.done()).isZero();
    }
    assertThat(alive).exists();
    Files.delete(alive);
    try (Partial partial = open()) {
      assertThat(partial.done()).isZero();
    }
    assertThat(other).hasBinaryContent(CONTENT);
  }
}
