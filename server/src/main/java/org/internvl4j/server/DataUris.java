package org.internvl4j.server;

import java.util.Base64;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;

/// Pictures that come in the request itself.
final class DataUris implements PictureLoader {
  private final PictureOptions options;

  DataUris(Limits limits) {
    this.options = PictureOptions.DEFAULT.withMaxPixels(limits.pixels());
  }

  @Override
  public Picture load(String url) {
    int comma = url.indexOf(',');
    String base64 = url.startsWith("data:") ? url.substring(comma + 1) : url;
    try {
      return Pictures.read(Base64.getDecoder().decode(base64), "the picture", options);
    } catch (IllegalArgumentException e) {
      throw ApiException.bad("the picture: is not base64");
    } catch (PictureException e) {
      throw ApiException.bad(e.getMessage());
    }
  }
}
