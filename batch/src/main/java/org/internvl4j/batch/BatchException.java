package org.internvl4j.batch;

/// A batch cannot be done, or not gone on with, as it is asked for. The message is one sentence;
/// what was done is kept.
public final class BatchException extends RuntimeException {
  private static final long serialVersionUID = 1;

  BatchException(String message) {
    super(message);
  }

  BatchException(String message, Throwable cause) {
    super(message, cause);
  }
}
