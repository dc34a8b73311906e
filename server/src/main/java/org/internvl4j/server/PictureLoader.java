package org.internvl4j.server;

import java.util.function.Supplier;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.source.PictureRefusedException;
import org.internvl4j.server.source.PictureSource;

/// The pictures of one request: where they come from, and how many there may be, with how many
/// pixels together. What is refused is the client's fault, unless it is another server's.
final class PictureLoader {
  private static final int DECODING = 12; // bytes a pixel
  private static final int DECODED = 3;

  private final PictureSource source;
  private final Limits limits;
  private final Desk desk;
  private final Room.Share memory;
  private int count;
  private long pixels;

  PictureLoader(PictureSource source, Limits limits, Desk desk, Room.Share memory) {
    this.source = source;
    this.limits = limits;
    this.desk = desk;
    this.memory = memory;
  }

  /// The picture at a URL.
  ///
  /// @throws ApiException if it is not allowed, not there, no picture, or one too many
  Picture url(String url) {
    return load(() -> source.open(url));
  }

  /// The picture whose file this is, in base64; or a URL, since clients send both.
  ///
  /// @throws ApiException if it is not allowed, not there, no picture, or one too many
  Picture base64(String text) {
    return text.startsWith("data:") ? url(text) : load(() -> source.decode(text));
  }

  private Picture load(Supplier<PictureFile> source) {
    if (++count > limits.pictures()) {
      throw ApiException.bad(
          "request: has more than " + limits.pictures() + " pictures; that is the most");
    }
    try {
      return decode(source.get());
    } catch (PictureException e) {
      throw refused(PictureSource.refused(e));
    } catch (PictureRefusedException e) {
      throw refused(e);
    }
  }

  private Picture decode(PictureFile file) {
    pixels += file.pixels();
    if (pixels > limits.pixels()) {
      throw new ApiException(
          400,
          "picture_too_large",
          "request: its pictures have more than %d pixels together; shrink them"
              .formatted(limits.pixels()));
    }
    memory.take(DECODING * file.pixels());
    Picture picture = desk.run(file::read);
    memory.give((DECODING - DECODED) * file.pixels());
    return picture;
  }

  private static ApiException refused(PictureRefusedException e) {
    return switch (e.kind()) {
      case NOT_ALLOWED -> new ApiException(400, "picture_not_allowed", e.getMessage());
      case NOT_FOUND -> new ApiException(400, "picture_not_found", e.getMessage());
      case TOO_LARGE -> new ApiException(400, "picture_too_large", e.getMessage());
      case BROKEN -> new ApiException(400, "invalid_picture", e.getMessage());
      case UNREACHABLE -> new ApiException(400, "picture_unreachable", e.getMessage());
    };
  }
}
