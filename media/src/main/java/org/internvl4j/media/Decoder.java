package org.internvl4j.media;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.internvl4j.media.Prepared.Canvas;
import org.internvl4j.media.Prepared.Format;
import org.internvl4j.models.image.Picture;

/// The one place where picture data is decoded, and only after [Prepared] has checked its header.
///
/// The readers are the JDK's own and, for WebP, TwelveMonkeys'; others that an application has
/// registered are not asked, so results do not depend on the class path.
final class Decoder {
  private Decoder() {}

  /// @throws PictureException if the data is damaged
  static Picture decode(Prepared prepared) {
    return withReader(prepared, reader -> read(reader, prepared));
  }

  /// How many pixels there are to decode: those of the file's picture, or of the canvas on which it
  /// lies.
  ///
  /// @throws PictureException if the header is damaged
  static long pixels(Prepared prepared) {
    Canvas canvas = prepared.canvas();
    long whole = canvas == null ? 0 : (long) canvas.width() * canvas.height();
    return Math.max(
        whole, withReader(prepared, reader -> (long) reader.getWidth(0) * reader.getHeight(0)));
  }

  /// What a reader is asked.
  private interface Question<T> {
    T ask(ImageReader reader) throws IOException;
  }

  private static <T> T withReader(Prepared prepared, Question<T> question) {
    String name = prepared.file().name();
    try (ByteArrayImageInput input = new ByteArrayImageInput(prepared.file().bytes())) {
      ImageReader reader = reader(prepared.format());
      try {
        reader.setInput(input, true, true);
        return question.ask(reader);
      } finally {
        reader.dispose();
      }
    } catch (PictureException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The readers answer damaged data with exceptions of many kinds.
      throw new PictureException(
          "%s: the %s data cannot be decoded (%s); the file is damaged or of a rare kind, convert it to PNG"
              .formatted(name, prepared.format(), reason(e)),
          e);
    }
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message.strip();
  }

  private static Picture read(ImageReader reader, Prepared prepared) throws IOException {
    if (prepared.format() == Format.JPEG && isFourChannel(prepared.file())) {
      Raster raster = reader.readRaster(0, null);
      return RasterColours.ofAdobe(raster, JpegFile.isYcck(prepared.file()));
    }
    BufferedImage image = reader.read(0);
    Canvas canvas = prepared.canvas();
    return canvas == null
        ? RasterColours.of(image, prepared.file().name())
        : RasterColours.onCanvas(image, canvas, prepared.file().name());
  }

  private static boolean isFourChannel(SourceFile prepared) {
    return JpegFile.components(prepared) == 4;
  }

  private static ImageReader reader(Format format) throws IOException {
    if (format == Format.WEBP) {
      return new WebPImageReaderSpi().createReaderInstance(null);
    }
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name());
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule().equals(ImageIO.class.getModule())) {
        return reader;
      }
      reader.dispose();
    }
    throw new AssertionError("java.desktop reads " + format);
  }
}
