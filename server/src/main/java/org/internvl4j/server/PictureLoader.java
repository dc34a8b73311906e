package org.internvl4j.server;

import org.internvl4j.models.image.Picture;
import org.internvl4j.server.source.PictureRefusedException;
import org.internvl4j.server.source.PictureSource;

/// Where pictures of requests come from; what is refused is the client's fault, unless it is
/// another server's.
record PictureLoader(PictureSource source) {
  /// The picture at a URL.
  ///
  /// @throws ApiException if it is not allowed, not there, or no picture
  Picture url(String url) {
    try {
      return source.open(url);
    } catch (PictureRefusedException e) {
      throw refused(e);
    }
  }

  /// The picture whose file this is, in base64; or a URL, since clients send both.
  ///
  /// @throws ApiException if it is not allowed, not there, or no picture
  Picture base64(String text) {
    if (text.startsWith("data:")) {
      return url(text);
    }
    try {
      return source.decode(text);
    } catch (PictureRefusedException e) {
      throw refused(e);
    }
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
