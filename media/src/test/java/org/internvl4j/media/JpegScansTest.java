package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.Test;

/// How many scans a JPEG may have, and that none is decoded that was not counted.
class JpegScansTest {
  private static byte[] sample(String name) throws IOException {
    return Files.readAllBytes(PillowTest.FOLDER.resolve(name));
  }

  @Test
  void countsScansAndPixels() throws IOException {
    JpegScans usual = JpegScans.of(sample("progressive.jpg"));
    assertThat(usual.count()).isEqualTo(10);
    assertThat(usual.tooMany()).isNull();
    JpegScans made = JpegScans.of(ProgressiveJpeg.of(40, 30, 7));
    assertThat(made.count()).isEqualTo(7);
    assertThat(made.pixels()).isEqualTo(1200);
    assertThat(made.work()).isEqualTo(8400);
    assertThat(JpegScans.of(new byte[0]).count()).isZero();
    assertThat(JpegScans.of(new byte[] {-1, -38}).count()).isOne();
  }

  @Test
  void opensAsManyAsToolsWriteAndRefusesMore() {
    assertThat(Pictures.read(ProgressiveJpeg.of(40, 30, 100), "a.jpg"))
        .hasToString("picture of 40 x 30");
    assertThatThrownBy(() -> Pictures.read(ProgressiveJpeg.of(40, 30, 101), "a.jpg"))
        .isInstanceOfSatisfying(PictureException.class, e -> assertThat(e.isAboveLimit()).isTrue())
        .hasMessage("a.jpg: the JPEG has 101 scans, more than the limit of 100; convert it to PNG");
  }

  @Test
  void refusesManyScansOfALargePicture() {
    PictureFile usual =
        PictureFile.of(ProgressiveJpeg.of(10_000, 10_000, 16), "a.jpg", PictureOptions.DEFAULT);
    assertThat(usual.pixels()).isEqualTo(100_000_000);
    byte[] many = ProgressiveJpeg.of(10_000, 10_000, 17);
    assertThatThrownBy(() -> PictureFile.of(many, "a.jpg", PictureOptions.DEFAULT))
        .isInstanceOf(PictureException.class)
        .hasMessage(
            "a.jpg: the JPEG has 17 scans of 100000000 pixels, more than the limit of 1600000000 pixels together; convert it to PNG");
  }

  @Test
  void countsWhatSegmentsHoldButNotWhatFollowsThePicture() {
    byte[] jpeg = ProgressiveJpeg.of(40, 30, 3);
    int second = JpegScans.next(jpeg, JpegScans.next(jpeg, 0, jpeg.length) + 1, jpeg.length);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, second);
    out.writeBytes(new byte[] {-1, -2, 0, 6, -1, -38, -1, -39}); // a comment
    out.write(jpeg, second, jpeg.length - second);
    int end = out.size();
    out.writeBytes(new byte[] {-1, -38, 0, 2, -1, -38, 0, 2}); // as in the films of phones
    byte[] bytes = out.toByteArray();
    assertThat(JpegScans.of(bytes).end()).isEqualTo(end);
    assertThat(JpegScans.of(bytes).count()).isEqualTo(4);
    assertThat(JpegScans.ofAll(bytes).count()).isEqualTo(6);
    Prepared prepared = Prepared.of(new SourceFile("a.jpg", bytes), PictureOptions.DEFAULT);
    assertThat(prepared.file().length()).isEqualTo(end - 18); // a grey one needs no JFIF
  }

  /// A decoder that waits for a restart marker takes a reserved one for damage of two bytes, and so
  /// meets the scans in what others take for its segment.
  private static byte[] hidden(int scans) {
    byte[] jpeg = ProgressiveJpeg.of(64, 64, 2);
    int first = JpegScans.next(jpeg, 0, jpeg.length);
    int second = JpegScans.next(jpeg, first + 1, jpeg.length);
    byte[] scan = Arrays.copyOfRange(jpeg, second, second + 10);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, first);
    out.writeBytes(new byte[] {-1, (byte) 0xdd, 0, 4, 0, 1}); // restarts after every block
    out.write(jpeg, first, 10);
    int length = 2 + scans * scan.length;
    out.writeBytes(new byte[] {-1, 2, (byte) (length >> 8), (byte) length});
    for (int i = 0; i < scans; i++) {
      out.writeBytes(scan);
    }
    out.writeBytes(new byte[] {-1, -39});
    return out.toByteArray();
  }

  @Test
  void countsScansWithinReservedMarkers() throws IOException {
    byte[] jpeg = hidden(300);
    assertThat(JpegScans.of(jpeg).count()).isEqualTo(301);
    assertThatThrownBy(() -> Pictures.read(jpeg, "a.jpg"))
        .isInstanceOf(PictureException.class)
        .hasMessage("a.jpg: the JPEG has 301 scans, more than the limit of 100; convert it to PNG");
    assertThat(Pictures.read(hidden(50), "a.jpg")).hasToString("picture of 64 x 64");
    int[] looks = {0};
    Prepared prepared = Prepared.of(new SourceFile("a.jpg", hidden(50)), PictureOptions.DEFAULT);
    Decoder.decode(prepared, () -> looks[0]++);
    assertThat(looks[0]).as("looks at each scan and row").isGreaterThanOrEqualTo(50 + 64);
  }

  @Test
  void metadataAtTheBeginningDoNotCount() throws IOException {
    byte[] jpeg = ProgressiveJpeg.of(10_000, 10_000, 10);
    byte[] thumbnail = sample("rgb.jpg");
    byte[] noise = new byte[60_000];
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, 2);
    Random random = new Random(7);
    for (int i = 0; i < 10; i++) { // a profile of 600 kB
      random.nextBytes(noise);
      out.writeBytes(new byte[] {-1, (byte) 0xe2, (byte) (60_002 >> 8), (byte) 60_002});
      out.writeBytes(noise);
    }
    int length = 2 + thumbnail.length;
    out.writeBytes(new byte[] {-1, (byte) 0xe1, (byte) (length >> 8), (byte) length});
    out.writeBytes(thumbnail);
    out.write(jpeg, 2, jpeg.length - 2);
    byte[] bytes = out.toByteArray();
    assertThat(JpegScans.of(bytes).count()).isEqualTo(10);
    assertThat(JpegScans.of(bytes).tooMany()).isNull();
    Prepared prepared = Prepared.of(new SourceFile("a.jpg", bytes), PictureOptions.DEFAULT);
    assertThat(JpegScans.of(prepared.file().bytes()).count()).isEqualTo(10);
  }

  @Test
  void noReadGoesPastTheBeginningOfAScan() throws IOException {
    byte[] jpeg = hidden(60);
    int[] looks = {0};
    try (WatchedInput input = new WatchedInput(jpeg, jpeg.length, true, () -> looks[0]++)) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] part = new byte[jpeg.length];
      for (int n = input.read(part); n > 0; n = input.read(part)) {
        int to = all.size() + n;
        assertThat(JpegScans.next(jpeg, all.size() + 1, to + 1)).isGreaterThanOrEqualTo(to);
        all.write(part, 0, n);
      }
      assertThat(all.toByteArray()).isEqualTo(jpeg);
      assertThat(looks[0]).isEqualTo(63);
      input.seek(JpegScans.next(jpeg, 0, jpeg.length) - 1L);
      assertThat(input.read(part)).isOne();
    }
  }

  @Test
  void singleBytesAreWatchedAsWell() throws IOException {
    int[] looks = {0};
    try (WatchedInput input =
        new WatchedInput(new byte[1 << 20], 1 << 20, true, () -> looks[0]++)) {
      while (input.read() >= 0) {
        // to the end
      }
      assertThat(looks[0]).isEqualTo(16);
    }
  }
}
