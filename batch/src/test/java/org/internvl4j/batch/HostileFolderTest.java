package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Thirty files that are no pictures, or were made to hurt, among two that are fine: thirty rows
/// with an error, each of its own file, and two answers.
class HostileFolderTest {
  private static final Task TASK = Task.Asking.of(Scenery.QUESTION);

  @TempDir private Path temp;

  private final Map<String, byte[]> hostile = new LinkedHashMap<>();

  @Test
  void thirtyHostileFilesAreThirtyErrors() throws Exception {
    Path folder = Scenery.paint(temp.resolve("in"), 2);
    Path alone = temp.resolve("alone.jsonl");
    Scenery.run(folder, alone, TASK);
    damaged(Files.readAllBytes(folder.resolve("00000.png")));
    others();
    bombs();
    assertThat(hostile).hasSize(30);
    for (Map.Entry<String, byte[]> file : hostile.entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    Path out = temp.resolve("out.jsonl");
    assertThat(Scenery.run(folder, out, TASK)).isEqualTo(new Batch.Result(32, Batch.End.COMPLETE));

    List<String> lines = Files.readAllLines(out);
    assertThat(lines).hasSize(32).containsAll(Files.readAllLines(alone));
    int errors = 0;
    for (String line : lines) {
      Json row = Json.parse(line.getBytes(StandardCharsets.UTF_8), "row");
      if (hostile.containsKey(row.getText("id"))) {
        assertThat(row.at("error").getText("code")).as(line).isEqualTo("picture");
        assertThat(row.at("error").getText("message"))
            .startsWith(folder.resolve(row.getText("id")) + ": ")
            .doesNotContain("Exception");
        errors++;
      }
    }
    assertThat(errors).isEqualTo(30);
  }

  /// A sound PNG, cut off or changed.
  private void damaged(byte[] png) {
    for (int tenths = 0; tenths < 10; tenths++) {
      hostile.put("cut-%d.png".formatted(tenths), Arrays.copyOf(png, png.length * tenths / 10));
    }
    byte[] width = png.clone();
    width[18] ^= 1;
    hostile.put("width.png", width);
    byte[] depth = png.clone();
    depth[24] = 7;
    hostile.put("depth.png", depth);
    byte[] data = png.clone();
    Arrays.fill(data, png.length / 3, png.length / 2, (byte) 0x5a);
    hostile.put("data.png", data);
  }

  /// Something else, called a picture.
  private void others() {
    hostile.put("text.jpg", bytes("no picture"));
    hostile.put("page.png", bytes("<html><body>404 Not Found</body></html>"));
    hostile.put("drawing.webp", bytes("<svg xmlns='http://www.w3.org/2000/svg'/>"));
    hostile.put("archive.gif", bytes("PK\u0003\u0004\u0014\0\0\0"));
    hostile.put("program.bmp", bytes("\u007fELF\u0002\u0001\u0001"));
    hostile.put("gzip.tif", new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0});
    hostile.put("zeros.png", new byte[4096]);
    hostile.put("name\nwith lines \"and quotes\".png", bytes("GIF89a"));
    hostile.put("bild \u4e2d\u6587.jpg", new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff});
  }

  /// Small files that say that they are large, or have no end.
  private void bombs() throws IOException {
    hostile.put("large.png", png(60_000, 60_000));
    hostile.put("largest.png", png(Integer.MAX_VALUE, Integer.MAX_VALUE));
    hostile.put("scans.jpg", ProgressiveJpeg.of(8_000, 8_000, 3_000));
    hostile.put("large.gif", bytes("GIF89a\u00ff\u00ff\u00ff\u00ff\0\0\0"));
    hostile.put("large.bmp", bmp(1 << 30, 1 << 30));
    hostile.put("negative.bmp", bmp(-5, 7));
    hostile.put("circle.tif", bytes("II*\0\u0008\0\0\0\0\0\u0008\0\0\0"));
    hostile.put("riff.webp", bytes("RIFF\u00ff\u00ff\u00ff\u007fWEBPVP8 \u00ff\u00ff\u00ff\u007f"));
  }

  private static byte[] bytes(String text) {
    return text.chars().anyMatch(c -> c > 0xff)
        ? text.getBytes(StandardCharsets.UTF_8)
        : text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] png(int width, int height) throws IOException {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflater = new DeflaterOutputStream(data)) {
      deflater.write(new byte[1 << 20]);
    }
    ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
    header.put(new byte[] {8, 2, 0, 0, 0});
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.writeBytes(bytes("\u0089PNG\r\n\u001a\n"));
    png.writeBytes(chunk("IHDR", header.array()));
    png.writeBytes(chunk("IDAT", data.toByteArray()));
    png.writeBytes(chunk("IEND", new byte[0]));
    return png.toByteArray();
  }

  private static byte[] chunk(String type, byte[] data) {
    byte[] name = bytes(type);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(data);
    ByteBuffer chunk = ByteBuffer.allocate(12 + data.length);
    return chunk.putInt(data.length).put(name).put(data).putInt((int) sum.getValue()).array();
  }

  private static byte[] bmp(int width, int height) {
    ByteBuffer bmp = ByteBuffer.allocate(54).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    bmp.put(bytes("BM")).putInt(54).putInt(0).putInt(54).putInt(40).putInt(width).putInt(height);
    bmp.putShort((short) 1).putShort((short) 24);
    return bmp.array();
  }
}
