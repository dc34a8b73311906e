package org.internvl4j.server.source;

import java.nio.file.Path;
import java.util.Locale;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;

/// Pictures as a request names them, frames of videos and pages of PDF files among them: `data:`
/// URIs always, `http:` and `https:` from allowed hosts, `file:` and plain paths below one folder,
/// nothing else. What kind of file it is, its bytes say, whatever a media type or a file's name
/// claims.
///
/// May be used by many threads. A fetch takes up to [SourceOptions#times()] of the caller's thread
/// and ends early when that is a virtual thread and is interrupted.
public final class PictureSource {
  private static final int LONGEST_SCHEME = 32;

  private final SourceOptions options;
  private final PictureOptions limits;
  private final Fetcher fetcher;
  private final @Nullable MediaFolder folder;

  /// @throws IllegalArgumentException if the media path is no folder
  public PictureSource(SourceOptions options) {
    this(options, new Fetcher(options));
  }

  PictureSource(SourceOptions options, Fetcher fetcher) {
    Path path = options.mediaPath();
    this.options = options;
    this.fetcher = fetcher;
    this.folder = path == null ? null : new MediaFolder(path);
    this.limits =
        PictureOptions.DEFAULT.withMaxPixels(options.pixels()).withMaxBytes(options.bytes());
  }

  /// The picture behind the `url` of an `image_url`, of which the header is read.
  ///
  /// @throws PictureRefusedException if it may not be read, cannot be, or is none
  public PictureFile open(String url) {
    return picture(file(url));
  }

  /// The picture whose file is `base64`, without anything around it, as in Ollama's `images`.
  ///
  /// @throws PictureRefusedException if it is damaged, too large or no picture
  public PictureFile decode(String base64) {
    return picture(DataUri.base64(base64, options.bytes()));
  }

  private PictureFile picture(byte[] file) {
    try {
      return PictureFile.of(file, "picture", limits);
    } catch (PictureException e) {
      throw refused(e);
    }
  }

  /// A video, of which the header is read.
  ///
  /// @throws PictureRefusedException if it is none, damaged, of a kind that is not decoded here, or
  ///   above a limit
  public VideoReader video(byte[] file) {
    return VideoReader.of(file, options);
  }

  /// A PDF file.
  ///
  /// @param tiling how the pictures will be cut
  /// @param most pages that may be asked for, at least 1
  /// @throws PictureRefusedException if it is none, damaged, or above a limit
  public PdfReader pdf(byte[] file, Tiling tiling, int most) {
    return PdfReader.of(file, tiling, most, options);
  }

  /// The bytes of the file in the `file_data` of a `file`: behind its URL, or in base64 without
  /// anything around it.
  ///
  /// @throws PictureRefusedException if it may not be read, or cannot be
  public byte[] fileOrBase64(String data) {
    return scheme(data).isEmpty() ? DataUri.base64(data, options.bytes()) : file(data);
  }

  /// The bytes of the file behind a URL.
  ///
  /// @throws PictureRefusedException if it may not be read, or cannot be
  public byte[] file(String url) {
    return switch (scheme(url)) {
      case "data" -> DataUri.decode(url, options.bytes());
      case "http", "https" -> fetcher.fetch(WebAddress.parse(url));
      case "file", "" -> below(url);
      default ->
          throw PictureRefusedException.notAllowed(
              "nothing is read from addresses of this kind; send the file as a data: URI");
    };
  }

  private byte[] below(String url) {
    if (folder == null) {
      throw PictureRefusedException.notAllowed(
          "local files are not read by this server unless it is started with --media-path; send the file as a data: URI");
    }
    return folder.read(FilePath.of(url), options.bytes());
  }

  /// A file that is no picture, or not one that can be read.
  public static PictureRefusedException refused(PictureException e) {
    return e.isAboveLimit()
        ? new PictureRefusedException(Kind.TOO_LARGE, e.what() + "; shrink it", e)
        : new PictureRefusedException(Kind.BROKEN, e.what(), e);
  }

  /// What stands before the first colon, in lower case, if that can be a scheme; nothing else.
  private static String scheme(String url) {
    for (int i = 0; i < Math.min(url.length(), LONGEST_SCHEME); i++) {
      char c = url.charAt(i);
      if (c == ':') {
        return url.substring(0, i).toLowerCase(Locale.ROOT);
      }
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      boolean other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
      if (!letter && (i == 0 || !other)) {
        return "";
      }
    }
    return "";
  }
}
