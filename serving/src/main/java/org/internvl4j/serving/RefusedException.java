package org.internvl4j.serving;

/// An [Engine] does not answer a request, or not any longer.
public final class RefusedException extends RuntimeException {
  /// Why.
  public enum Reason {
    /// As many wait as may: to be asked again later.
    QUEUE_FULL,
    /// The deadline of the request has passed.
    DEADLINE,
    /// The engine is closing.
    CLOSING,
    /// Answering it failed; the cause says how.
    FAILED
  }

  private static final long serialVersionUID = 1;

  private final Reason reason;

  public RefusedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  RefusedException(String message, Throwable cause) {
    super(message, cause);
    this.reason = Reason.FAILED;
  }

  public Reason reason() {
    return reason;
  }
}
