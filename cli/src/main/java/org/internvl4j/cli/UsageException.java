package org.internvl4j.cli;

/// A command line that parses but makes no sense.
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
