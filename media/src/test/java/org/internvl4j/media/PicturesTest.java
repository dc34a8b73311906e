package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PicturesTest {
  @TempDir Path folder;

  private static Picture noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(9).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }

  @Test
  void pngReadsBackAsTheSamePicture() {
    Path file = folder.resolve("noise.png");
    Pictures.writePng(noise(31, 17), file);
    assertThat(Pictures.read(file)).isEqualTo(noise(31, 17));
    assertThat(Pictures.of(Pictures.toImage(noise(31, 17)))).isEqualTo(noise(31, 17));
  }

  @Test
  void saysWhyItCannotWrite() {
    Path file = folder.resolve("no/such/folder.png");
    assertThatThrownBy(() -> Pictures.writePng(noise(1, 1), file))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith(file + ": cannot be written: ");
  }

  @Test
  void writingLeavesOneFileAndFailingToLeavesTheOldOne() throws IOException {
    Path file = folder.resolve("noise.png");
    Pictures.writePng(noise(31, 17), file);
    Pictures.writePng(noise(5, 4), file);
    assertThat(Pictures.read(file)).isEqualTo(noise(5, 4));
    Path taken = Files.createDirectories(folder.resolve("taken.png/in-the-way")).getParent();
    assertThatThrownBy(() -> Pictures.writePng(noise(1, 1), taken))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith(taken + ": cannot be written: ");
    assertThat(folder)
        .isDirectoryNotContaining("glob:**.incomplete")
        .isDirectoryContaining("glob:**noise.png");
    assertThat(taken).isNotEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_INT_BGR,
        BufferedImage.TYPE_3BYTE_BGR,
        BufferedImage.TYPE_INT_ARGB,
        BufferedImage.TYPE_4BYTE_ABGR
      })
  void takesSamplesOfImagesAsTheyLie(int type) {
    BufferedImage image = new BufferedImage(2, 1, type);
    image.setRGB(0, 0, 0xff_0a_14_1e);
    image.setRGB(1, 0, 0x40_c8_64_32);
    assertThat(Pictures.of(image).rgb()).containsExactly(10, 20, 30, (byte) 200, 100, 50);
  }

  @Test
  void dividesColoursMultipliedByTheirTransparency() {
    BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB_PRE);
    image.getRaster().setPixel(0, 0, new int[] {50, 25, 128, 128});
    assertThat(Pictures.of(image).rgb()).containsExactly(99, 49, (byte) 255);
  }

  @Test
  void keepsGreysOfImages() {
    BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setSample(0, 0, 0, 77); // getRGB would say 149
    assertThat(Pictures.of(image).rgb()).containsExactly(77, 77, 77);
  }

  @Test
  void ignoresEverythingButPixelsInAPartOfAnImage() {
    BufferedImage whole = Pictures.toImage(noise(8, 6));
    assertThat(Pictures.of(whole.getSubimage(2, 1, 5, 4))).isEqualTo(noise(8, 6).crop(2, 1, 5, 4));
  }

  /// They may never end, or never begin.
  @Test
  void opensNoPipesOrDevices() throws Exception {
    Path pipe = folder.resolve("pipe.png");
    assumeTrue(isMade(pipe), "no pipes here");
    Path link = Files.createSymbolicLink(folder.resolve("link.png"), pipe);
    for (Path file : List.of(pipe, link, Path.of("/dev/zero"))) {
      assertThatThrownBy(() -> Pictures.read(file))
          .isInstanceOf(PictureException.class)
          .hasMessage(file + ": is a pipe or a device, expected a picture file");
    }
    Path picture = folder.resolve("picture.png");
    Pictures.writePng(noise(5, 4), picture);
    Path linked = Files.createSymbolicLink(folder.resolve("linked.png"), picture);
    assertThat(Pictures.read(linked)).isEqualTo(noise(5, 4));
  }

  private static boolean isMade(Path pipe) throws InterruptedException {
    try {
      return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void refusesSenselessLimits() {
    assertThatThrownBy(() -> PictureOptions.DEFAULT.withMaxPixels(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("picture options: limits must be at least 1, found maxPixels 0");
  }
}
