package org.internvl4j.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.serving.RefusedException;
import org.jspecify.annotations.Nullable;

/// Finds what answers a request, once it may be answered, and says in the interface's own form what
/// is wrong.
final class Router extends Handler.Abstract {
  private static final System.Logger LOG = System.getLogger(Router.class.getName());
  private static final String BEARER = "Bearer ";

  private final Guard guard;
  private final byte @Nullable [] key;
  private final Limits limits;
  private final Room room;
  private final Meters meters;
  private final Desk desk;
  private volatile @Nullable Map<String, List<Route>> byPath; // null: the model is being loaded

  Router(ServerOptions options, Guard guard, Meters meters, Desk desk) {
    this.meters = meters;
    this.desk = desk;
    this.guard = guard;
    String apiKey = options.apiKey();
    this.key = apiKey == null ? null : apiKey.getBytes(StandardCharsets.UTF_8);
    this.limits = options.limits();
    this.room = new Room(options.memory());
  }

  /// Answers from now on.
  void open(List<Route> routes) {
    byPath = routes.stream().collect(Collectors.groupingBy(Route::path));
  }

  /// All there are.
  List<Route> routes() {
    Map<String, List<Route>> all = byPath;
    return all == null ? List.of() : all.values().stream().flatMap(List::stream).toList();
  }

  /// Memory for what requests bring.
  Room room() {
    return room;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    try (Room.Share memory = room.share()) {
      Exchange exchange = new Exchange(request, response, limits, memory, desk);
      try {
        answer(exchange, request.getMethod(), Request.getPathInContext(request));
      } catch (IOException | ClientLeftException e) {
        LOG.log(System.Logger.Level.DEBUG, "server: a client has left", e);
        exchange.hangUp();
      }
      callback.succeeded();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      callback.failed(e);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.ERROR, "server: a request failed", e);
      callback.failed(e);
    }
    return true;
  }

  private void answer(Exchange exchange, String method, String path) throws Exception {
    Dialect dialect = path.startsWith("/api/") ? Dialect.OLLAMA : Dialect.OPENAI;
    try {
      if (guard.answers(exchange, method)) {
        return;
      }
      Route route = find(method, path);
      dialect = route.dialect();
      requireKey(route, exchange);
      route.action().answer(exchange);
    } catch (ClientLeftException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      report(exchange, dialect, meters.refused(error(e), e), e);
    }
  }

  private Route find(String method, String path) {
    Map<String, List<Route>> all = byPath;
    if (all == null) {
      return Plain.loading(path);
    }
    List<Route> found = all.get(path);
    if (found == null) {
      throw new ApiException(404, "not_found", "there is nothing at this path");
    }
    for (Route route : found) {
      if (route.method().equals(method)
          || (method.equals("HEAD") && route.method().equals("GET"))) {
        return route;
      }
    }
    String methods = found.stream().map(Route::method).collect(Collectors.joining(", "));
    throw new ApiException(405, "method_not_allowed", "expected " + methods);
  }

  private void requireKey(Route route, Exchange exchange) {
    String sent = exchange.header(HttpHeader.AUTHORIZATION.asString());
    if (key == null || route.isOpen() || (sent != null && isBearer(sent, key))) {
      return;
    }
    exchange.setHeader(HttpHeader.WWW_AUTHENTICATE.asString(), "Bearer");
    throw new ApiException(
        401,
        "invalid_api_key",
        sent == null
            ? "no API key: send it as Authorization: Bearer KEY"
            : "this API key is not the server's");
  }

  /// In constant time. Bytes of a header come as Latin-1, whatever their client meant by them.
  static boolean isBearer(String sent, byte[] key) {
    return sent.regionMatches(true, 0, BEARER, 0, BEARER.length())
        && MessageDigest.isEqual(
            key, sent.substring(BEARER.length()).getBytes(StandardCharsets.ISO_8859_1));
  }

  private static ApiException error(Throwable e) {
    return switch (e) {
      case ApiException api -> api;
      case PromptTooLongException tooLong ->
          new ApiException(400, "context_length_exceeded", tooLong.getMessage());
      case RefusedException refused -> refused(refused);
      case IllegalArgumentException wrong -> ApiException.bad(wrong.getMessage());
      case OutOfMemoryError _ ->
          ApiException.busy(503, "server: is out of memory for now; ask again later", 30);
      default -> new ApiException(500, "internal_error", "the server failed; its log says how");
    };
  }

  static ApiException refused(RefusedException e) {
    return switch (e.reason()) {
      case QUEUE_FULL -> ApiException.busy(429, e.getMessage(), 5);
      case CLOSING -> ApiException.busy(503, e.getMessage(), 30);
      case DEADLINE -> new ApiException(504, "timeout", e.getMessage());
      case FAILED -> new ApiException(500, "internal_error", "the server failed; its log says how");
    };
  }

  private static void report(
      Exchange exchange, Dialect dialect, ApiException error, Throwable cause) throws IOException {
    if (error.status() == 500 || cause instanceof Error) {
      LOG.log(System.Logger.Level.ERROR, "server: a request failed", cause);
    }
    if (exchange.isCommitted()) {
      throw new IOException("failed while answering", cause);
    }
    exchange.passOverBody();
    String retryAfter = error.retryAfter();
    if (retryAfter != null) {
      exchange.setHeader("Retry-After", retryAfter);
    }
    exchange.json(error.status(), dialect.error(error));
    exchange.linger();
  }
}
