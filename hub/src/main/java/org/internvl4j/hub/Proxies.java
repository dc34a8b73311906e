package org.internvl4j.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, as other programs read them; without
/// them what Java is told by its own properties.
final class Proxies extends ProxySelector {
  private final Map<String, String> environment;

  /// @throws IllegalArgumentException if a variable holds no address
  Proxies(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
    address("http");
    address("https");
  }

  @Override
  public List<Proxy> select(URI uri) {
    URI proxy = proxy(uri);
    if (proxy != null) {
      int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
      return List.of(
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
    }
    ProxySelector java = isSet() ? null : ProxySelector.getDefault();
    return java == null ? List.of(Proxy.NO_PROXY) : java.select(uri);
  }

  /// What the proxy on the way to an address wants to hear of who asks; null if nothing.
  @Nullable String authorization(URI uri) {
    URI proxy = proxy(uri);
    String user = proxy == null ? null : proxy.getUserInfo();
    return user == null
        ? null
        : "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {}

  private @Nullable URI proxy(URI uri) {
    return isDirect(String.valueOf(uri.getHost()), uri.getPort())
        ? null
        : address(String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT));
  }

  private boolean isSet() {
    return address("http") != null || address("https") != null;
  }

  private @Nullable URI address(String scheme) {
    String variable = scheme + "_proxy";
    String text = value(variable);
    if (text.isEmpty()) {
      variable = "all_proxy";
      text = value(variable);
    }
    if (text.isEmpty()) {
      return null;
    }
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      if ("http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // told below, without what may be a password
    }
    throw new IllegalArgumentException(variable + ": is no address like http://HOST:PORT");
  }

  private String value(String variable) {
    String text = environment.getOrDefault(variable, "");
    return (text.isBlank() ? environment.getOrDefault(variable.toUpperCase(Locale.ROOT), "") : text)
        .strip();
  }

  private boolean isDirect(String host, int port) {
    for (String entry : value("no_proxy").toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
      String name = entry.replaceFirst("^\\*?\\.", "");
      int colon = name.lastIndexOf(':');
      if (colon > 0 && name.substring(colon + 1).equals(String.valueOf(port))) {
        name = name.substring(0, colon);
      }
      String asked = host.toLowerCase(Locale.ROOT);
      if (entry.equals("*")
          || asked.equals(name)
          || (!name.isEmpty() && asked.endsWith("." + name))) {
        return true;
      }
    }
    return false;
  }
}
