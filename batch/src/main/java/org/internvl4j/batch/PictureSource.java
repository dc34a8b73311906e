package org.internvl4j.batch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;

/// Where a picture comes from; it is decoded when its turn comes. Immutable.
public sealed interface PictureSource {
  /// What messages call it.
  String name();

  /// Bytes of its file; 0 if there is none.
  long length();

  /// Reads its header.
  ///
  /// @throws PictureException if it is none, is damaged or too large
  PictureFile open(PictureOptions options);

  /// The picture that a text names: a path, or a `data:` address in base64.
  ///
  /// @param folder where paths begin that are not absolute
  /// @param name what messages call a picture that has no path
  /// @throws IllegalArgumentException if it names none; its message is what was expected
  static PictureSource named(String text, Path folder, String name) {
    int data = text.indexOf(',') + 1;
    if (text.matches("[A-Za-z][A-Za-z0-9+.-]*://.*")) {
      throw new IllegalArgumentException("a path or a data: address (nothing is fetched)");
    }
    if (!text.regionMatches(true, 0, "data:", 0, 5)) {
      try {
        return new OfFile(folder.resolve(text));
      } catch (InvalidPathException e) {
        throw new IllegalArgumentException("a path or a data: address", e);
      }
    }
    if (!text.substring(0, data).toLowerCase(Locale.ROOT).endsWith(";base64,")) {
      throw new IllegalArgumentException("data:image/…;base64,…");
    }
    try {
      String base64 = text.substring(data).replaceAll("\\s", "");
      return new OfBytes(name, Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("base64", e);
    }
  }

  /// A file.
  record OfFile(Path file) implements PictureSource {
    @Override
    public String name() {
      return file.toString();
    }

    @Override
    public long length() {
      try {
        return Files.size(file);
      } catch (IOException e) {
        return 0; // opening it says why
      }
    }

    @Override
    public PictureFile open(PictureOptions options) {
      return PictureFile.of(Pictures.bytes(file, options), file.toString(), options);
    }
  }

  /// The bytes of a file, which nobody changes.
  record OfBytes(String name, byte[] bytes) implements PictureSource {
    @Override
    public long length() {
      return bytes.length;
    }

    @Override
    public PictureFile open(PictureOptions options) {
      return PictureFile.of(bytes, name, options);
    }
  }
}
