package org.internvl4j.server;

import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// In which form an interface reports errors.
enum Dialect {
  OPENAI {
    @Override
    String error(ApiException e) {
      JsonWriter json =
          new JsonWriter()
              .object()
              .object("error")
              .field("message", e.text())
              .field("type", type(e.status()));
      String param = e.param();
      return (param == null ? json.field("param", (Json) null) : json.field("param", param))
          .field("code", e.code())
          .end()
          .end()
          .toString();
    }

    private static String type(int status) {
      return switch (status) {
        case 401 -> "authentication_error";
        case 403 -> "permission_error";
        case 404 -> "not_found_error";
        case 429 -> "rate_limit_error";
        default -> status < 500 ? "invalid_request_error" : "server_error";
      };
    }
  },
  OLLAMA {
    @Override
    String error(ApiException e) {
      return new JsonWriter().object().field("error", placed(e)).end().toString();
    }

    // There is but a sentence to say where: "messages[0].images[2]: the file is not base64".
    private static String placed(ApiException e) {
      String param = e.param();
      return param == null || e.text().contains(param) ? e.text() : param + ": " + e.text();
    }
  };

  /// The body.
  abstract String error(ApiException e);
}
