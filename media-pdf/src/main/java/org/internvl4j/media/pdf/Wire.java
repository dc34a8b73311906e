package org.internvl4j.media.pdf;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;

/// What an [IsolatedPdf] and its process say to each other: a file, then questions about it, one at
/// a time. Each is answered with what was asked for, or with a sentence about why not.
final class Wire {
  private static final int MOST_PROBLEMS = 1000;
  private static final int LONGEST_TEXT = 1 << 20; // bytes

  private Wire() {}

  /// The file; answered with its count of pages.
  record Opening(String name, PdfOptions options, byte[] file) {
    void write(DataOutputStream out) throws IOException {
      writeText(out, name);
      out.writeLong(options.maxBytes());
      out.writeInt(options.maxPages());
      out.writeInt(options.maxPixels());
      out.writeInt(options.maxStream());
      out.writeLong(options.maxScratch());
      out.writeLong(options.deadline().toNanos());
      out.writeInt(file.length);
      out.write(file);
    }

    static Opening read(DataInputStream in) throws IOException {
      String name = readText(in);
      PdfOptions options =
          new PdfOptions(
              in.readLong(),
              in.readInt(),
              in.readInt(),
              in.readInt(),
              in.readLong(),
              Duration.ofNanos(in.readLong()));
      byte[] file = new byte[in.readInt()];
      in.readFully(file);
      return new Opening(name, options, file);
    }
  }

  /// About a page.
  ///
  /// @param drawn whether the page is wanted, not only how many pixels it will have
  record Question(boolean drawn, int number, Tiling tiling) {
    void write(DataOutputStream out) throws IOException {
      out.writeBoolean(drawn);
      out.writeInt(number);
      out.writeInt(tiling.imageSize());
      out.writeInt(tiling.minTiles());
      out.writeInt(tiling.maxTiles());
      out.writeBoolean(tiling.thumbnail());
      out.writeBoolean(tiling.dynamic());
    }

    static Question read(DataInputStream in) throws IOException {
      return new Question(
          in.readBoolean(),
          in.readInt(),
          new Tiling(in.readInt(), in.readInt(), in.readInt(), in.readBoolean(), in.readBoolean()));
    }
  }

  static void write(DataOutputStream out, PdfPage page) throws IOException {
    out.writeInt(page.picture().width());
    out.writeInt(page.picture().height());
    out.writeInt(page.problems().size());
    for (String problem : page.problems()) {
      writeText(out, problem);
    }
    ByteBuffer samples = page.picture().samples();
    byte[] rows = new byte[Math.min(samples.remaining(), 1 << 16)];
    while (samples.hasRemaining()) {
      int length = Math.min(samples.remaining(), rows.length);
      samples.get(rows, 0, length);
      out.write(rows, 0, length);
    }
  }

  /// @throws IOException if it has more pixels than that, or is no page
  static PdfPage readPage(DataInputStream in, int number, int maxPixels) throws IOException {
    int width = in.readInt();
    int height = in.readInt();
    int count = in.readInt();
    boolean sane = width > 0 && height > 0 && count >= 0 && count <= MOST_PROBLEMS;
    if (!sane || (long) width * height > maxPixels) {
      throw new IOException("a page of %d x %d pixels".formatted(width, height));
    }
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      problems.add(readText(in));
    }
    byte[] rgb = new byte[Math.multiplyExact(3, width * height)];
    in.readFully(rgb);
    return new PdfPage(number, Picture.ofRgb(width, height, rgb), problems);
  }

  static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static String readText(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > LONGEST_TEXT) {
      throw new IOException("a text of %d bytes".formatted(length));
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
