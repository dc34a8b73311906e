package org.internvl4j.media;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.image.Picture;

/// Reads JPEG, PNG, GIF (first frame), BMP, TIFF (first page) and WebP (first frame) files into
/// pictures, sample for sample as Pillow's `Image.open(file).convert("RGB")` does, and writes PNG.
///
/// Ordinary JPEG, PNG, GIF, BMP and TIFF files give the very bytes of the reference; lossy WebP may
/// differ, as may JPEG with 4:4:0 chroma. Transparency is dropped without blending, colour profiles
/// are ignored, EXIF orientation too unless asked for (Pillow turns TIFF pages upright, and so do
/// we). Size and limits are checked in the header before anything is decoded, so hostile files cost
/// little. All methods may be called by many threads.
public final class Pictures {
  private static final Pattern NAME =
      Pattern.compile(
          ".+\\.(png|jpe?g|gif|bmp|webp|tiff?)", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private Pictures() {}

  /// Whether a file is named as pictures are; what is in it is another question.
  public static boolean hasPictureName(String file) {
    return NAME.matcher(file).matches();
  }

  /// Whether a file is named as pictures are; what is in it is another question.
  public static boolean hasPictureName(Path file) {
    return hasPictureName(String.valueOf(file.getFileName()));
  }

  /// Reads a file with [PictureOptions#DEFAULT].
  ///
  /// @throws PictureException if there is no such file, it is no picture, is damaged or above a
  ///   limit
  public static Picture read(Path file) {
    return read(file, PictureOptions.DEFAULT);
  }

  /// Reads a file.
  ///
  /// @throws PictureException if there is no such file, it is no picture, is damaged or above a
  ///   limit
  public static Picture read(Path file, PictureOptions options) {
    return read(bytes(file, options), file.toString(), options);
  }

  /// The bytes of a picture file, whatever is in it. No pipe or device is opened: it may never end.
  ///
  /// @throws PictureException if there is no such file, it cannot be read or is above a limit
  public static byte[] bytes(Path file, PictureOptions options) {
    try {
      BasicFileAttributes kind = Files.readAttributes(file, BasicFileAttributes.class);
      if (!kind.isRegularFile()) {
        String found = kind.isDirectory() ? "a folder" : "a pipe or a device";
        throw new PictureException("%s: is %s, expected a picture file".formatted(file, found));
      }
      if (kind.size() > options.maxBytes()) {
        throw tooLong(file.toString(), options);
      }
      try (InputStream in = Files.newInputStream(file)) {
        return bytes(in, file.toString(), options);
      }
    } catch (NoSuchFileException e) {
      throw new PictureException("%s: there is no such file".formatted(file), e);
    } catch (AccessDeniedException e) {
      throw new PictureException("%s: may not be read; check its permissions".formatted(file), e);
    } catch (IOException e) {
      throw new PictureException(
          "%s: cannot be read: %s".formatted(file, CheckpointException.reason(e)), e);
    }
  }

  /// Reads the bytes of a file with [PictureOptions#DEFAULT].
  ///
  /// @param name what messages call it
  /// @throws PictureException if it is no picture, is damaged or above a limit
  public static Picture read(byte[] bytes, String name) {
    return read(bytes, name, PictureOptions.DEFAULT);
  }

  /// Reads the bytes of a file.
  ///
  /// @param bytes not changed, and not kept
  /// @param name what messages call it
  /// @throws PictureException if it is no picture, is damaged or above a limit
  public static Picture read(byte[] bytes, String name, PictureOptions options) {
    return PictureFile.of(bytes, name, options).read();
  }

  /// Reads a stream to its end with [PictureOptions#DEFAULT]; the caller closes it.
  ///
  /// @param name what messages call it
  /// @throws PictureException if it fails, is no picture, is damaged or above a limit
  public static Picture read(InputStream in, String name) {
    return read(in, name, PictureOptions.DEFAULT);
  }

  /// Reads a stream to its end, or to the limit of `options`; the caller closes it.
  ///
  /// @param name what messages call it
  /// @throws PictureException if it fails, is no picture, is damaged or above a limit
  public static Picture read(InputStream in, String name, PictureOptions options) {
    try {
      return read(bytes(in, name, options), name, options);
    } catch (IOException e) {
      throw new PictureException(
          "%s: cannot be read: %s".formatted(name, CheckpointException.reason(e)), e);
    }
  }

  private static byte[] bytes(InputStream in, String name, PictureOptions options)
      throws IOException {
    byte[] bytes = in.readNBytes(options.maxBytes());
    if (bytes.length == options.maxBytes() && in.read() >= 0) {
      throw tooLong(name, options);
    }
    return bytes;
  }

  static PictureException tooLong(String name, PictureOptions options) {
    return PictureException.aboveLimit(
        "%s: longer than the limit of %d bytes".formatted(name, options.maxBytes()),
        "shrink the picture, or raise maxBytes in Java");
  }

  /// A picture in memory, its samples as they lie: no colour conversion, transparency dropped.
  ///
  /// @throws PictureException if its colours are not grey, RGB, CMYK or a palette
  public static Picture of(BufferedImage image) {
    return RasterColours.of(image, "buffered image", Watch.INTERRUPT);
  }

  /// The picture as an image of type `TYPE_3BYTE_BGR`, for drawing on or showing.
  public static BufferedImage toImage(Picture picture) {
    BufferedImage image =
        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_3BYTE_BGR);
    byte[] bgr = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    picture.samples().get(bgr);
    for (int i = 0; i < bgr.length; i += 3) {
      byte red = bgr[i];
      bgr[i] = bgr[i + 2];
      bgr[i + 2] = red;
    }
    return image;
  }

  /// The bytes of a PNG file that reads back as the same picture.
  public static byte[] png(Picture picture) {
    return png(toImage(picture));
  }

  private static byte[] png(BufferedImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(image);
    } catch (IOException e) {
      throw new AssertionError("memory takes every byte", e);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  /// Writes a PNG file that reads back as the same picture, replacing what was there at once:
  /// nobody ever sees half of it.
  ///
  /// @throws PictureException if the file cannot be written; an old one is left as it was
  public static void writePng(Picture picture, Path file) {
    writePng(toImage(picture), file);
  }

  static void writePng(BufferedImage image, Path file) {
    Path part = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".incomplete");
    byte[] png = png(image);
    try {
      try {
        Files.write(part, png, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new PictureException(
          "%s: cannot be written: %s".formatted(file, CheckpointException.reason(e)), e);
    }
  }
}
