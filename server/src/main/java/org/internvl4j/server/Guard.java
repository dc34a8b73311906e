package org.internvl4j.server;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Keeps web pages of others away: a browser tells in `Host` by which name it found this server and
/// in `Origin` which page asks. Neither proves anything of other programs, which need no page.
final class Guard {
  private static final List<String> THIS_MACHINE = List.of("localhost", "127.0.0.1", "[::1]");

  private final Set<String> hosts = new TreeSet<>();
  private final Set<String> origins = new TreeSet<>();

  Guard(ServerOptions options) {
    List<String> names = new ArrayList<>(options.hosts());
    names.add(options.host().contains(":") ? "[" + options.host() + "]" : options.host());
    names.addAll(THIS_MACHINE);
    names.forEach(name -> hosts.add(name.toLowerCase(Locale.ROOT)));
    options.origins().forEach(origin -> origins.add(origin.toLowerCase(Locale.ROOT)));
  }

  /// @throws IllegalArgumentException if it is none, as browsers send it
  static void requireOrigin(String origin) {
    try {
      URI uri = new URI(origin);
      if (uri.getHost() != null
          && origin.equals(uri.getScheme() + "://" + uri.getRawAuthority())
          && uri.getRawUserInfo() == null) {
        return;
      }
    } catch (URISyntaxException e) {
      // is none
    }
    throw new IllegalArgumentException(
        "--origin is " + origin + ", expected one like https://example.org, without a path");
  }

  /// Lets a request pass, tells browsers which pages of others may read what comes back, and
  /// answers a browser that asks beforehand.
  ///
  /// @return whether it is answered
  /// @throws ApiException if the request comes from a page that may not send it
  boolean answers(Exchange exchange, String method) throws IOException {
    check(exchange);
    String origin = exchange.header("Origin");
    if (origin == null || !origins.contains(origin.toLowerCase(Locale.ROOT))) {
      return false;
    }
    exchange.setHeader("Access-Control-Allow-Origin", origin);
    exchange.setHeader("Access-Control-Expose-Headers", "Retry-After, " + Exchange.PROBLEMS);
    exchange.setHeader("Vary", "Origin");
    if (!method.equals("OPTIONS") || exchange.header("Access-Control-Request-Method") == null) {
      return false;
    }
    String headers = exchange.header("Access-Control-Request-Headers");
    exchange.setHeader("Access-Control-Allow-Methods", "GET, POST");
    exchange.setHeader("Access-Control-Allow-Headers", headers == null ? "" : headers);
    exchange.setHeader("Access-Control-Max-Age", "600");
    if (exchange.header("Access-Control-Request-Private-Network") != null) {
      exchange.setHeader("Access-Control-Allow-Private-Network", "true");
    }
    exchange.empty(204);
    return true;
  }

  private void check(Exchange exchange) {
    String host = exchange.header("Host");
    if (host == null || !hosts.contains(name(host))) {
      throw new ApiException(
          403,
          "host_not_allowed",
          "this server is not to be reached by that name; see --host-name");
    }
    String origin = exchange.header("Origin");
    if (origin != null
        && !isOwn(origin, host)
        && !origins.contains(origin.toLowerCase(Locale.ROOT))) {
      throw new ApiException(
          403, "origin_not_allowed", "pages of that origin may not use this server; see --origin");
    }
    if (origin == null
        && "cross-site".equals(exchange.header("Sec-Fetch-Site"))
        && !isFollowedLink(exchange)) {
      throw new ApiException(
          403, "origin_not_allowed", "pages of other sites may not use this server; see --origin");
    }
  }

  /// Whether somebody followed a link to this server, whose answer the page with the link cannot
  /// read. Forms that are sent tell their `Origin`.
  private static boolean isFollowedLink(Exchange exchange) {
    return "navigate".equals(exchange.header("Sec-Fetch-Mode"))
        && "document".equals(exchange.header("Sec-Fetch-Dest"));
  }

  /// Whether a page of this server asks: the very same name and port.
  private static boolean isOwn(String origin, String host) {
    @Nullable String authority;
    try {
      authority = new URI(origin).getRawAuthority();
    } catch (URISyntaxException e) {
      return false;
    }
    return host.equalsIgnoreCase(authority);
  }

  /// A host without its port, in lower case.
  private static String name(String host) {
    int end = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
    return (end <= 0 ? host : host.substring(0, end)).toLowerCase(Locale.ROOT);
  }
}
