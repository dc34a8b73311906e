package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files that are no pictures, too large, cut off or made to hurt: each is answered by one
/// sentence.
class HostilePicturesTest {
  @TempDir Path folder;

  private static byte[] sample(String name) throws IOException {
    return Files.readAllBytes(PillowTest.FOLDER.resolve(name));
  }

  private static byte[] chunk(String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.ISO_8859_1);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(data);
    ByteBuffer chunk = ByteBuffer.allocate(12 + data.length);
    return chunk.putInt(data.length).put(name).put(data).putInt((int) sum.getValue()).array();
  }

  private static byte[] png(byte[]... chunks) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(PngFile.SIGNATURE.getBytes(StandardCharsets.ISO_8859_1));
    for (byte[] chunk : chunks) {
      out.writeBytes(chunk);
    }
    return out.toByteArray();
  }

  private static byte[] header(int width, int height) {
    byte[] rest = {8, 2, 0, 0, 0};
    return chunk("IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put(rest).array());
  }

  /// `megabytes` of zeros, deflated to about a thousandth.
  private static byte[] bomb(int megabytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] zeros = new byte[1 << 20];
    try (var deflate = new DeflaterOutputStream(out, new Deflater(Deflater.BEST_COMPRESSION))) {
      for (int i = 0; i < megabytes; i++) {
        deflate.write(zeros);
      }
    }
    return out.toByteArray();
  }

  private static void assertRefused(byte[] bytes, String message) {
    assertThatThrownBy(() -> Pictures.read(bytes, "cat.png"))
        .isInstanceOf(PictureException.class)
        .hasMessage(message);
  }

  @Test
  void refusesAPngOf30000By30000BeforeDecodingIt() throws IOException {
    byte[] bytes = png(header(30_000, 30_000), chunk("IDAT", bomb(1)), chunk("IEND", new byte[0]));
    assertRefused(
        bytes,
        "cat.png: the header says 30000 x 30000 pixels, more than the limit of 100000000; shrink the picture or raise maxPixels (--max-pixels)");
  }

  @Test
  void refusesSidesNoPictureHas() {
    byte[] end = chunk("IEND", new byte[0]);
    assertRefused(
        png(header(Integer.MIN_VALUE, 1), end),
        "cat.png: the header says 2147483648 x 1 pixels, a side above the limit of 65535; shrink the picture or raise maxSide");
    assertRefused(
        png(header(0, 4), end),
        "cat.png: the header says 0 x 4 pixels, expected at least 1 x 1; the file is damaged");
  }

  @Test
  void neverUnpacksCompressedProfilesAndComments() throws IOException {
    byte[] packed = bomb(200);
    byte[] profile = new byte[packed.length + 3];
    profile[0] = 'p';
    System.arraycopy(packed, 0, profile, 3, packed.length);
    byte[] plain = Pictures.png(Picture.ofRgb(2, 1, new byte[] {1, 2, 3, 4, 5, 6}));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(plain, 0, 33);
    out.writeBytes(chunk("iCCP", profile));
    out.writeBytes(chunk("zTXt", profile));
    out.write(plain, 33, plain.length - 33);
    Picture picture = Pictures.read(out.toByteArray(), "bomb.png");
    assertThat(picture.rgb()).containsExactly(1, 2, 3, 4, 5, 6);
  }

  private static byte[] bmp(int compression, byte[] data) {
    ByteBuffer out = ByteBuffer.allocate(54 + data.length).order(ByteOrder.LITTLE_ENDIAN);
    out.put(new byte[] {'B', 'M'}).putInt(out.capacity()).putInt(0).putInt(54);
    out.putInt(40).putInt(10).putInt(10).putShort((short) 1).putShort((short) 0);
    out.putInt(compression).putInt(data.length);
    return out.put(54, data).array();
  }

  @Test
  void refusesWholeFilesWithinABmp() throws IOException {
    assertRefused(
        bmp(4, ProgressiveJpeg.of(10, 10, 1)),
        "cat.png: expected a BMP of compression 0 to 3, found 4 (a JPEG within); convert it to PNG");
    assertRefused(
        bmp(5, png(header(10, 10), chunk("IDAT", bomb(1)), chunk("IEND", new byte[0]))),
        "cat.png: expected a BMP of compression 0 to 3, found 5 (a PNG within); convert it to PNG");
    assertRefused(
        bmp(-1, new byte[9]),
        "cat.png: expected a BMP of compression 0 to 3, found 4294967295; convert it to PNG");
  }

  @Test
  void refusesHugeSidesInEveryOtherHeader() throws IOException {
    byte[] jpeg = sample("grey.jpg");
    for (int i = 0; i < jpeg.length - 1; i++) {
      if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xc0) {
        Arrays.fill(jpeg, i + 5, i + 9, (byte) 0xff);
        break;
      }
    }
    byte[] gif = sample("palette.gif");
    Arrays.fill(gif, 6, 10, (byte) 0xff);
    byte[] bmp = sample("mode-RGB.bmp");
    ByteBuffer.wrap(bmp).putInt(18, 0x00ff_0000).putInt(22, 0x00ff_0000);
    byte[] webp = sample("animation.webp");
    Arrays.fill(webp, 24, 30, (byte) 0x7f);
    for (byte[] file : new byte[][] {jpeg, gif, bmp, webp}) {
      assertThatThrownBy(() -> Pictures.read(file, "huge"))
          .isInstanceOf(PictureException.class)
          .hasMessageMatching("huge: the header says \\d+ x \\d+ pixels, .* limit of \\d+; .*");
    }
  }

  @Test
  void refusesFilesThatAreNoPictures() {
    assertRefused(new byte[0], "cat.png: the file is empty, expected a picture");
    assertRefused(
        "not a picture".getBytes(StandardCharsets.UTF_8),
        "cat.png: expected a JPEG, PNG, GIF, BMP, TIFF or WebP picture, found bytes 6e 6f 74 20 61 20 70 69; convert it to PNG");
    assertRefused(
        new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff},
        "cat.png: the file ends after 3 bytes in its header; it looks cut off");
  }

  @Test
  void tellsWhereAFileIsCutOff() throws IOException {
    byte[] png = sample("mode-RGB.png");
    assertRefused(
        Arrays.copyOf(png, png.length / 2),
        "cat.png: the file ends after %d bytes in PNG chunk IDAT; it looks cut off"
            .formatted(png.length / 2));
    assertRefused(
        Arrays.copyOf(png, png.length - 12),
        "cat.png: the file ends after %d bytes in its PNG chunks, before the end chunk; it looks cut off"
            .formatted(png.length - 12));
    byte[] jpeg = sample("sampled-2.jpg");
    assertRefused(
        Arrays.copyOf(jpeg, jpeg.length - 40),
        "cat.png: the file ends after %d bytes in the JPEG's picture data; it looks cut off"
            .formatted(jpeg.length - 40));
  }

  @Test
  void comparesChecksums() throws IOException {
    byte[] png = sample("mode-RGB.png");
    png[60] ^= 4;
    assertRefused(
        png, "cat.png: PNG chunk IDAT at byte 33 has a wrong checksum; the file is damaged");
  }

  @Test
  void refusesFoldersAndMissingFiles() {
    assertThatThrownBy(() -> Pictures.read(folder))
        .isInstanceOf(PictureException.class)
        .hasMessage(folder + ": is a folder, expected a picture file");
    Path missing = folder.resolve("missing.png");
    assertThatThrownBy(() -> Pictures.read(missing))
        .isInstanceOf(PictureException.class)
        .hasMessage(missing + ": there is no such file");
  }

  @Test
  void refusesFilesItMayNotRead() throws IOException {
    Path secret = folder.resolve("secret.png");
    Files.write(secret, sample("one.jpg"));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
    assumeTrue(!Files.isReadable(secret), "this user may read everything");
    assertThatThrownBy(() -> Pictures.read(secret))
        .isInstanceOf(PictureException.class)
        .hasMessage(secret + ": may not be read; check its permissions");
  }

  @Test
  void stopsReadingAtTheLimit() {
    PictureOptions small = PictureOptions.DEFAULT.withMaxBytes(1000);
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 7;
          }

          @Override
          public int read(byte[] target, int offset, int length) {
            Arrays.fill(target, offset, offset + length, (byte) 7);
            return length;
          }
        };
    assertThatThrownBy(() -> Pictures.read(endless, "pipe", small))
        .isInstanceOf(PictureException.class)
        .hasMessage(
            "pipe: longer than the limit of 1000 bytes; shrink the picture, or raise maxBytes in Java");
    assertThatThrownBy(() -> Pictures.read(new byte[1001], "upload", small))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith("upload: longer than the limit of 1000 bytes");
  }

  @Test
  void saysWhatAStreamSaid() throws IOException {
    InputStream closed = InputStream.nullInputStream();
    closed.close();
    assertThatThrownBy(() -> Pictures.read(closed, "upload"))
        .isInstanceOf(PictureException.class)
        .hasMessage("upload: cannot be read: Stream closed")
        .hasCauseInstanceOf(IOException.class);
  }

  @Test
  void readsStreamsToTheirEnd() throws IOException {
    byte[] bytes = sample("mode-RGB.png");
    PictureOptions exact = PictureOptions.DEFAULT.withMaxBytes(bytes.length);
    assertThat(Pictures.read(new ByteArrayInputStream(bytes), "stream", exact))
        .isEqualTo(Pictures.read(bytes, "bytes"));
  }
}
