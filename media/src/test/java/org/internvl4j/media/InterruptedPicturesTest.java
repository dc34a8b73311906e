package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.CancellationException;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Decoding ends where its watch says so, in every format and wherever it is then.
class InterruptedPicturesTest {
  @AfterEach
  void notInterrupted() {
    Thread.interrupted();
  }

  private static Prepared prepared(byte[] bytes, String name) {
    return Prepared.of(new SourceFile(name, bytes), PictureOptions.DEFAULT);
  }

  private static Prepared sample(String name) throws IOException {
    return prepared(Files.readAllBytes(PillowTest.FOLDER.resolve(name)), name);
  }

  /// Interrupts the thread that decodes at the look of this number.
  private static final class Interrupter implements Watch {
    private final int at;
    private int looks;

    Interrupter(int at) {
      this.at = at;
    }

    @Override
    public void look() {
      if (++looks == at) {
        Thread.currentThread().interrupt();
      }
      INTERRUPT.look();
    }
  }

  private static int looks(Prepared picture) {
    Interrupter never = new Interrupter(-1);
    Decoder.decode(picture, never);
    return never.looks;
  }

  private static void assertEndsAt(Prepared picture, int look) {
    Interrupter interrupter = new Interrupter(look);
    assertThatThrownBy(() -> Decoder.decode(picture, interrupter))
        .isInstanceOf(CancellationException.class);
    assertThat(interrupter.looks).as("looks").isEqualTo(look);
    assertThat(Thread.interrupted()).as("stays interrupted").isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb.jpg",
        "progressive.jpg",
        "cmyk.jpg",
        "mode-RGB.png",
        "interlaced.png",
        "palette.gif",
        "animation.gif",
        "mode-RGB.bmp",
        "mode-RGB.tif",
        "tiff_lzw.tif",
        "lossless.webp",
        "icc.webp"
      })
  void endsAtEveryLook(String name) throws IOException {
    Prepared picture = sample(name);
    int all = looks(picture);
    int height = Decoder.decode(picture, () -> {}).height();
    assertThat(all).isGreaterThan(height);
    for (int look = 1; look <= all; look += 1 + look / 4) {
      assertEndsAt(picture, look);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgb.jpg", "mode-RGB.png", "palette.gif", "mode-RGB.bmp"})
  void asksWithinTheReader(String name) throws IOException {
    int[] within = {0};
    Watch watch =
        () ->
            StackWalker.getInstance()
                .forEach(frame ->
                    within[0] += frame.getMethodName().equals("processImageProgress") ? 1 : 0);
    Decoder.decode(sample(name), watch);
    assertThat(within[0]).isGreaterThan(10);
  }

  @Test
  void asksAtEveryScan() {
    Prepared one = prepared(ProgressiveJpeg.of(64, 64, 1), "one.jpg");
    Prepared many = prepared(ProgressiveJpeg.of(64, 64, 90), "many.jpg");
    int all = looks(many);
    assertThat(all - looks(one)).isGreaterThanOrEqualTo(89);
    assertEndsAt(many, all / 2);
  }

  @Test
  void decodesAnewAfterwards() throws IOException {
    Prepared picture = sample("progressive.jpg");
    assertThat(JpegScans.of(picture.file().bytes()).count()).isEqualTo(10);
    assertEndsAt(picture, looks(picture) / 2);
    assertThat(Decoder.decode(picture, Watch.INTERRUPT))
        .isEqualTo(Pictures.read(PillowTest.FOLDER.resolve("progressive.jpg")));
  }

  @Test
  void aThreadThatIsInterruptedDecodesNothing() throws IOException {
    byte[] bytes = Files.readAllBytes(PillowTest.FOLDER.resolve("turned-6.jpg"));
    PictureFile file = PictureFile.of(bytes, "a.jpg", PictureOptions.DEFAULT.withOrientation(true));
    Thread.currentThread().interrupt();
    assertThatThrownBy(file::read)
        .isInstanceOf(CancellationException.class)
        .hasMessage("decoding was interrupted");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(file.read().width()).isPositive();
  }
}
