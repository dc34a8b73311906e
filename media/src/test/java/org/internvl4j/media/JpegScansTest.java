package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.Test;

/// How many scans a JPEG may have, and that they are counted as the decoder meets them.
class JpegScansTest {
  private static final int[] NO_STOPS = {};

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
  void countsNeitherWhatSegmentsHoldNorWhatFollowsThePicture() {
    byte[] jpeg = ProgressiveJpeg.of(40, 30, 3);
    int[] begins = JpegScans.of(jpeg).begins();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, begins[1]);
    byte[] comment = {-1, -2, 0, 6, -1, -38, -1, -39};
    out.writeBytes(comment);
    out.write(jpeg, begins[1], jpeg.length - begins[1]);
    out.writeBytes(new byte[] {-1, -38, 0, 2, -1, -38, 0, 2}); // as in the films of phones
    byte[] bytes = out.toByteArray();
    assertThat(JpegScans.of(bytes).begins())
        .containsExactly(begins[0], begins[1] + comment.length, begins[2] + comment.length);
  }

  @Test
  void noReadGoesPastTheBeginningOfAScan() throws IOException {
    byte[] jpeg = ProgressiveJpeg.of(64, 64, 60);
    int[] begins = JpegScans.of(jpeg).begins();
    int[] looks = {0};
    try (WatchedInput input = new WatchedInput(jpeg, begins, () -> looks[0]++)) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] part = new byte[jpeg.length];
      for (int n = input.read(part); n > 0; n = input.read(part)) {
        int to = all.size() + n;
        assertThat(Arrays.stream(begins)).noneMatch(at -> all.size() < at && at < to);
        all.write(part, 0, n);
      }
      assertThat(all.toByteArray()).isEqualTo(jpeg);
      assertThat(looks[0]).isEqualTo(62);
      input.seek(begins[3] - 1L);
      assertThat(input.read(part)).isOne();
    }
  }

  @Test
  void singleBytesAreWatchedAsWell() throws IOException {
    int[] looks = {0};
    try (WatchedInput input = new WatchedInput(new byte[1 << 20], NO_STOPS, () -> looks[0]++)) {
      while (input.read() >= 0) {
        // to the end
      }
      assertThat(looks[0]).isEqualTo(16);
    }
  }
}
