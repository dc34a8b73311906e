package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PreprocessTest {
  private static Picture noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(5).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }

  @Test
  void clipResizesTheShortSideAndCutsOutTheMiddle() {
    Picture picture = noise(101, 40); // 28 * 101 / 40 = 70.7, rounds down
    Picture expected = Resize.bicubic(picture, 70, 28).crop(21, 0, 28, 28);
    assertThat(ClipPreprocess.of(28).square(picture)).isEqualTo(expected);
    assertThat(ClipPreprocess.of(28).apply(picture).rgb(0)).isEqualTo(expected.rgb());
    Picture tall = noise(40, 101);
    assertThat(new ClipPreprocess(28, 14, Normalization.IMAGENET).square(tall))
        .isEqualTo(Resize.bicubic(tall, 28, 70).crop(7, 28, 14, 14));
  }

  @Test
  void clipRefusesACropLargerThanThePicture() {
    assertThatThrownBy(() -> new ClipPreprocess(224, 225, Normalization.CLIP))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "clip preprocessing: expected 1 <= crop <= shortSide, found crop 225, shortSide 224");
  }

  @Test
  void padsToASquareOfTheMeanColour() {
    Picture padded = Padding.toSquare(noise(2, 5), Normalization.IMAGENET);
    assertThat(padded.width()).isEqualTo(5);
    assertThat(padded.crop(1, 0, 2, 5)).isEqualTo(noise(2, 5));
    for (int x : new int[] {0, 3, 4}) {
      assertThat(padded.crop(x, 4, 1, 1).rgb()).containsExactly(123, 116, 103);
    }
    Picture square = noise(3, 3);
    assertThat(Padding.toSquare(square, Normalization.CLIP)).isSameAs(square);
  }

  @Test
  void cropsInsideOnly() {
    Picture picture = noise(4, 3);
    assertThat(picture.crop(3, 2, 1, 1).rgb()).isEqualTo(Arrays.copyOfRange(picture.rgb(), 33, 36));
    assertThatThrownBy(() -> picture.crop(3, 2, 2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("picture: the rectangle at (3, 2) of 2 x 1 leaves the picture of 4 x 3");
  }

  @Test
  void picturesAreEqualByContent() {
    assertThat(noise(4, 3)).isEqualTo(noise(4, 3)).hasSameHashCodeAs(noise(4, 3));
    assertThat(noise(4, 3).digest()).startsWith("4x3-").isEqualTo(noise(4, 3).digest());
    assertThat(Picture.ofRgb(2, 1, new byte[6])).isNotEqualTo(Picture.ofRgb(1, 2, new byte[6]));
    assertThat(Picture.ofRgb(2, 1, new byte[6]).digest())
        .isNotEqualTo(Picture.ofRgb(1, 2, new byte[6]).digest());
    assertThatThrownBy(() -> Picture.ofRgb(2, 2, new byte[11]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("picture: 2 x 2 RGB has 12 bytes, found 11");
  }

  @Test
  void normalisationRefusesNonsense() {
    assertThatThrownBy(() -> new Normalization(List.of(0f, 0f), List.of(1f, 1f, 1f)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected three means and three deviations");
    assertThatThrownBy(() -> new Normalization(List.of(0f, 0f, 0f), List.of(1f, 0f, 1f)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("deviations above 0");
  }
}
