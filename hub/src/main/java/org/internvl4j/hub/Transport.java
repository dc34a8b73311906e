package org.internvl4j.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Requests to the hub and to where it sends us. Redirects are followed by hand: the token goes to
/// the hub alone, and not there either once a redirect has led elsewhere. Safe for use by several
/// threads.
final class Transport implements AutoCloseable {
  private static final int MAX_REDIRECTS = 8;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Set<Integer> BUSY = Set.of(408, 429);
  private static final Pattern ILLEGAL = Pattern.compile("[^!-~]|[\"<>\\\\^`{|}]");

  private final HubSettings settings;
  private final HttpClient client;

  Transport(HubSettings settings) {
    this.settings = settings;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // a connection a range, not one for all
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.patience())
            .proxy(settings.proxies())
            .build();
  }

  /// Asks for an address, wherever it leads.
  ///
  /// @param range the header of that name; null for everything
  /// @return any status but those that are worth another try
  /// @throws TransientException if another try is worth while
  Answer get(URI uri, @Nullable String range) throws IOException, InterruptedException {
    return send("GET", uri, range, true);
  }

  /// Asks the hub for the headers of an address; redirects to other hosts are not followed.
  Answer head(URI uri) throws IOException, InterruptedException {
    return send("HEAD", uri, null, false);
  }

  private Answer send(String method, URI uri, @Nullable String range, boolean leaving)
      throws IOException, InterruptedException {
    URI at = uri;
    boolean home = isHub(at);
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Answer answer = requireTime(once(method, at, range, home));
      String location = answer.header("Location");
      if (!REDIRECTS.contains(answer.status()) || location == null) {
        return answer;
      }
      URI next = next(at, location);
      if (!leaving && !isHub(next)) {
        return answer;
      }
      answer.close();
      home &= isHub(next);
      at = next;
    }
    throw new IOException(uri.getHost() + ": more than " + MAX_REDIRECTS + " redirects");
  }

  private Answer once(String method, URI uri, @Nullable String range, boolean home)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .setHeader("User-Agent", "internvl4j")
            .setHeader("Accept-Encoding", "identity");
    if (range != null) {
      request.setHeader("Range", range);
    }
    if (home && settings.token() != null) {
      request.setHeader("Authorization", "Bearer " + settings.token());
    }
    String proxied = settings.proxies().authorization(uri);
    if (proxied != null) {
      request.setHeader("Proxy-Authorization", proxied);
    }
    String host = String.valueOf(uri.getHost());
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = await(host, request.build());
    Body body = new Body(host, settings.patience(), response.body());
    return new Answer(uri, home, response.statusCode(), response.headers(), body);
  }

  /// The client's own limit would hold for the whole body on some versions of Java.
  private HttpResponse<Flow.Publisher<List<ByteBuffer>>> await(String host, HttpRequest request)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> sent =
        client.sendAsync(request, BodyHandlers.ofPublisher());
    try {
      return sent.get(settings.patience().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      sent.cancel(true);
      throw e;
    } catch (TimeoutException e) {
      sent.cancel(true);
      throw new TransientException(
          host + ": no answer for " + settings.patience().toSeconds() + " s", null, e);
    } catch (ExecutionException e) {
      throw failure(host, e.getCause() == null ? e : e.getCause());
    }
  }

  private static IOException failure(String host, Throwable cause) {
    return switch (cause) {
      case SSLException ssl ->
          new IOException(host + ": no secure connection: " + reason(ssl), ssl);
      case HttpTimeoutException e ->
          new TransientException(host + ": no connection in time", null, e);
      case ConnectException e when e.getCause() instanceof UnresolvedAddressException ->
          new TransientException(host + ": no such host, or no network", null, e);
      case ConnectException e ->
          new TransientException(host + ": no connection: " + reason(e), null, e);
      case ProtocolException e -> new IOException(host + ": answers what is no HTTP", e);
      case IOException e ->
          new TransientException(host + ": the connection broke: " + reason(e), null, e);
      default -> new IOException(host + ": " + cause, cause);
    };
  }

  private static String reason(IOException e) {
    return e.getMessage() == null
        ? "it does not answer"
        : e.getMessage().replaceAll("\\p{Cntrl}", "?");
  }

  /// The answer, unless the server has no time for one.
  private static Answer requireTime(Answer answer) throws TransientException {
    if (answer.status() < 500 && !BUSY.contains(answer.status())) {
      return answer;
    }
    answer.close();
    String what =
        answer.status() == 429 ? " asks for fewer requests (429)" : " answers " + answer.status();
    throw new TransientException(answer.host() + what, wait(answer.header("Retry-After")), null);
  }

  /// `120` or `Wed, 21 Oct 2026 07:28:00 GMT`
  private static @Nullable Duration wait(@Nullable String after) {
    if (after == null) {
      return null;
    }
    if (after.strip().matches("\\d{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(after.strip()));
    }
    try {
      Instant then = ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Duration.between(Instant.now(), then);
    } catch (DateTimeException e) {
      return null;
    }
  }

  // ---- redirects

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equals(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && port(hub) == port(uri);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  /// Where a redirect leads.
  ///
  /// @throws IOException if that is no address of the web, or from https to http
  static URI next(URI at, String location) throws IOException {
    URI next;
    try {
      next = at.resolve(new URI(escaped(location)));
    } catch (URISyntaxException e) {
      throw new IOException(at.getHost() + ": leads to what is no address", e);
    }
    String scheme = String.valueOf(next.getScheme()).toLowerCase(Locale.ROOT);
    if (next.getHost() == null
        || next.getUserInfo() != null
        || !Set.of("http", "https").contains(scheme)) {
      throw new IOException(at.getHost() + ": leads to what is no address of the web");
    }
    if ("https".equals(at.getScheme()) && !scheme.equals("https")) {
      throw new IOException(
          at.getHost() + ": leads from https to http (" + next.getHost() + "); not followed");
    }
    return next;
  }

  /// Signed addresses hold signs that URIs may not.
  private static String escaped(String location) {
    return ILLEGAL
        .matcher(location)
        .replaceAll(
            found -> Matcher.quoteReplacement("%%%02X".formatted((int) found.group().charAt(0))));
  }

  /// Breaks off what is still going on.
  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
