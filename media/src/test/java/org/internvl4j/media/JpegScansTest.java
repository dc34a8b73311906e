package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;

/// Progressive JPEGs are read; those that make the decoder work for hours are not.
class JpegScansTest {
  private static byte[] progressive(int side) throws IOException {
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < side; i++) {
      image.setRGB(i, side - 1 - i, 0xff8040);
    }
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var stream = new MemoryCacheImageOutputStream(out)) {
      ImageWriteParam param = writer.getDefaultWriteParam();
      param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), param);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  private static int lastScan(byte[] jpeg) {
    int at = jpeg.length - 2;
    while (jpeg[at] != (byte) 0xff || jpeg[at + 1] != (byte) 0xda) {
      at--;
    }
    return at;
  }

  /// The file with its last scan several times.
  ///
  /// @param between what stands before each
  private static byte[] repeated(byte[] jpeg, int times, byte[] between) {
    int scan = lastScan(jpeg);
    int end = jpeg.length - 2;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, end);
    for (int i = 0; i < times; i++) {
      out.writeBytes(between);
      out.write(jpeg, scan, end - scan);
    }
    out.write(jpeg, end, 2);
    return out.toByteArray();
  }

  @Test
  void progressiveOnesAreRead() throws IOException {
    byte[] jpeg = progressive(64);
    assertThat(Pictures.read(jpeg, "p.jpg").width()).isEqualTo(64);
    assertThat(Pictures.read(repeated(jpeg, 60, new byte[0]), "p.jpg"))
        .isEqualTo(Pictures.read(jpeg, "p.jpg"));
  }

  @Test
  void thousandsOfScansAreRefused() throws IOException {
    byte[] jpeg = progressive(64);
    String sentence =
        "p.jpg: the JPEG has 101 scans, expected at most 100 for a picture of this size; convert it to PNG";
    assertThatThrownBy(() -> Pictures.read(repeated(jpeg, 2000, new byte[0]), "p.jpg"))
        .isInstanceOf(PictureException.class)
        .hasMessage(sentence);
    byte[] endInAComment = {(byte) 0xff, (byte) 0xfe, 0, 6, (byte) 0xff, (byte) 0xd9, 0, 0};
    assertThatThrownBy(() -> Pictures.read(repeated(jpeg, 2000, endInAComment), "p.jpg"))
        .hasMessage(sentence);
  }

  @Test
  void largePicturesHaveFewer() throws IOException {
    byte[] jpeg = repeated(progressive(8), 60, new byte[0]);
    int frame = 0;
    while (jpeg[frame] != (byte) 0xff || jpeg[frame + 1] != (byte) 0xc2) {
      frame++;
    }
    for (int i = 0; i < 4; i += 2) { // 9984 x 9984
      jpeg[frame + 5 + i] = 0x27;
      jpeg[frame + 6 + i] = 0;
    }
    assertThatThrownBy(() -> Pictures.read(jpeg, "p.jpg"))
        .hasMessageContaining("scans, expected at most 16 for a picture of this size");
  }

  /// What stands behind the picture, a film of a phone's camera say, is no scan.
  @Test
  void whatFollowsThePictureIsNotCounted() throws IOException {
    byte[] jpeg = progressive(64);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(jpeg);
    for (int i = 0; i < 500; i++) {
      out.write(jpeg, lastScan(jpeg), jpeg.length - 2 - lastScan(jpeg));
    }
    out.write(jpeg, jpeg.length - 2, 2);
    assertThat(Pictures.read(out.toByteArray(), "p.jpg").width()).isEqualTo(64);
  }
}
