package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearResizeTest {
  private static Picture picture(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) ((i * 2654435761L) >> 13);
    }
    return Picture.ofRgb(width, height, rgb);
  }

  /// Checksums of what `cv2.resize(…, interpolation=cv2.INTER_LINEAR)` made of the same pictures,
  /// OpenCV 5.0.0 on x86-64.
  @ParameterizedTest
  @CsvSource({
    "64, 48, 100, 75, cc65d25b",
    "100, 75, 64, 48, 28751980",
    "64, 48, 32, 24, 2b192d74",
    "33, 17, 65, 97, fb9069b0",
    "200, 100, 37, 51, 0a1f2173",
    "1, 5, 4, 9, ab24d5f1",
    "5, 1, 9, 4, a15c6b28",
    "64, 64, 64, 70, d5cf8c57",
    "64, 64, 70, 64, f7cf6047",
    "300, 200, 100, 66, 7f615982",
    "128, 96, 686, 504, 44223fee",
    "2, 2, 1, 1, 8797a3ba",
    "4, 2, 2, 2, de5cce33"
  })
  void equalsOpenCv(int width, int height, int toWidth, int toHeight, String checksum) {
    Picture resized = LinearResize.resize(picture(width, height), toWidth, toHeight);
    CRC32 crc = new CRC32();
    crc.update(resized.samples());
    assertThat("%08x".formatted(crc.getValue())).isEqualTo(checksum);
  }

  @Test
  void keepsAPictureOfThatSize() {
    Picture picture = picture(7, 5);
    assertThat(LinearResize.resize(picture, 7, 5)).isSameAs(picture);
  }

  @Test
  void refusesAnEmptySize() {
    assertThatThrownBy(() -> LinearResize.resize(picture(7, 5), 0, 5))
        .hasMessage("picture: sides must be at least 1, found 0 x 5");
  }
}
