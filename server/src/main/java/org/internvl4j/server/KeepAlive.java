package org.internvl4j.server;

import java.util.regex.Pattern;
import org.internvl4j.loader.json.Json;

/// How long Ollama is to keep a model: `keep_alive`. Here it stays whatever is asked for; what is
/// no time is refused all the same, since it is a mistake.
final class KeepAlive {
  /// A duration as Go writes it, or seconds.
  private static final Pattern TIME =
      Pattern.compile("[-+]?(\\d+|((\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)");

  private KeepAlive() {}

  /// @throws ApiException if what a request says is no time
  static void check(Json request) {
    isZero(request);
  }

  /// Whether a request says that the model is to go at once: seconds, or a text as `0s`.
  ///
  /// @throws ApiException if what it says is no time
  static boolean isZero(Json request) {
    Json time = request.find("keep_alive");
    return switch (time) {
      case null -> false;
      case Json.Num number -> number.asDouble() == 0;
      case Json.Str(String text, _) when TIME.matcher(text).matches() ->
          text.chars().noneMatch(c -> c >= '1' && c <= '9');
      case Json.Str _, Json.Obj _, Json.Arr _, Json.Bool _, Json.Null _ ->
          throw Fields.wrong(time, "seconds, or a time such as 5m, 1h30m or -1");
    };
  }
}
