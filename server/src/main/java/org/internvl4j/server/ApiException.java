package org.internvl4j.server;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A request that is answered with an error. The message goes to the client: it names no path, no
/// address and nothing of this process.
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String code;
  private final @Nullable String retryAfter; // seconds

  private ApiException(
      int status, String code, @Nullable String message, @Nullable String retryAfter) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  ApiException(int status, String code, @Nullable String message) {
    this(status, code, message, null);
  }

  /// Something in the request is wrong.
  static ApiException bad(@Nullable String message) {
    return new ApiException(400, "invalid_request", message);
  }

  /// To be tried again later.
  static ApiException busy(int status, @Nullable String message, int seconds) {
    return new ApiException(status, "busy", message, Integer.toString(seconds));
  }

  /// What is wrong.
  String text() {
    return Objects.requireNonNullElse(getMessage(), "something went wrong");
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  @Nullable String retryAfter() {
    return retryAfter;
  }
}
