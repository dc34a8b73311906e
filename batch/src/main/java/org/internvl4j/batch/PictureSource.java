package org.internvl4j.batch;

import java.nio.file.Path;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;

/// Where a picture comes from; it is decoded when its turn comes. Immutable.
public sealed interface PictureSource {
  /// What messages call it.
  String name();

  /// Decodes it.
  ///
  /// @throws PictureException if it is none, is damaged or too large
  Picture read(PictureOptions options);

  /// A file.
  record OfFile(Path file) implements PictureSource {
    @Override
    public String name() {
      return file.toString();
    }

    @Override
    public Picture read(PictureOptions options) {
      return Pictures.read(file, options);
    }
  }

  /// The bytes of a file, which nobody changes.
  record OfBytes(String name, byte[] bytes) implements PictureSource {
    @Override
    public Picture read(PictureOptions options) {
      return Pictures.read(bytes, name, options);
    }
  }
}
