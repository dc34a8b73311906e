package org.internvl4j.media;

import java.io.ByteArrayOutputStream;
import java.util.zip.CRC32;
import org.internvl4j.media.Prepared.Format;

/// The chunks of a PNG file. Only those that hold the picture are kept, so a compressed profile or
/// comment is never unpacked; their checksums are compared.
final class PngFile {
  static final String SIGNATURE = "\u0089PNG\r\n\u001a\n";

  private PngFile() {}

  static Prepared prepare(SourceFile file, PictureOptions options) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream(file.length());
    kept.write(file.bytes(), 0, SIGNATURE.length());
    int orientation = 1;
    boolean data = false;
    long at = SIGNATURE.length();
    while (true) {
      if (at + 12 > file.length()) {
        throw file.cutOff("its PNG chunks, before the end chunk");
      }
      long length = file.u32be(at);
      String type = file.fourCc(at + 4);
      if (at + 12 + length > file.length()) {
        throw file.cutOff("PNG chunk " + printable(type));
      }
      int begin = (int) at;
      if (begin == SIGNATURE.length()) {
        checkHeader(file, options, length, type);
      }
      switch (type) {
        case "IHDR", "PLTE", "IDAT", "IEND" -> keep(file, kept, begin, (int) length, type);
        case "eXIf" ->
            orientation = TiffDirectory.orientation(file, begin + 8, begin + 8 + (int) length);
        default -> {}
      }
      data |= type.equals("IDAT");
      at += 12 + length;
      if (type.equals("IEND")) {
        break;
      }
    }
    if (!data) {
      throw file.damaged("the PNG has no IDAT chunk");
    }
    SourceFile clean = new SourceFile(file.name(), kept.toByteArray());
    return new Prepared(clean, Format.PNG, orientation);
  }

  private static void checkHeader(
      SourceFile file, PictureOptions options, long length, String type) {
    if (!type.equals("IHDR") || length != 13) {
      throw file.damaged(
          "expected an IHDR chunk of 13 bytes first, found %s of %d"
              .formatted(printable(type), length));
    }
    options.check(file.name(), file.u32be(16), file.u32be(20));
  }

  private static void keep(
      SourceFile file, ByteArrayOutputStream kept, int begin, int length, String type) {
    CRC32 sum = new CRC32();
    sum.update(file.bytes(), begin + 4, 4 + length);
    if (sum.getValue() != file.u32be(begin + 8L + length)) {
      throw file.damaged("PNG chunk %s at byte %d has a wrong checksum".formatted(type, begin));
    }
    kept.write(file.bytes(), begin, 12 + length);
  }

  private static String printable(String type) {
    return type.chars().allMatch(c -> c > ' ' && c < 127) ? type : "without a name";
  }
}
