package org.internvl4j.media;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.internvl4j.media.Prepared.Canvas;
import org.internvl4j.media.Prepared.Format;
import org.jspecify.annotations.Nullable;

/// The chunks of a WebP file (RFC 9649). Only the first picture is kept: profiles, transparency and
/// further frames are not part of the result.
final class WebpFile {
  private static final int FIRST_CHUNK = 12;
  private static final int FRAME_HEADER = 16;

  private final SourceFile file;
  private final PictureOptions options;
  private int canvasWidth;
  private int canvasHeight;
  private int orientation = 1;
  private @Nullable Canvas canvas;
  private byte @Nullable [] picture;

  private WebpFile(SourceFile file, PictureOptions options) {
    this.file = file;
    this.options = options;
  }

  static Prepared prepare(SourceFile file, PictureOptions options) {
    WebpFile webp = new WebpFile(file, options);
    webp.walk(FIRST_CHUNK, Math.min(file.length(), 8 + file.u32le(4)));
    byte[] picture = webp.picture;
    if (picture == null) {
      throw file.cutOff("its WebP chunks, before a picture");
    }
    SourceFile still = new SourceFile(file.name(), picture);
    return new Prepared(still, Format.WEBP, webp.orientation, webp.canvas);
  }

  private void walk(long begin, long end) {
    long at = begin;
    while (at + 8 <= end) {
      long length = file.u32le(at + 4);
      if (at + 8 + length > file.length()) {
        throw file.cutOff("a WebP chunk at byte " + at);
      }
      chunk(file.fourCc(at), (int) at + 8, (int) length);
      at += 8 + length + (length & 1);
    }
  }

  private void chunk(String type, int at, int length) {
    switch (type) {
      case "VP8X" -> readCanvas(at);
      case "VP8 " ->
          keep(type, at, length, file.u16le(at + 6) & 0x3fff, file.u16le(at + 8) & 0x3fff);
      case "VP8L" -> {
        long sizes = file.u32le(at + 1);
        keep(type, at, length, (int) (sizes & 0x3fff) + 1, (int) (sizes >> 14 & 0x3fff) + 1);
      }
      case "ANMF" -> readFrame(at, length);
      case "EXIF" -> orientation = TiffDirectory.orientation(file, at, at + length);
      default -> {}
    }
  }

  private void readCanvas(int at) {
    canvasWidth = file.u24le(at + 4) + 1;
    canvasHeight = file.u24le(at + 7) + 1;
    options.check(file.name(), canvasWidth, canvasHeight);
  }

  private void readFrame(int at, int length) {
    if (picture != null) {
      return;
    }
    if (canvasWidth == 0) {
      throw file.damaged("the WebP animation does not say its size");
    }
    int left = 2 * file.u24le(at);
    int top = 2 * file.u24le(at + 3);
    canvas = new Canvas(canvasWidth, canvasHeight, left, top, 0);
    walk(at + FRAME_HEADER, (long) at + length);
  }

  private void keep(String type, int at, int length, int width, int height) {
    if (picture != null) {
      return;
    }
    options.check(file.name(), width, height);
    ByteArrayOutputStream out = new ByteArrayOutputStream(20 + length + 1);
    int padded = length + (length & 1);
    out.writeBytes(chunkHeader("RIFF", 4 + 8 + padded));
    out.writeBytes("WEBP".getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(chunkHeader(type, length));
    out.write(file.bytes(), at, length);
    if (padded > length) {
      out.write(0);
    }
    picture = out.toByteArray();
  }

  private static byte[] chunkHeader(String type, int length) {
    ByteBuffer header = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    return header.put(type.getBytes(StandardCharsets.ISO_8859_1)).putInt(length).array();
  }
}
