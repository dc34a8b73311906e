package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.internvl4j.models.heads.Segmentation;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassMapTest {
  @TempDir Path folder;

  @Test
  void everyClassHasAColourOfItsOwn() {
    assertThat(IntStream.range(0, ClassMap.MOST_CLASSES).map(ClassMap::colour).distinct().count())
        .isEqualTo(ClassMap.MOST_CLASSES);
  }

  @Test
  void thePaletteIsWhatAPictureShows() {
    Path file = folder.resolve("map.png");
    ClassMap.writePng(new Segmentation(3, 1, 256, new short[] {0, 7, 255}), file);
    int red = Pictures.read(file).samples().get(3) & 255;
    assertThat(red).isEqualTo(ClassMap.colour(7) >> 16);
  }

  @Test
  void anOverlayIsHalfThePicture() {
    Picture picture = Picture.ofRgb(1, 1, new byte[] {100, (byte) 200, 0});
    Picture over = ClassMap.overlay(picture, new Segmentation(1, 1, 300, new short[] {290}));
    int red = ClassMap.colour(290) >> 16;
    assertThat(over.samples().get(0) & 255).isEqualTo((100 + red + 1) / 2);
  }

  @Test
  void refusesWhatDoesNotFit() {
    Path file = folder.resolve("map.png");
    Segmentation many = new Segmentation(1, 1, 257, new short[] {256});
    assertThatThrownBy(() -> ClassMap.writePng(many, file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("class map: has 257 classes, a palette has room for 256");
    assertThat(Files.exists(file)).isFalse();
    Picture picture = Picture.ofRgb(2, 1, new byte[6]);
    assertThatThrownBy(() -> ClassMap.overlay(picture, many))
        .hasMessage("class map: is of 1 x 1 pixels, the picture has 2 x 1");
  }
}
