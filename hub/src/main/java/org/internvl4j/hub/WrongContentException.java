package org.internvl4j.hub;

import java.io.IOException;

/// A server sends something else than what was listed: another try would bring it again.
final class WrongContentException extends IOException {
  private static final long serialVersionUID = 1;

  WrongContentException(String message) {
    super(message);
  }
}
