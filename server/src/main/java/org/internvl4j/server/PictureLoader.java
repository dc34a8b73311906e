package org.internvl4j.server;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.pdf.PdfPage;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PdfReader;
import org.internvl4j.server.source.PictureRefusedException;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.server.source.VideoReader;
import org.jspecify.annotations.Nullable;

/// The pictures of one request, frames of videos and pages of PDF files among them: where they come
/// from, and how many there may be, with how many pixels together. What is refused is the client's
/// fault, unless it is another server's.
final class PictureLoader {
  private static final long FILE = 2; // bytes for each of a file: itself, and what its reader keeps

  private final PictureSource source;
  private final Limits limits;
  private final Desk studio;
  private final Desk files;
  private final Room.Share memory;
  private final Desk.Watch client;
  private final Tiling tiling;
  private final List<String> problems = new ArrayList<>();
  private int count;
  private long pixels;

  /// @param studio where pictures are decoded, as long as the client is there
  /// @param files where PDF files are read: each seat has a process at most
  /// @param tiling how pictures will be cut
  PictureLoader(
      PictureSource source,
      Limits limits,
      Desk studio,
      Desk files,
      Room.Share memory,
      Desk.Watch client,
      Tiling tiling) {
    this.source = source;
    this.limits = limits;
    this.studio = studio;
    this.files = files;
    this.memory = memory;
    this.client = client;
    this.tiling = tiling;
  }

  /// The most pictures that it gives.
  int most() {
    return limits.pictures();
  }

  /// What is missing in pages that it gave, a sentence each.
  List<String> problems() {
    return problems;
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

  private Picture load(Supplier<PictureFile> open) {
    count(1);
    return reading(
        "picture",
        () -> {
          PictureFile file = open.get();
          return holding(
              file.length(), () -> decoded(file.pixels(), () -> studio.run(file::read, client)));
        });
  }

  /// Evenly spaced frames of the video at a URL, each of which counts as a picture.
  ///
  /// @throws ApiException if it is not allowed, not there, no video, of a kind that is not decoded
  ///   here, or has too many frames or pixels
  List<Picture> frames(String url, int frames) {
    count(frames);
    return reading(
        "video",
        () -> {
          byte[] file = source.file(url);
          return holding(
              file.length,
              () -> {
                try (VideoReader video = studio.run(() -> source.video(file), client)) {
                  return decoded(
                      video.pixels() * frames,
                      () -> studio.run(() -> video.frames(frames), client));
                }
              });
        });
  }

  /// Pages of a PDF file, each of which counts as a picture.
  ///
  /// @param data a URL, or the file in base64
  /// @param wanted the field that names them, `1-3,7`; null or blank for all
  /// @throws ApiException if it is not allowed, not there, no PDF file, has no such pages, or too
  ///   many or with too many pixels
  List<Picture> pages(String data, @Nullable Json wanted, OptionalInt maxTiles) {
    count(1);
    Tiling cut = maxTiles.isPresent() ? tiling.withMaxTiles(maxTiles.getAsInt()) : tiling;
    int most = limits.pictures() - count + 1;
    return reading(
        "file",
        () -> {
          byte[] file = source.fileOrBase64(data);
          return holding(
              file.length, () -> files.run(() -> pages(file, wanted, cut, most), client));
        });
  }

  private List<Picture> pages(byte[] file, @Nullable Json wanted, Tiling cut, int most) {
    try (PdfReader pdf = source.pdf(file, cut, most)) {
      int[] numbers = numbers(pdf, wanted);
      count(numbers.length - 1);
      List<Picture> pages = new ArrayList<>();
      for (int number : numbers) {
        pages.add(page(pdf, number));
      }
      return pages;
    }
  }

  private static int[] numbers(PdfReader pdf, @Nullable Json wanted) {
    return wanted == null ? pdf.numbers("") : Fields.of(wanted, () -> pdf.numbers(wanted.asText()));
  }

  private Picture page(PdfReader pdf, int number) {
    PdfPage page = decoded(pdf.pixels(number), () -> pdf.page(number));
    page.problems().forEach(problem -> problems.add("page " + number + ": " + problem));
    return page.picture();
  }

  /// What is decoded into so many pixels, with memory for them.
  private <T> T decoded(long more, Supplier<T> work) {
    measure(more);
    memory.take(PictureFile.DECODING * more);
    T made = work.get();
    memory.give((PictureFile.DECODING - PictureFile.DECODED) * more);
    return made;
  }

  private void count(int more) {
    count += more;
    if (count > limits.pictures()) {
      throw ApiException.bad(
          "request: has more than " + limits.pictures() + " pictures; that is the most");
    }
  }

  /// Counts pixels that are about to be decoded.
  private void measure(long more) {
    pixels += more;
    if (pixels > limits.pixels()) {
      throw new ApiException(
          400,
          "picture_too_large",
          "request: its pictures have more than %d pixels together; shrink them"
              .formatted(limits.pixels()));
    }
  }

  /// What is made with memory for the bytes of a file.
  private <T> T holding(int bytes, Supplier<T> work) {
    memory.take(FILE * bytes);
    T made = work.get();
    memory.give(FILE * bytes);
    return made;
  }

  /// @param what is read, for codes: `picture`
  private static <T> T reading(String what, Supplier<T> work) {
    try {
      return work.get();
    } catch (PictureException e) {
      throw refused(what, PictureSource.refused(e));
    } catch (PictureRefusedException e) {
      throw refused(what, e);
    }
  }

  private static ApiException refused(String what, PictureRefusedException e) {
    return switch (e.kind()) {
      case NOT_ALLOWED -> new ApiException(400, what + "_not_allowed", e.getMessage());
      case NOT_FOUND -> new ApiException(400, what + "_not_found", e.getMessage());
      case TOO_LARGE -> new ApiException(400, what + "_too_large", e.getMessage());
      case BROKEN -> new ApiException(400, "invalid_" + what, e.getMessage());
      case UNREACHABLE -> new ApiException(400, what + "_unreachable", e.getMessage());
      case BUSY -> ApiException.busy(503, e.getMessage(), 5);
    };
  }
}
