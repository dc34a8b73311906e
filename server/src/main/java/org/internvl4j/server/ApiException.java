package org.internvl4j.server;

import java.util.Objects;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// A request that is answered with an error. The message goes to the client: it names no path, no
/// address and nothing of this process.
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String code;
  private final @Nullable String retryAfter; // seconds
  private final @Nullable String param;

  private ApiException(
      int status,
      String code,
      @Nullable String message,
      @Nullable String retryAfter,
      @Nullable String param,
      @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.param = param;
  }

  ApiException(int status, String code, @Nullable String message) {
    this(status, code, message, null, null, null);
  }

  /// Something in the request is wrong.
  static ApiException bad(@Nullable String message) {
    return new ApiException(400, "invalid_request", message);
  }

  /// To be tried again later.
  static ApiException busy(int status, @Nullable String message, int seconds) {
    return new ApiException(status, "busy", message, Integer.toString(seconds), null, null);
  }

  /// The same, said of a field of the request, unless it is said of one already.
  ApiException in(Json field) {
    return param == null
        ? new ApiException(status, code, getMessage(), retryAfter, field.place().path(), this)
        : this;
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

  /// The field that is wrong, such as `messages[0].content[1].image_url`; null for none.
  @Nullable String param() {
    return param;
  }

  @Nullable String retryAfter() {
    return retryAfter;
  }
}
