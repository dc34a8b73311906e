package org.internvl4j.server;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.serving.EngineState;

/// Routes that ask the model nothing.
final class Plain {
  private static final String HEALTH = "/health";
  private static final int LOADING = 5; // seconds to wait for

  private Plain() {}

  static List<Route> routes(Service service, Meters meters) {
    return List.of(
        new Route(
            "GET",
            HEALTH,
            Dialect.OPENAI,
            true,
            x -> x.json(service.engine().isOpen() ? 200 : 503, health(service))),
        new Route(
            "GET",
            "/metrics",
            Dialect.OPENAI,
            false,
            x ->
                x.send(
                    200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    meters.text().getBytes(StandardCharsets.UTF_8))),
        new Route("GET", "/v1/models", Dialect.OPENAI, false, x -> x.json(200, models(service))),
        new Route(
            "GET",
            "/v1/models/" + service.name(),
            Dialect.OPENAI,
            false,
            x -> x.json(200, model(new JsonWriter(), service).toString())),
        new Route(
            "POST",
            "/tokenize",
            Dialect.OPENAI,
            false,
            x -> {
              Json json = x.json();
              x.json(200, Fields.read(() -> tokenize(service, x, json)));
            }));
  }

  /// What answers while there is no model yet.
  ///
  /// @throws ApiException where nothing does
  static Route loading(String path) {
    if (!path.equals(HEALTH)) {
      throw ApiException.busy(503, "the model is being loaded; try again in a moment", LOADING);
    }
    return new Route(
        "GET",
        HEALTH,
        Dialect.OPENAI,
        true,
        x -> {
          x.setHeader("Retry-After", Integer.toString(LOADING));
          x.json(503, new JsonWriter().object().field("status", "loading").end().toString());
        });
  }

  private static String health(Service service) {
    EngineState state = service.engine().state();
    return new JsonWriter()
        .object()
        .field("status", service.engine().isOpen() ? "ready" : "ending")
        .field("waiting", state.waiting())
        .field("running", state.reading() + state.growing())
        .end()
        .toString();
  }

  private static String models(Service service) {
    JsonWriter json = new JsonWriter().object().field("object", "list").array("data");
    return model(json, service).end().end().toString();
  }

  private static JsonWriter model(JsonWriter json, Service service) {
    return json.object()
        .field("id", service.name())
        .field("object", "model")
        .field("created", service.started())
        .field("owned_by", "internvl4j")
        .field("max_model_len", service.model().context())
        .end();
  }

  private static String tokenize(Service service, Exchange exchange, Json json) {
    Json content = json.at("content");
    int[] ids = Fields.of(content, () -> service.tokenize(exchange, content.asText()));
    JsonWriter out = new JsonWriter().object().field("count", ids.length).array("tokens");
    for (int id : ids) {
      out.value(id);
    }
    return out.end().end().toString();
  }
}
