package org.internvl4j.batch;

import org.internvl4j.batch.Outcome.Called;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// What became of a request, in OpenAI's form. What a server makes up, or what depends on other
/// requests, is made of the row alone: the answer's `id`, `created` (0) and the prompt's
/// `cached_tokens` (not told).
final class CallLine {
  private CallLine() {}

  /// @param json has an object open
  /// @param times whether `created` and `cached_tokens` are told as they are
  static void answer(JsonWriter json, String id, Called called, boolean times) {
    json.field("custom_id", id)
        .object("response")
        .field("status_code", called.status())
        .field("request_id", id)
        .object("body");
    called.body().fields().forEach((name, value) -> field(json, id, name, value, times));
    json.end().end().field("error", (Json) null);
  }

  /// @param json has an object open
  static void failure(JsonWriter json, String id, Failed failed) {
    json.field("custom_id", id)
        .field("response", (Json) null)
        .object("error")
        .field("code", failed.code())
        .field("message", failed.sentence())
        .end();
  }

  private static void field(JsonWriter json, String id, String name, Json value, boolean times) {
    if (name.equals("id")) {
      json.field(name, value.asText().replaceFirst("-.*", "-") + id);
    } else if (name.equals("created") && !times) {
      json.field(name, 0);
    } else if (name.equals("usage") && !times) {
      usage(json.object(name), value);
      json.end();
    } else {
      json.field(name, value);
    }
  }

  /// All but what was cached, at whatever depth.
  private static void usage(JsonWriter json, Json usage) {
    usage
        .fields()
        .forEach((name, value) -> {
          if (value instanceof Json.Obj) {
            usage(json.object(name), value);
            json.end();
          } else if (!name.equals("cached_tokens")) {
            json.field(name, value);
          }
        });
  }
}
