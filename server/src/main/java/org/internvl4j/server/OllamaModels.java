package org.internvl4j.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.internvl4j.loader.Digests;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.internvl.InternVlConfig;

/// What Ollama's clients ask about models: `GET /api/tags`, `/api/ps`, `/api/version` and `POST
/// /api/show`. There is one model, and it is loaded.
final class OllamaModels {
  private final Service service;

  private OllamaModels(Service service) {
    this.service = service;
  }

  static List<Route> routes(Service service) {
    OllamaModels models = new OllamaModels(service);
    return List.of(
        new Route("GET", "/api/tags", Dialect.OLLAMA, false, x -> x.json(200, models.list(false))),
        new Route("GET", "/api/ps", Dialect.OLLAMA, false, x -> x.json(200, models.list(true))),
        new Route("GET", "/api/version", Dialect.OLLAMA, false, x -> x.json(200, version())),
        new Route("POST", "/api/show", Dialect.OLLAMA, false, models::show));
  }

  private static String version() {
    return new JsonWriter().object().field("version", ProjectVersion.TEXT).end().toString();
  }

  private String list(boolean isRunning) {
    Instant started = Instant.ofEpochSecond(service.started());
    JsonWriter json =
        new JsonWriter()
            .object()
            .array("models")
            .object()
            .field("name", service.name())
            .field("model", service.name())
            .field("size", service.model().weightBytes())
            .field("digest", digest());
    details(json);
    if (isRunning) {
      json.field("expires_at", Instant.ofEpochSecond(253_402_300_799L).toString())
          .field("size_vram", 0)
          .field("context_length", service.model().context());
    } else {
      json.field("modified_at", started.toString());
    }
    return json.end().end().end().toString();
  }

  private void show(Exchange exchange) throws IOException {
    Json json = exchange.json();
    Fields.read(() -> {
      service.requireModel(json);
      return json;
    });
    InternVlConfig config = service.model().config();
    JsonWriter out =
        new JsonWriter()
            .object()
            .field("license", "")
            .field("modelfile", "")
            .field("parameters", "")
            .field("template", config.template())
            .field("modified_at", Instant.ofEpochSecond(service.started()).toString());
    details(out);
    out.object("model_info")
        .field("general.architecture", "internvl")
        .field("general.basename", service.name())
        .field("general.parameter_count", service.model().parameters())
        .field("internvl.context_length", service.model().context())
        .field("internvl.embedding_length", config.language().hiddenSize())
        .field("internvl.block_count", config.language().numHiddenLayers())
        .field("internvl.vision.embedding_length", config.vision().hiddenSize())
        .field("internvl.vision.block_count", config.vision().numHiddenLayers())
        .end();
    out.array("capabilities").value("completion").value("vision").value("embedding").end();
    exchange.json(200, out.end().toString());
  }

  private void details(JsonWriter json) {
    json.object("details")
        .field("parent_model", "")
        .field("format", "safetensors")
        .field("family", "internvl")
        .array("families")
        .value("internvl")
        .end()
        .field("parameter_size", size(service.model().parameters()))
        .field("quantization_level", service.model().weightType())
        .end();
  }

  /// `938.2M`, `8.1B`.
  private static String size(long parameters) {
    return parameters < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1fM", parameters * 1e-6)
        : String.format(Locale.ROOT, "%.1fB", parameters * 1e-9);
  }

  /// Of the name: clients want one to tell models apart.
  private String digest() {
    byte[] name = service.name().getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(Digests.sha256().digest(name));
  }
}
