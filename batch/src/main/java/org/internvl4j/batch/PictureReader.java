package org.internvl4j.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.internvl4j.media.DecodingMemory;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.image.Picture;

/// Decodes pictures beside what the model does, few at a time: decoded ones are large, and every
/// thread that decodes is one that the model lacks. Memory for them is taken before, by what their
/// headers say.
final class PictureReader {
  private static final int MOST = 2;
  private static final int DECODING = PictureFile.DECODING - PictureFile.DECODED; // on top

  private final PictureOptions options;
  private final DecodingMemory memory;
  private final Semaphore turns = new Semaphore(MOST);

  PictureReader(PictureOptions options) {
    this(options, DecodingMemory.ofHeap());
  }

  /// @param memory of all rows together
  PictureReader(PictureOptions options, DecodingMemory memory) {
    this.options = options;
    this.memory = memory;
  }

  /// Decodes the pictures of a row, and makes of them what is kept.
  ///
  /// @param kept smaller than they are: tiles, say
  /// @throws PicturesException if there is none, or they have too many pixels
  /// @throws PictureException if one cannot be read, or they need too much memory
  <T> T read(Row.Item item, Function<List<Picture>, T> kept) throws InterruptedException {
    if (item.pictures().isEmpty()) {
      throw new PicturesException("row: has no picture, expected one or more");
    }
    turns.acquire();
    try {
      return memory.with(
          "row",
          share -> {
            List<PictureFile> files = open(item.pictures(), share);
            share.enough();
            return kept.apply(files.stream().map(PictureFile::read).toList());
          });
    } catch (OutOfMemoryError e) {
      throw new PicturesException(
          "row: there is not enough memory for its pictures (%s); shrink them, or give the heap more: INTERNVL_JAVA_OPTS=-Xmx8g"
              .formatted(e.getMessage()),
          e);
    } finally {
      turns.release();
    }
  }

  /// Reads their headers, with memory for all that comes.
  private List<PictureFile> open(List<PictureSource> pictures, DecodingMemory.Share share)
      throws InterruptedException {
    List<PictureFile> files = new ArrayList<>();
    long pixels = 0;
    long most = 0;
    for (PictureSource picture : pictures) {
      long length = picture.length();
      if (length <= options.maxBytes()) { // a longer one is refused before it is read
        share.takeFile(length);
      }
      PictureFile file = picture.open(options);
      files.add(file);
      most = Math.max(most, file.pixels());
      pixels += file.pixels();
      requireFew(pixels, pictures.size());
    }
    share.take(PictureFile.DECODED * pixels + DECODING * most); // one after the other
    return files;
  }

  /// Several pictures have the limit of requests together; one has its own.
  private void requireFew(long pixels, int pictures) {
    long limit = Math.max(PictureOptions.DEFAULT.maxPixels(), options.maxPixels());
    if (pictures > 1 && pixels > limit) {
      throw new PicturesException(
          "row: its %d pictures have more than %d pixels together; shrink them or name fewer"
              .formatted(pictures, limit));
    }
  }
}
