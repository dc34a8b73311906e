package org.internvl4j.server;

import java.io.IOException;

/// The client has left while its request was being read: there is nobody to be answered.
final class ClientLeftException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ClientLeftException(IOException cause) {
    super(cause);
  }
}
