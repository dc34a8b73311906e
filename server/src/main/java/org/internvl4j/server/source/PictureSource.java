package org.internvl4j.server.source;

import java.nio.file.Path;
import java.util.Locale;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;

/// Pictures as a request names them: `data:` URIs always, `http:` and `https:` from allowed hosts,
/// `file:` and plain paths below one folder, nothing else. What kind of picture it is, its bytes
/// say, whatever a media type or a file's name claims.
///
/// May be used by many threads. A fetch takes up to [SourceOptions#fetchTime()] of the caller's
/// thread and ends early when that is a virtual thread and is interrupted.
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
    byte[] bytes =
        switch (scheme(url)) {
          case "data" -> DataUri.decode(url, options.bytes());
          case "http", "https" -> fetcher.fetch(WebAddress.parse(url));
          case "file", "" -> file(url);
          default ->
              throw PictureRefusedException.notAllowed(
                  "pictures are not read from addresses of this kind; send the picture as a data: URI");
        };
    return picture(bytes);
  }

  /// The picture whose file is `base64`, without anything around it, as in Ollama's `images`.
  ///
  /// @throws PictureRefusedException if it is damaged, too large or no picture
  public PictureFile decode(String base64) {
    return picture(DataUri.base64(base64, options.bytes()));
  }

  private byte[] file(String url) {
    if (folder == null) {
      throw PictureRefusedException.notAllowed(
          "local files are not read by this server unless it is started with --media-path; send the picture as a data: URI");
    }
    return folder.read(FilePath.of(url), options.bytes());
  }

  private PictureFile picture(byte[] bytes) {
    try {
      return PictureFile.of(bytes, "picture", limits);
    } catch (PictureException e) {
      throw refused(e);
    }
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
