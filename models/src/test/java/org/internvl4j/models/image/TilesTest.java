package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TilesTest {
  private static final byte[] RGB = {
    0, 1, 2, (byte) 255, (byte) 254, (byte) 253, 10, 20, 30, (byte) 200, 100, 50
  };

  private static Tiles two() {
    byte[] both = new byte[24];
    System.arraycopy(RGB, 0, both, 0, 12);
    both[23] = 9;
    return Tiles.ofRgb(both, 2, 2, Normalization.IMAGENET);
  }

  @Test
  void normalisesInPlanes() {
    float[] pixels = two().pixels(0);
    assertThat(pixels).hasSize(12);
    assertThat(pixels[0]).isEqualTo((0 / 255f - 0.485f) / 0.229f);
    assertThat(pixels[3]).isEqualTo((200 / 255f - 0.485f) / 0.229f);
    assertThat(pixels[5]).isEqualTo((254 / 255f - 0.456f) / 0.224f);
    assertThat(pixels[11]).isEqualTo((50 / 255f - 0.406f) / 0.225f);
  }

  @Test
  void writesAllTilesInOrder() {
    Tiles tiles = Tiles.concat(List.of(two(), Tiles.ofPixels(two().pixels(0), 1, 2)));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(4L * 36);
      tiles.writeTo(target);
      float[] all = target.toArray(ValueLayout.JAVA_FLOAT);
      for (int tile = 0; tile < 3; tile++) {
        assertThat(Arrays.copyOfRange(all, 12 * tile, 12 * tile + 12))
            .isEqualTo(tiles.pixels(tile));
      }
      assertThatThrownBy(() -> tiles.writeTo(target.asSlice(4)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void knowsBytesOnlyOfTilesMadeFromPictures() {
    Tiles tiles = Tiles.concat(List.of(two(), Tiles.ofPixels(new float[12], 1, 2)));
    assertThat(tiles.hasRgb(1)).isTrue();
    assertThat(tiles.rgb(0)).isEqualTo(RGB);
    assertThat(tiles.hasRgb(2)).isFalse();
    assertThatThrownBy(() -> tiles.rgb(2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tiles: tile 2 was made from a tensor and has no RGB bytes");
  }

  @Test
  void digestsTellTilesApart() {
    Tiles tiles = two();
    assertThat(two().digest()).isEqualTo(tiles.digest()).matches("[0-9a-f]{64}");
    assertThat(
            List.of(
                tiles.slice(0, 1),
                tiles.slice(1, 2),
                Tiles.ofPixels(tiles.pixels(0), 1, 2),
                Tiles.ofRgb(RGB, 1, 2, Normalization.SIGLIP)))
        .extracting(Tiles::digest)
        .doesNotHaveDuplicates()
        .doesNotContain(tiles.digest());
    assertThat(tiles.slice(0, 1).digest())
        .isEqualTo(Tiles.ofRgb(RGB, 1, 2, Normalization.IMAGENET).digest());
  }

  @Test
  void callersCannotChangeThem() {
    byte[] bytes = RGB.clone();
    float[] values = new float[12];
    Tiles tiles =
        Tiles.concat(
            List.of(Tiles.ofRgb(bytes, 1, 2, Normalization.CLIP), Tiles.ofPixels(values, 1, 2)));
    bytes[0] = 77;
    values[0] = 77;
    tiles.rgb(0)[1] = 77;
    tiles.pixels(1)[1] = 77;
    assertThat(tiles.rgb(0)).isEqualTo(RGB);
    assertThat(tiles.pixels(1)).containsOnly(0);
  }

  @Test
  void refusesWrongLengthsAndSides() {
    assertThatThrownBy(() -> Tiles.ofRgb(new byte[11], 1, 2, Normalization.CLIP))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tiles: rgb of 1 tiles of side 2 has 12 values, found 11");
    assertThatThrownBy(() -> Tiles.ofPixels(new float[13], 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tiles: pixels of 1 tiles of side 2 has 12 values, found 13");
    assertThatThrownBy(() -> Tiles.concat(List.of(two(), Tiles.ofPixels(new float[3], 1, 1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tiles: cannot join tiles of side 2 and of side 1");
    assertThatThrownBy(
            () -> Tiles.of(List.of(Picture.ofRgb(2, 1, new byte[6])), Normalization.CLIP))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tiles: expected 2 x 2 pixels in tile 0, found 2 x 1");
  }
}
