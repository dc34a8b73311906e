package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.zip.DeflaterOutputStream;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.Test;

/// TIFF files that would cost more than their pixels let expect: each is counted as it costs, or
/// answered by one sentence.
class HostileTiffTest {
  private static final int DATA = 8; // where the one strip or tile begins

  /// A TIFF in the making: one strip or tile, then the directory. Tags come in the order of adding.
  private static final class Tiff {
    private final List<int[]> tags = new ArrayList<>();
    private final byte[] data;

    Tiff(int width, int height, int compression, byte[] data) {
      this.data = data;
      tag(256, width).tag(257, height).tag(259, compression);
    }

    Tiff tag(int tag, int value) {
      boolean isShort = Set.of(258, 259, 262, 277).contains(tag);
      return isShort ? typed(tag, 3, value << 16) : typed(tag, 4, value);
    }

    Tiff typed(int tag, int type, int value) {
      tags.add(new int[] {tag, type, value});
      return this;
    }

    Tiff strip() {
      return tag(273, DATA).tag(279, data.length);
    }

    Tiff tile(int width, int height) {
      return tag(322, width).tag(323, height).tag(324, DATA).tag(325, data.length);
    }

    byte[] bytes() {
      ByteBuffer out = ByteBuffer.allocate(DATA + data.length + 2 + 12 * tags.size() + 4);
      out.put(new byte[] {'M', 'M', 0, '*'}).putInt(DATA + data.length).put(data);
      out.putShort((short) tags.size());
      for (int[] tag : tags) {
        out.putShort((short) tag[0]).putShort((short) tag[1]).putInt(1).putInt(tag[2]);
      }
      return out.array();
    }
  }

  private static byte[] deflated(int length) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var deflate = new DeflaterOutputStream(out)) {
      deflate.write(new byte[length]);
    }
    return out.toByteArray();
  }

  private static PictureFile file(Tiff tiff) {
    return PictureFile.of(tiff.bytes(), "a.tif", PictureOptions.DEFAULT);
  }

  private static void assertRefused(Tiff tiff, String message) {
    assertThatThrownBy(() -> file(tiff).read())
        .isInstanceOf(PictureException.class)
        .hasMessage(message);
  }

  @Test
  void countsNarrowSamplesAsPixels() throws IOException {
    Tiff grey = new Tiff(100, 60, 8, deflated(6000)).tag(258, 8).tag(262, 1).strip();
    assertThat(file(grey).pixels()).isEqualTo(6000);
    assertThat(file(grey).read()).hasToString("picture of 100 x 60");
  }

  @Test
  void countsWideSamplesAsTheyCost() throws IOException {
    Tiff wide = new Tiff(100, 60, 8, deflated(48_000)).tag(258, 64).tag(277, 8).strip();
    // an image of 64 bytes a pixel and two copies of its only strip
    assertThat(file(wide).pixels()).isEqualTo(6000 * (64 + 2 * 64) / 12);
    // and where strips are small, the picture beside the image
    Tiff rows = new Tiff(100, 60, 8, deflated(800)).tag(258, 64).tag(277, 8).tag(278, 1).strip();
    assertThat(file(rows).pixels()).isEqualTo(6000 * (64 + 3) / 12);
  }

  @Test
  void refusesTilesThatAreFarLargerThanThePicture() throws IOException {
    byte[] data = deflated(100);
    assertRefused(
        new Tiff(10, 10, 8, data).tag(258, 8).tag(277, 3).tile(9008, 9008),
        "a.tif: has tiles of 9008 x 9008 pixels for a picture of 10 x 10; convert it to PNG");
    Tiff usual = new Tiff(10, 10, 8, deflated(1 << 22)).tag(258, 8).tag(262, 1).tile(2048, 2048);
    assertThat(file(usual).pixels()).isEqualTo(((2 << 22) + 100) / 12);
    assertThat(file(usual).read()).hasToString("picture of 10 x 10");
  }

  @Test
  void refusesStripsThatAreLongerThanTheFile() throws IOException {
    assertRefused(
        new Tiff(10, 10, 8, deflated(100)).tag(258, 8).tag(273, DATA).tag(279, 2_000_000_000),
        "a.tif: its TIFF strips or tiles have 2000000000 bytes; the file is damaged");
  }

  @Test
  void refusesTagsThatReadersTakeDifferently() throws IOException {
    byte[] data = deflated(100);
    assertRefused(
        new Tiff(10, 10, 8, data).tag(256, 60_000).tag(258, 8).strip(),
        "a.tif: it has TIFF tag 256 twice; the file is damaged");
    assertRefused(
        new Tiff(10, 10, 8, data).tag(258, 8).typed(277, 9, 8).strip(),
        "a.tif: TIFF tag 277 is of type 9, expected numbers; the file is damaged");
  }

  @Test
  void looksAtTheJpegsWithin() {
    byte[] bomb = ProgressiveJpeg.of(64, 64, 101);
    assertRefused(
        new Tiff(64, 64, 7, bomb).tag(258, 8).tag(262, 1).strip(),
        "a.tif: the JPEG has 101 scans, more than the limit of 100; convert it to PNG");
    byte[] large = ProgressiveJpeg.of(4000, 4000, 1);
    assertRefused(
        new Tiff(64, 64, 7, large).tag(258, 8).tag(262, 1).strip(),
        "a.tif: a JPEG of the TIFF does not end or is larger than its tile; the file is damaged");
    assertRefused(
        new Tiff(64, 64, 6, bomb).tag(258, 8).strip(),
        "a.tif: the TIFF holds a JPEG of the old style (compression 6); convert it to PNG");
    Tiff good = new Tiff(64, 64, 7, ProgressiveJpeg.of(64, 64, 10)).tag(258, 8).tag(262, 1).strip();
    assertThat(file(good).read()).hasToString("picture of 64 x 64");
  }

  @Test
  void looksAtTheJpegsAsTheDecoderGetsThem() {
    byte[] jpeg = ProgressiveJpeg.of(4000, 4000, 1);
    int comment = 20; // behind JFIF
    byte[] tables = {-1, -40, -1, -2, 0, (byte) comment}; // a comment that ends in the strip
    byte[] decoy = {-1, -64, 0, 11, 8, 0, 64, 0, 64, 1, 1, 0x11, 0};
    ByteBuffer data = ByteBuffer.allocate(tables.length + comment + jpeg.length);
    data.put(jpeg, 0, 2).put(decoy).put(new byte[comment - 2 - decoy.length]);
    data.put(jpeg, 2, jpeg.length - 2);
    int strip = data.position();
    data.put(tables);
    Tiff tiff =
        new Tiff(64, 64, 7, Arrays.copyOf(data.array(), data.position()))
            .tag(258, 8)
            .tag(262, 1)
            .tag(273, DATA)
            .tag(279, strip)
            .tag(347, DATA + strip);
    byte[] bytes = tiff.bytes();
    ByteBuffer last = ByteBuffer.wrap(bytes, bytes.length - 4 - 12, 12);
    last.putShort((short) 347).putShort((short) 7).putInt(tables.length);
    assertThatThrownBy(() -> PictureFile.of(bytes, "a.tif", PictureOptions.DEFAULT))
        .isInstanceOf(PictureException.class)
        .hasMessage(
            "a.tif: a JPEG of the TIFF does not end or is larger than its tile; the file is damaged");
  }

  @Test
  void namesNoClassesWhereTheReaderDoes() {
    byte[] bits = {0, 8, 0, 8, 0, 64, 0, 0};
    ByteBuffer data = ByteBuffer.allocate(100 * 100 * 10 + bits.length);
    data.put(data.capacity() - bits.length, bits);
    byte[] tiff =
        new Tiff(100, 100, 1, data.array())
            .typed(258, 3, DATA + data.capacity() - bits.length)
            .tag(262, 2)
            .tag(277, 3)
            .strip()
            .bytes();
    ByteBuffer.wrap(tiff).putInt(tiff.length - 4 - 12 * 5 + 4, 3); // three values of tag 258
    assertThatThrownBy(() -> Pictures.read(tiff, "a.tif"))
        .isInstanceOf(PictureException.class)
        .hasMessage(
            "a.tif: the TIFF data cannot be decoded; the file is damaged or of a rare kind, convert it to PNG");
  }

  @Test
  void countsTheScansOfAllStripsTogether() {
    byte[] jpeg = ProgressiveJpeg.of(8000, 8000, 13);
    int[] offsets = {DATA, DATA};
    int[] lengths = {jpeg.length, jpeg.length};
    ByteBuffer shared = ByteBuffer.allocate(jpeg.length + 16).put(jpeg);
    for (int i = 0; i < 2; i++) {
      shared.putInt(offsets[i]);
    }
    for (int i = 0; i < 2; i++) {
      shared.putInt(lengths[i]);
    }
    byte[] tiff =
        new Tiff(8000, 8000, 7, shared.array())
            .tag(258, 8)
            .tag(262, 1)
            .tag(278, 4000)
            .tag(273, DATA + jpeg.length)
            .tag(279, DATA + jpeg.length + 8)
            .bytes();
    ByteBuffer two = ByteBuffer.wrap(tiff);
    for (int at = tiff.length - 4 - 24; at < tiff.length - 4; at += 12) {
      two.putInt(at + 4, 2); // offsets and lengths have two values each
    }
    assertThatThrownBy(() -> PictureFile.of(tiff, "a.tif", PictureOptions.DEFAULT))
        .isInstanceOf(PictureException.class)
        .hasMessage(
            "a.tif: the JPEGs of the TIFF have scans of 1664000000 pixels, more than the limit of 1600000000; convert it to PNG");
  }
}
