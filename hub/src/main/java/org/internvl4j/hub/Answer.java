package org.internvl4j.hub;

import java.net.URI;
import java.net.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// What a server answers; its body has yet to be read.
///
/// @param uri where it came from, after redirects
/// @param fromHub whether that is the hub itself
record Answer(URI uri, boolean fromHub, int status, HttpHeaders headers, Body body)
    implements AutoCloseable {
  static final int OK = 200;
  static final int PARTIAL = 206;
  static final int OUT_OF_RANGE = 416;

  String host() {
    return String.valueOf(uri.getHost());
  }

  /// A header without control characters, or null if it was not sent.
  @Nullable String header(String name) {
    return headers.firstValue(name).map(text -> text.replaceAll("\\p{Cntrl}", "?")).orElse(null);
  }

  /// A header that is a number not below 0; -1 if it was not sent or is something else.
  long number(String name) {
    String text = header(name);
    return text != null && text.matches("\\d{1,18}") ? Long.parseLong(text) : -1;
  }

  @Override
  public void close() {
    body.close();
  }
}
