package org.internvl4j.hub;

import java.io.IOException;

/// The server was asked for a part of a file and sends all of it.
final class RangesIgnoredException extends IOException {
  private static final long serialVersionUID = 1;

  RangesIgnoredException(String host) {
    super(host + ": ignores ranges");
  }
}
