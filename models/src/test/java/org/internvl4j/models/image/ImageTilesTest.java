package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernels that resize, cut and normalise, with Pillow's weights, against the path in Java.
class ImageTilesTest {
  private static final int[][] SIZES = {{100, 75}, {28, 28}, {61, 23}, {9, 40}, {1, 1}};

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "plain", "cuda"})
  void kernelsGiveTheNumbersOfTheJavaPath(String name) {
    assumeTrue(
        !name.equals("cuda")
            || Files.exists(Path.of(System.getProperty("internvl4j.cuda.library"))),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    Tiling tiling = new Tiling(28, 1, 6, true, true);
    try (Device device = Devices.open(name, 2);
        Workspace steps = new Workspace(device, "test")) {
      for (int[] size : SIZES) {
        Picture picture = picture(size[0], size[1]);
        Tiles tiles = tiling.cut(picture);
        Tensor made = tiling.cut(picture).pixels(steps);
        assertThat(made.dtype()).isEqualTo(device.activations());
        float[] found = made.toFloats();
        int plane = found.length / tiles.count();
        for (int tile = 0; tile < tiles.count(); tile++) {
          float[] expected = tiles.pixels(tile);
          for (int i = 0; i < plane; i++) {
            float value =
                device.activations() == DType.BF16
                    ? Elements.bf16ToFloat(Elements.floatToBf16(expected[i]))
                    : expected[i];
            assertThat(found[tile * plane + i]).as("%s, %s, %d", name, picture, i).isEqualTo(value);
          }
        }
        assertThat(tiles.pixels(steps).dtype()).isEqualTo(DType.F32); // they were asked for
        assertThat(tiles.pixels(steps).toFloats()).startsWith(tiles.pixels(0));
      }
    }
  }

  private static Picture picture(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(width).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }
}
