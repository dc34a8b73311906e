package org.internvl4j.server.source;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A host and a port as they stand in a URL, in one spelling only: what other programs would take
/// for the address of something else (`0x7f.1`, `2130706433`, `127.0.0.1.`) is no host here.
///
/// @param host a name in lower case, `1.2.3.4` or `[2606:4700::1111]`, the latter in one form
/// @param literal the address if the host is one; null for a name
/// @param port 1 to 65535; 0 if none is written
record HostPort(String host, @Nullable InetAddress literal, int port) {
  private static final int LONGEST_NAME = 253;
  private static final String LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  private static final Pattern NAME = Pattern.compile(LABEL + "(?:\\." + LABEL + ")*+");
  private static final Pattern LAST_IS_NUMBER = Pattern.compile("(?:.*\\.)?(?:\\d+|0x[0-9a-f]*)");
  private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern IPV4 = Pattern.compile(BYTE + "(?:\\." + BYTE + "){3}");
  private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-f:.]{2,45}\\]");
  private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");

  /// @return null if it is not written as a host, or a host, a colon and a port
  static @Nullable HostPort parse(String text) {
    int colon = text.indexOf(':', text.lastIndexOf(']') + 1);
    int port = 0;
    if (colon >= 0) {
      String digits = text.substring(colon + 1);
      port = PORT.matcher(digits).matches() ? Integer.parseInt(digits) : 0;
      if (port == 0 || port > 0xffff) {
        return null;
      }
    }
    // ASCII only: lower case must not make letters of signs that are none
    String host = colon < 0 ? text : text.substring(0, colon);
    return host.chars().allMatch(c -> c < 128) ? of(host.toLowerCase(Locale.ROOT), port) : null;
  }

  private static @Nullable HostPort of(String host, int port) {
    if (IPV4.matcher(host).matches()) {
      return new HostPort(host, Inet4Address.ofLiteral(host), port);
    }
    if (IPV6.matcher(host).matches()) {
      Inet6Address address = ipv6(host.substring(1, host.length() - 1));
      return address == null
          ? null
          : new HostPort("[" + address.getHostAddress() + "]", address, port);
    }
    boolean isName =
        host.length() <= LONGEST_NAME
            && NAME.matcher(host).matches()
            && !LAST_IS_NUMBER.matcher(host).matches();
    return isName ? new HostPort(host, null, port) : null;
  }

  private static @Nullable Inet6Address ipv6(String text) {
    try {
      // IPv4 in IPv6's clothes comes back as IPv4 and is not taken: it has a spelling of its own
      return InetAddress.ofLiteral(text) instanceof Inet6Address ipv6
          ? Inet6Address.getByAddress(null, ipv6.getAddress(), -1)
          : null;
    } catch (IllegalArgumentException | UnknownHostException e) {
      return null;
    }
  }
}
