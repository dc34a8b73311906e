package org.internvl4j.server;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A request that is answered with an error. The message goes to the client: it names no path, no
/// address and nothing of this process.
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String code;
  private final @Nullable String param;
  private final @Nullable String retryAfter; // seconds

  private ApiException(
      int status,
      String code,
      @Nullable String message,
      @Nullable String param,
      @Nullable String retryAfter) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
  }

  ApiException(int status, String code, @Nullable String message) {
    this(status, code, message, null, null);
  }

  /// Something in the request is wrong.
  static ApiException bad(@Nullable String message) {
    return new ApiException(400, "invalid_request", message);
  }

  /// To be tried again later.
  static ApiException busy(int status, @Nullable String message, int seconds) {
    return new ApiException(status, "busy", message, null, Integer.toString(seconds));
  }

  /// The same, if it names no field yet, as one about a field.
  ///
  /// @param path `messages[0].content`; null or empty for none
  ApiException about(@Nullable String path) {
    return param != null || path == null || path.isEmpty()
        ? this
        : new ApiException(status, code, getMessage(), path, retryAfter);
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

  /// Which field of the request it is about: `messages[0].content`; null if no single one is.
  @Nullable String param() {
    return param;
  }

  @Nullable String retryAfter() {
    return retryAfter;
  }
}
