package org.internvl4j.batch;

import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.image.Picture;

/// Decodes pictures beside what the model does, few at a time: decoded ones are large, and every
/// thread that decodes is one that the model lacks.
final class PictureReader {
  private static final int MOST = 2;

  private final PictureOptions options;
  private final Semaphore turns = new Semaphore(MOST);

  PictureReader(PictureOptions options) {
    this.options = options;
  }

  /// Decodes the pictures of a row, and makes of them what is kept.
  ///
  /// @param kept smaller than they are: tiles, say
  <T> T read(Row.Item item, Function<List<Picture>, T> kept) throws InterruptedException {
    turns.acquire();
    try {
      return kept.apply(item.pictures().stream().map(source -> source.read(options)).toList());
    } finally {
      turns.release();
    }
  }
}
