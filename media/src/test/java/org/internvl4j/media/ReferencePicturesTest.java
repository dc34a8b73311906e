package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// From file to tiles against Pillow and the reference's `dynamic_preprocess`, byte for byte.
class ReferencePicturesTest {
  private static final Path IMAGES = Fixtures.folder("images");
  private static final List<String> PHOTOS =
      List.of("image1.jpg", "image2.jpg", "image3.jpg", "image4.jpg", "image5.jpg");

  static Stream<Json> cases() {
    return Fixtures.json(IMAGES.resolve("cases.json")).items().stream();
  }

  static List<String> photos() {
    return PHOTOS;
  }

  private static Tiling tiling(Json c) {
    return new Tiling(
        c.getInt("image_size"), 1, c.getInt("max_num"), c.at("use_thumbnail").asBoolean(), true);
  }

  private static String sha256(Tiles tiles) throws Exception {
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    for (int tile = 0; tile < tiles.count(); tile++) {
      hash.update(tiles.rgb(tile));
    }
    return HexFormat.of().formatHex(hash.digest());
  }

  private static void assertTiles(Picture picture, Json c) throws Exception {
    assertThat(picture.width()).isEqualTo(c.getInt("width"));
    assertThat(picture.height()).isEqualTo(c.getInt("height"));
    Tiles tiles = tiling(c).cut(picture);
    assertThat(tiles.count()).isEqualTo(c.getInt("tiles"));
    assertThat(tiling(c).tileCount(picture.width(), picture.height())).isEqualTo(tiles.count());
    assertThat(sha256(tiles)).isEqualTo(c.getText("sha256_rgb_tiles"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tilesOfPicturesOfManyModesEqualTheReferences(Json c) throws Exception {
    assertTiles(Pictures.read(IMAGES.resolve(c.getText("file"))), c);
  }

  @Test
  void tilesOfSide56EqualTheStoredOnes() {
    Picture picture = Pictures.read(IMAGES.resolve("03-rgba-333x777.png"));
    Tiles tiles = new Tiling(56, 1, 6, true, true).cut(picture);
    try (SafeTensors stored =
        SafeTensors.open(IMAGES.resolve("03-rgba-333x777.tiles56.safetensors"))) {
      ByteBuffer expected = stored.bytes("tiles").asByteBuffer();
      byte[] tile = new byte[56 * 56 * 3];
      for (int i = 0; i < tiles.count(); i++) {
        expected.get(tile);
        assertThat(tiles.rgb(i)).as("tile %d", i).isEqualTo(tile);
      }
      assertThat(expected.hasRemaining()).isFalse();
    }
  }

  @ParameterizedTest
  @MethodSource("photos")
  void photosEqualTheReferenceInPixelsAndTiles(String photo) throws Exception {
    Path folder = Fixtures.real("pictures");
    assumeTrue(Files.isRegularFile(folder.resolve("cases.json")), "no real photos in " + folder);
    List<Json> cases = Fixtures.json(folder.resolve("cases.json")).items();
    int at =
        IntStream.range(0, cases.size())
            .filter(i -> cases.get(i).getText("file").equals(photo))
            .findFirst()
            .orElseThrow();
    Picture picture = Pictures.read(folder.resolve(photo));
    assertThat(picture.sha256()).isEqualTo(cases.get(at).getText("sha256_rgb_pixels"));
    assertTiles(picture, cases.get(at));
  }
}
