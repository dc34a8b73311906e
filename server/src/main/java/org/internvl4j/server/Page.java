package org.internvl4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Digests;
import org.jspecify.annotations.Nullable;

/// The page at `/`, for people without a client: plain files of this module, each at a path of its
/// own, so that no path of a request ever names a file. It needs no key; what it asks for does.
final class Page {
  private static final String ROOT = "/page/";
  private static final String START = "index.html";

  /// All there are, below [#ROOT].
  static final List<String> FILES =
      List.of(
          START,
          "style.css",
          "theme.js",
          "app.js",
          "api.js",
          "claims.js",
          "composer.js",
          "conversations.js",
          "dialogs.js",
          "elements.js",
          "grounding.js",
          "markdown.js",
          "messages.js",
          "pictures.js",
          "request.js",
          "settings.js",
          "sidebar.js",
          "store.js",
          "tabs.js",
          "texts.js",
          "icon.svg",
          "vendor/marked.esm.js",
          "vendor/purify.es.mjs",
          "vendor/THIRD-PARTY.txt");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "mjs", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml",
          "txt", "text/plain; charset=utf-8");

  /// Nothing but what comes from here: no code or style inside the page, no other host.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
          + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private Page() {}

  /// The routes: `/` and one a file.
  static List<Route> routes() {
    List<Route> routes =
        new ArrayList<>(FILES.stream().map(file -> route(ROOT + file, file)).toList());
    routes.addFirst(route("/", START));
    return List.copyOf(routes);
  }

  private static Route route(String path, String file) {
    byte[] body = read(file);
    String type = type(file);
    String tag = tag(body);
    return new Route("GET", path, Dialect.OPENAI, true, x -> answer(x, type, tag, body));
  }

  private static void answer(Exchange exchange, String type, String tag, byte[] body)
      throws IOException {
    exchange.setHeader("Content-Security-Policy", POLICY);
    exchange.setHeader("X-Content-Type-Options", "nosniff");
    exchange.setHeader("Referrer-Policy", "no-referrer");
    exchange.setHeader("Cache-Control", "no-cache"); // kept, but asked for again
    exchange.setHeader("ETag", tag);
    if (isKnown(exchange.header("If-None-Match"), tag)) {
      exchange.empty(304);
    } else {
      exchange.send(200, type, body);
    }
  }

  /// Whether the browser has these very bytes.
  private static boolean isKnown(@Nullable String tags, String tag) {
    return tags != null && (tags.strip().equals("*") || tags.contains(tag));
  }

  private static String type(String file) {
    String type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
    if (type == null) {
      throw new AssertionError("page: " + file + " has no content type");
    }
    return type;
  }

  private static String tag(byte[] body) {
    byte[] hash = Digests.sha256().digest(body);
    return '"' + HexFormat.of().formatHex(hash, 0, 16) + '"';
  }

  private static byte[] read(String file) {
    try (InputStream in = Page.class.getResourceAsStream("page/" + file)) {
      if (in == null) {
        throw new AssertionError("page: the jar lacks " + file);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("page: " + file + " cannot be read from its jar", e);
    }
  }
}
