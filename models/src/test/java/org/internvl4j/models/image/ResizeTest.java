package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResizeTest {
  private static Picture noise(int width, int height, long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }

  @ParameterizedTest(name = "{0}x{1} to {2}x{3}")
  @CsvSource({
    "1, 1, 7, 5",
    "2, 3, 9, 4",
    "7, 5, 7, 11",
    "7, 5, 12, 5",
    "64, 48, 20, 31",
    "33, 77, 56, 168",
    "100, 9, 3, 30",
    "9, 100, 30, 3",
    "57, 56, 56, 56",
    "250, 1, 2, 2",
    "1, 250, 2, 2"
  })
  void equalsTheFormulaAppliedPixelByPixel(int w, int h, int toWidth, int toHeight) {
    Picture picture = noise(w, h, 20_260 + w);
    assertThat(Resize.bicubic(picture, toWidth, toHeight).rgb())
        .isEqualTo(NaiveResize.resize(picture, toWidth, toHeight));
  }

  @ParameterizedTest(name = "{0}x{1} to {2}x{3}")
  @CsvSource({"9, 100, 30, 100", "9, 100, 9, 30", "9, 100, 30, 30"})
  void endsWhereItsThreadIsInterrupted(int w, int h, int toWidth, int toHeight) {
    Picture picture = noise(w, h, 7);
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> Resize.bicubic(picture, toWidth, toHeight))
          .isInstanceOf(CancellationException.class)
          .hasMessage("resize: was interrupted");
    } finally {
      assertThat(Thread.interrupted()).as("stays interrupted").isTrue();
    }
  }

  @Test
  void keepsPlainColours() {
    byte[] grey = new byte[3 * 40 * 30];
    Arrays.fill(grey, (byte) 137);
    Picture picture = Resize.bicubic(Picture.ofRgb(40, 30, grey), 77, 13);
    assertThat(picture.rgb()).containsOnly((byte) 137);
  }

  @Test
  void returnsThePictureItselfInItsOwnSize() {
    Picture picture = noise(5, 4, 1);
    assertThat(Resize.bicubic(picture, 5, 4)).isSameAs(picture);
  }

  @Test
  void shrinksATallPictureWithoutHoldingItsRowsInTheNewWidth() {
    Picture tall = noise(1, 150_000, 2); // in the new width its rows would be 202 MB
    assertThat(Resize.bicubic(tall, 448, 5376).height()).isEqualTo(5376);
  }

  @Test
  void refusesEmptyAndOverlongResults() {
    Picture picture = noise(2, 2, 3);
    assertThatThrownBy(() -> Resize.bicubic(picture, 0, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("picture: sides must be at least 1, found 0 x 3");
    assertThatThrownBy(() -> Resize.bicubic(picture, 40_000, 40_000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "picture: 40000 x 40000 RGB needs 4800000000 bytes, at most 2147483639 fit; make it smaller");
  }
}
