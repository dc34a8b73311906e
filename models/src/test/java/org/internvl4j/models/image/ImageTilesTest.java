package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
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
    Tiling tiling = new Tiling(28, 1, 6, false, true);
    try (Device device = Devices.open(name, 2);
        Workspace steps = new Workspace(device, "test")) {
      for (int[] size : SIZES) {
        Picture picture = picture(size[0], size[1]);
        Tiles tiles = tiling.cut(picture);
        float[] found = tiles(picture, tiling, steps).toFloats();
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
      }
    }
  }

  private static Tensor tiles(Picture picture, Tiling tiling, Workspace steps) {
    Grid grid = tiling.grid(picture.width(), picture.height());
    int side = tiling.imageSize();
    Tensor x = steps.allocate(DType.U8, picture.height(), picture.width(), 3);
    x.fromHost(MemorySegment.ofArray(picture.rgb()));
    float[] values = new float[3 * 256];
    for (int channel = 0; channel < 3; channel++) {
      System.arraycopy(Normalization.IMAGENET.table(channel), 0, values, 256 * channel, 256);
    }
    return x.resizeRows(taps(picture.width(), grid.columns() * side, steps))
        .imageTiles(
            taps(picture.height(), grid.rows() * side, steps), steps.of(values, 3, 256), side);
  }

  /// Lines have as many weights each: where an axis has fewer for one, it begins early enough for
  /// the others, which are 0, to be inside.
  private static Tensor taps(int in, int out, Workspace steps) {
    Bicubic axis = new Bicubic(in, out);
    int count = axis.maxTaps();
    int[] taps = new int[out * (1 + count)];
    for (int i = 0; i < out; i++) {
      int own = i * (1 + count);
      int first = Math.min(axis.first(i), in - count);
      taps[own] = first;
      for (int j = 0; j < axis.taps(i); j++) {
        taps[own + 1 + axis.first(i) - first + j] = axis.weight(i, j);
      }
    }
    return steps.of(taps, out, 1 + count);
  }

  private static Picture picture(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(width).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }
}
