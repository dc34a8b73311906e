package org.internvl4j.media;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.media.Prepared.Format;

/// The segments of a JPEG file (ITU-T T.81, annex B).
///
/// The decoder of the JDK converts colours by an embedded ICC profile, and by its own guesses where
/// neither JFIF nor Adobe say what the components are; libjpeg, and so the reference, does not. So
/// profiles are dropped, and the file is given the marker that says what libjpeg takes it for.
final class JpegFile {
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP14 = 0xee;
  private static final int APP15 = 0xef;
  private static final int COMMENT = 0xfe;
  private static final byte[] JFIF = {
    (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
  };
  private static final String EXIF = "Exif\0\0";

  private final SourceFile file;
  private final PictureOptions options;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private boolean jfif;
  private int adobeAt = -1;
  private int orientation = 1;
  private int components;
  private List<Integer> ids = List.of();

  private JpegFile(SourceFile file, PictureOptions options) {
    this.file = file;
    this.options = options;
  }

  static Prepared prepare(SourceFile file, PictureOptions options) {
    JpegFile jpeg = new JpegFile(file, options);
    int scan = jpeg.readHeader();
    byte[] whole = jpeg.rebuilt(scan);
    JpegScans scans = JpegScans.of(whole);
    String tooMany = scans.tooMany();
    if (tooMany != null) {
      throw PictureException.aboveLimit(file.name() + ": " + tooMany, "convert it to PNG");
    }
    byte[] clean = scans.end() < whole.length ? Arrays.copyOf(whole, scans.end()) : whole;
    return new Prepared(new SourceFile(file.name(), clean), Format.JPEG, jpeg.orientation);
  }

  /// Reads the segments up to the first scan and keeps those that decoding needs.
  ///
  /// @return where the first scan begins
  private int readHeader() {
    int at = 2;
    while (true) {
      if (file.u8(at) != 0xff) {
        throw file.damaged(
            "expected a JPEG marker at byte %d, found %02x".formatted(at, file.u8(at)));
      }
      while (file.u8(at + 1) == 0xff) {
        at++;
      }
      int marker = file.u8(at + 1);
      if (marker == SOS) {
        checkScan();
        return at;
      }
      if (marker == EOI || marker == SOI || marker == 0) {
        throw file.damaged("the JPEG holds no picture before byte " + at);
      }
      int length = file.u16be(at + 2);
      if (length < 2 || (long) at + 2 + length > file.length()) {
        throw file.cutOff("a JPEG segment at byte " + at);
      }
      keep(marker, at, 2 + length);
      at += 2 + length;
    }
  }

  private void checkScan() {
    if (components == 0) {
      throw file.damaged("the JPEG begins its scan without saying its size");
    }
  }

  private void keep(int marker, int at, int length) {
    if (JpegScans.isFrame(marker)) {
      readFrame(at, length);
    }
    if (marker == APP0) {
      jfif |= file.hasAt(at + 4, "JFIF\0");
    } else if (marker == APP14) {
      adobeAt = file.hasAt(at + 4, "Adobe") && length >= 16 ? at : adobeAt;
    } else if (marker == APP1) {
      readExif(at, length);
    } else if (marker != COMMENT && !(marker > APP0 && marker <= APP15)) {
      kept.write(file.bytes(), at, length);
    }
  }

  private void readFrame(int at, int length) {
    int precision = file.u8(at + 4);
    int height = file.u16be(at + 5);
    int width = file.u16be(at + 7);
    components = file.u8(at + 9);
    options.check(file.name(), width, height);
    boolean known = components == 1 || components == 3 || components == 4;
    if (precision != 8 || !known || length < 10 + 3 * components) {
      throw new PictureException(
          "%s: expected a JPEG of 1, 3 or 4 components of 8 bits, found %d of %d; convert it to PNG"
              .formatted(file.name(), components, precision));
    }
    Integer[] found = new Integer[components];
    for (int i = 0; i < components; i++) {
      found[i] = file.u8(at + 10 + 3 * i);
    }
    ids = List.of(found);
  }

  private void readExif(int at, int length) {
    if (file.hasAt(at + 4, EXIF) && orientation == 1) {
      orientation = TiffDirectory.orientation(file, at + 4 + EXIF.length(), at + length);
    }
  }

  /// The file with the one application segment that settles its colours as libjpeg does
  /// (`jdapimin.c`, `default_decompress_parms`): JFIF means YCbCr, else Adobe's transform counts,
  /// else component names `RGB` mean RGB and all others YCbCr.
  private byte[] rebuilt(int scan) {
    if (!endsProperly(scan)) {
      throw file.cutOff("the JPEG's picture data");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(file.length());
    out.write(file.bytes(), 0, 2);
    boolean named = ids.equals(List.of((int) 'R', (int) 'G', (int) 'B'));
    if (components == 3 && (jfif || (adobeAt < 0 && !named))) {
      out.writeBytes(JFIF);
    } else if (adobeAt >= 0 && components != 1) {
      out.write(file.bytes(), adobeAt, 2 + file.u16be(adobeAt + 2));
    }
    out.writeBytes(kept.toByteArray());
    out.write(file.bytes(), scan, file.length() - scan);
    return out.toByteArray();
  }

  private boolean endsProperly(int scan) {
    byte[] bytes = file.bytes();
    for (int i = bytes.length - 2; i > scan; i--) {
      if (bytes[i] == (byte) 0xff && bytes[i + 1] == (byte) EOI) {
        return true;
      }
    }
    return false;
  }

  /// Whether the four components of a prepared file are YCCK and not CMYK.
  static boolean isYcck(SourceFile prepared) {
    return prepared.u8(3) == APP14 && prepared.u8(17) == 2;
  }

  /// The number of components of a prepared file.
  static int components(SourceFile prepared) {
    int at = 2;
    while (!JpegScans.isFrame(prepared.u8(at + 1))) {
      at += 2 + prepared.u16be(at + 2);
    }
    return prepared.u8(at + 9);
  }
}
