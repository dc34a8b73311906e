package org.internvl4j.server;

import org.internvl4j.models.image.Picture;

/// Where pictures of requests come from.
@FunctionalInterface
interface PictureLoader {
  /// @param url what a request says: a `data:` URI, or whatever else is allowed
  /// @throws ApiException if it is not allowed, or no picture
  Picture load(String url);
}
