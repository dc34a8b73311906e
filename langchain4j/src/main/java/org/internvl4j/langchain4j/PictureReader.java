package org.internvl4j.langchain4j;

import dev.langchain4j.data.image.Image;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.io.IOException;
import java.net.URI;
import java.util.Base64;
import java.util.Locale;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// Reads the pictures of messages: base64 data, data addresses, and other addresses by the
/// application's own loader.
///
/// @param options limits
/// @param loader null if there is none
record PictureReader(PictureOptions options, @Nullable PictureLoader loader) {
  /// @param number of the picture in its conversation, from 1, for messages
  /// @throws UnsupportedFeatureException if it is an address and there is no loader
  /// @throws IllegalArgumentException if it is no base64, or the loader fails
  Picture read(Image image, int number) {
    String name = "picture " + number;
    return Pictures.read(bytes(image, name), name, options);
  }

  private byte[] bytes(Image image, String name) {
    if (image.base64Data() != null) {
      return decoded(image.base64Data(), name);
    }
    URI url = image.url();
    if (url == null) {
      throw new IllegalArgumentException(name + ": has no data, expected base64 or an address");
    }
    if ("data".equalsIgnoreCase(url.getScheme())) {
      return decoded(data(url.getRawSchemeSpecificPart(), name), name);
    }
    if (loader == null) {
      throw new UnsupportedFeatureException(
          name
              + ": image addresses ("
              + url.getScheme()
              + ") are not supported without a pictureLoader; give the model one, or send base64");
    }
    try {
      return loader.load(url);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          name + ": could not be loaded from its address: " + e.getMessage(), e);
    }
  }

  private static String data(String address, String name) {
    int comma = address.indexOf(',');
    if (comma < 0 || !address.substring(0, comma).toLowerCase(Locale.ROOT).endsWith(";base64")) {
      throw new IllegalArgumentException(
          name + ": its data address is no base64, expected data:image/…;base64,…");
    }
    return address.substring(comma + 1);
  }

  private static byte[] decoded(String base64, String name) {
    try {
      return Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": is no base64: " + e.getMessage(), e);
    }
  }
}
