package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every picture of the tests, cut off and with bits flipped at random: what comes back is a
/// picture within the limits or a [PictureException], never anything else. `-Dinternvl4j.damage=N`
/// tries N variants of each file.
class DamagedPicturesTest {
  private static final int VARIANTS = Integer.getInteger("internvl4j.damage", 24);
  private static final PictureOptions LIMITS = PictureOptions.DEFAULT.withMaxPixels(2_000_000);

  static Stream<Path> files() throws IOException {
    List<Path> all;
    try (Stream<Path> small = Files.list(PillowTest.FOLDER);
        Stream<Path> large = Files.list(Fixtures.folder("images"))) {
      all = Stream.concat(small, large.filter(f -> f.toFile().length() < 60_000)).sorted().toList();
    }
    return all.stream().filter(f -> !f.toString().matches(".*\\.(py|tsv|json|safetensors)"));
  }

  @ParameterizedTest(name = "{0}, seed 81")
  @MethodSource("files")
  void damageIsAnsweredByAPictureOrAPictureException(Path file) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(81);
    for (int i = 0; i < VARIANTS; i++) {
      assertAnswered(damage(whole, random, i), "variant " + i + " of " + file.getFileName());
    }
  }

  static Stream<Path> tiffs() throws IOException {
    return files().filter(file -> file.toString().endsWith(".tif"));
  }

  @ParameterizedTest
  @MethodSource("tiffs")
  void extremeValuesOfTiffTagsAreAnsweredLikewise(Path file) throws IOException {
    ByteBuffer whole = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int directory = whole.getInt(4);
    for (int i = 0; i < whole.getShort(directory); i++) {
      for (int extreme : new int[] {0, 1, 3, 0x7fff, 0xffff, 0x7fff_ffff, -1}) {
        for (int field : new int[] {4, 8}) {
          byte[] damaged = whole.array().clone();
          ByteBuffer.wrap(damaged)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(directory + 2 + 12 * i + field, extreme);
          assertAnswered(damaged, "entry %d, byte %d: %x".formatted(i, field, extreme));
        }
      }
    }
  }

  private static void assertAnswered(byte[] damaged, String what) {
    try {
      Picture picture = Pictures.read(damaged, "damaged", LIMITS);
      assertThat((long) picture.width() * picture.height()).isLessThanOrEqualTo(2_000_000);
    } catch (PictureException e) {
      assertThat(e).hasMessageStartingWith("damaged: ");
    } catch (RuntimeException | Error e) {
      fail(what, e);
    }
  }

  private static byte[] damage(byte[] whole, Random random, int variant) {
    if (variant % 3 == 0) {
      return Arrays.copyOf(whole, random.nextInt(whole.length));
    }
    byte[] damaged = whole.clone();
    int reach = variant % 3 == 1 ? Math.min(whole.length, 200) : whole.length;
    for (int flips = 1 + random.nextInt(6); flips > 0; flips--) {
      damaged[random.nextInt(reach)] ^= (byte) (1 << random.nextInt(8));
    }
    return variant % 2 == 0 ? PngChecksums.repaired(damaged) : damaged;
  }
}
