package org.internvl4j.media;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.CancellationException;
import java.util.regex.Pattern;
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
  /// The name of a class, or of an object of it.
  private static final Pattern CLASS = Pattern.compile("\\w@\\p{XDigit}+|\\w+\\.\\w+\\.\\w");

  private Decoder() {}

  /// @param watch is asked at least once for each scan and each 65,536 bytes of the file, and for
  ///   rows, strips or tiles of the picture
  /// @throws PictureException if the data is damaged
  /// @throws CancellationException if `watch` throws it
  static Picture decode(Prepared prepared, Watch watch) {
    return withReader(
        prepared,
        watch,
        reader -> {
          reader.addIIOReadProgressListener(new WatchedProgress(watch));
          return read(reader, prepared, watch);
        });
  }

  /// How many pixels there are to decode: those of the file's picture, or of the canvas on which it
  /// lies.
  ///
  /// @throws PictureException if the header is damaged
  static long pixels(Prepared prepared) {
    Canvas canvas = prepared.canvas();
    long whole = canvas == null ? 0 : (long) canvas.width() * canvas.height();
    return Math.max(
        whole,
        withReader(
            prepared, Watch.INTERRUPT, reader -> (long) reader.getWidth(0) * reader.getHeight(0)));
  }

  /// What a reader is asked.
  private interface Question<T> {
    T ask(ImageReader reader) throws IOException;
  }

  private static <T> T withReader(Prepared prepared, Watch watch, Question<T> question) {
    String name = prepared.file().name();
    byte[] bytes = prepared.file().bytes();
    boolean scans = prepared.format() == Format.JPEG || prepared.format() == Format.TIFF;
    try (WatchedInput input = new WatchedInput(bytes, bytes.length, scans, watch)) {
      ImageReader reader = reader(prepared.format());
      try {
        reader.setInput(input, true, true);
        return question.ask(reader);
      } finally {
        reader.dispose();
      }
    } catch (PictureException | CancellationException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The readers answer damaged data with exceptions of many kinds.
      throw new PictureException(
          "%s: the %s data cannot be decoded%s; the file is damaged or of a rare kind, convert it to PNG"
              .formatted(name, prepared.format(), reason(e)),
          e);
    }
  }

  /// What the reader said, in parentheses; nothing if it only named its own classes.
  private static String reason(Exception e) {
    String message = e.getMessage();
    return message == null || message.isBlank() || CLASS.matcher(message).find()
        ? ""
        : " (" + message.strip() + ")";
  }

  private static Picture read(ImageReader reader, Prepared prepared, Watch watch)
      throws IOException {
    if (prepared.format() == Format.JPEG && isFourChannel(prepared.file())) {
      Raster raster = reader.readRaster(0, null);
      return RasterColours.ofAdobe(raster, JpegFile.isYcck(prepared.file()), watch);
    }
    BufferedImage image = reader.read(0);
    Canvas canvas = prepared.canvas();
    return canvas == null
        ? RasterColours.of(image, prepared.file().name(), watch)
        : RasterColours.onCanvas(image, canvas, prepared.file().name(), watch);
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
