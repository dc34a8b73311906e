package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TilingTest {
  private static final Tiling USUAL = Tiling.of(448, 12);

  @ParameterizedTest(name = "{0}x{1}")
  @CsvSource({
    "448, 448, 1, 1, 1", "633, 634, 1, 1, 1", "800, 800, 2, 2, 5", "1000, 1000, 3, 3, 10",
    "640, 480, 4, 3, 13", "480, 640, 3, 4, 13", "896, 448, 2, 1, 3", "600, 300, 2, 1, 3",
    "5000, 5000, 3, 3, 10", "1920, 1080, 4, 2, 9", "1080, 1920, 2, 4, 9", "3000, 1000, 6, 2, 13",
    "1500, 500, 3, 1, 4", "4000, 300, 12, 1, 13", "300, 4000, 1, 12, 13", "2000, 1333, 3, 2, 7",
    "1792, 896, 4, 2, 9", "1, 1, 1, 1, 1"
  })
  void choosesTheReferencesGrid(int width, int height, int columns, int rows, int tiles) {
    assertThat(USUAL.grid(width, height)).isEqualTo(new Grid(columns, rows));
    assertThat(USUAL.tileCount(width, height)).isEqualTo(tiles);
  }

  @ParameterizedTest(name = "at most {0} tiles, seed 71")
  @ValueSource(ints = {1, 2, 6, 12, 24, 40})
  void staysWithinTheLimits(int max) {
    Random random = new Random(71);
    for (int i = 0; i < 500; i++) {
      int min = 1 + random.nextInt(max);
      Tiling tiling = new Tiling(448, min, max, true, true);
      int width = 1 + random.nextInt(1 << random.nextInt(1, 14));
      int height = 1 + random.nextInt(1 << random.nextInt(1, 14));
      Grid grid = tiling.grid(width, height);
      assertThat(grid.tiles()).isBetween(min, max);
      assertThat(tiling.tileCount(width, height))
          .isEqualTo(grid.tiles() == 1 ? 1 : grid.tiles() + 1);
    }
  }

  @Test
  void noGridIsNearerThanTheChosenOneSeed72() {
    Random random = new Random(72);
    for (int i = 0; i < 500; i++) {
      int width = 1 + random.nextInt(4000);
      int height = 1 + random.nextInt(4000);
      Grid chosen = USUAL.grid(width, height);
      double aspect = (double) width / height;
      double distance = Math.abs(aspect - (double) chosen.columns() / chosen.rows());
      for (int columns = 1; columns <= 12; columns++) {
        for (int rows = 1; columns * rows <= 12; rows++) {
          assertThat(Math.abs(aspect - (double) columns / rows)).isGreaterThanOrEqualTo(distance);
        }
      }
    }
  }

  @Test
  void cutsRowByRowAndAddsTheThumbnail() {
    byte[] rgb = new byte[3 * 8 * 4]; // two squares of side 4: black and white
    for (int y = 0; y < 4; y++) {
      Arrays.fill(rgb, 3 * (8 * y + 4), 3 * (8 * y + 8), (byte) 255);
    }
    Tiles tiles = Tiling.of(4, 2).cut(Picture.ofRgb(8, 4, rgb));
    assertThat(tiles.count()).isEqualTo(3);
    assertThat(tiles.rgb(0)).containsOnly((byte) 0);
    assertThat(tiles.rgb(1)).containsOnly((byte) 255);
    assertThat(tiles.picture(2)).isEqualTo(Resize.bicubic(Picture.ofRgb(8, 4, rgb), 4, 4));
  }

  @Test
  void squeezesWhenNotDynamic() {
    Tiling tiling = new Tiling(4, 1, 12, true, false);
    assertThat(tiling.cut(Picture.ofRgb(9, 2, new byte[54])).count()).isEqualTo(1);
    assertThat(tiling.tileCount(9, 2)).isEqualTo(1);
    assertThat(Tiling.squeeze(4).tileCount(9, 2)).isEqualTo(1);
  }

  @Test
  void fewestTilesGiveWayToASmallerLimit() {
    Tiling tiling = new Tiling(448, 4, 12, true, true).withMaxTiles(2);
    assertThat(tiling).isEqualTo(new Tiling(448, 2, 2, true, true));
    assertThatThrownBy(() -> tiling.withMaxTiles(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "tiling: expected 1 <= minTiles <= maxTiles <= 4096, found minTiles 1, maxTiles 0");
    assertThatThrownBy(() -> tiling.grid(0, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tiling: a picture has at least 1 x 1 pixels, found 0 x 5");
  }
}
