package org.internvl4j.models.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.stream.Collectors;
import org.internvl4j.models.heads.Windows.Place;
import org.internvl4j.models.heads.Windows.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowsTest {
  /// Widths and heights of ADE20K and others, what `SETR_Resize` and `ResizeToMultiple` of the
  /// reference make of them, and where windows begin.
  @ParameterizedTest
  @CsvSource({
    "504, 504, 504, 504, 504, 504, '0,0'",
    "683, 512, 672, 504, 672, 504, '0,0 168,0'",
    "512, 683, 504, 672, 504, 672, '0,0 0,168'",
    "640, 480, 672, 504, 672, 504, '0,0 168,0'",
    "1000, 750, 672, 504, 672, 504, '0,0 168,0'",
    "500, 375, 672, 504, 672, 504, '0,0 168,0'",
    "515, 500, 519, 504, 532, 504, '0,0 28,0'",
    "1640, 1000, 827, 504, 840, 504, '0,0 322,0 336,0'",
    "1639, 1000, 826, 504, 826, 504, '0,0 322,0'",
    "100, 1, 50400, 504, 50400, 504, ''",
    "1, 1, 504, 504, 504, 504, '0,0'",
  })
  void placesWindowsAsTheReference(
      int width, int height, int w, int h, int alignedW, int alignedH, String places) {
    Size scaled = Windows.PUBLISHED.scaled(width, height);
    assertThat(scaled).isEqualTo(new Size(w, h));
    Size aligned = Windows.PUBLISHED.aligned(scaled);
    assertThat(aligned).isEqualTo(new Size(alignedW, alignedH));
    if (!places.isEmpty()) {
      assertThat(
              Windows.PUBLISHED.places(aligned).stream()
                  .map(p -> p.x() + "," + p.y())
                  .collect(Collectors.joining(" ")))
          .isEqualTo(places);
    }
  }

  /// As `slide_inference` counts them, by its own loops.
  @Test
  void everyPixelIsInAWindowAndNoWindowLeavesThePicture() {
    Random random = new Random(5);
    for (int n = 0; n < 50; n++) {
      int side = 14 * (1 + random.nextInt(5));
      Windows windows = new Windows(side, 1 + random.nextInt(side), 14);
      Size size = new Size(side + random.nextInt(100), side + random.nextInt(100));
      int[] seen = new int[size.width() * size.height()];
      for (Place place : windows.places(size)) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            seen[(place.y() + y) * size.width() + place.x() + x]++;
          }
        }
      }
      assertThat(seen).doesNotContain(0);
      assertThat(windows.places(size)).doesNotHaveDuplicates();
    }
  }

  @Test
  void refusesWindowsThatWouldSkipPixels() {
    assertThatThrownBy(() -> new Windows(28, 29, 14))
        .hasMessage(
            "windows: expected 1 <= stride <= side, a multiple of 14, found side 28, stride 29");
    assertThatThrownBy(() -> new Windows(30, 14, 14)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesAPictureThatIsATinyLine() {
    assertThatThrownBy(() -> Windows.PUBLISHED.scaled(100_000_000, 1))
        .hasMessage(
            "picture: 100000000 x 1 pixels are too narrow to be looked at with 504 pixels on the"
                + " short side");
    assertThatThrownBy(() -> new Mosaic(Windows.PUBLISHED, new Size(50400, 504), 150))
        .hasMessage(
            "picture: is looked at as 50400 x 504 pixels of 150 classes, at most 1073741824 values"
                + " fit; cut it");
  }
}
