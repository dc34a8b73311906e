package org.internvl4j.server.source;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Who is behind an address, after the registries of special-purpose addresses (RFC 6890) and of
/// IPv6 unicast, of which only what is handed out is public.
enum AddressKind {
  /// Somebody on the internet.
  PUBLIC,
  /// This machine or one of the networks around it.
  PRIVATE,
  /// Nobody from whom pictures come: link-local, multicast, documentation, tunnels, the places
  /// where clouds tell their machines secrets.
  RESERVED;

  private record Range(byte[] prefix, int bits) {
    static Range parse(String text) {
      int slash = text.indexOf('/');
      byte[] prefix = InetAddress.ofLiteral(text.substring(0, slash)).getAddress();
      return new Range(prefix, Integer.parseInt(text.substring(slash + 1)));
    }

    boolean contains(byte[] address) {
      if (address.length != prefix.length) {
        return false;
      }
      int whole = bits / 8;
      int mask = 0xff00 >> bits % 8 & 0xff;
      return Arrays.equals(address, 0, whole, prefix, 0, whole)
          && (mask == 0 || (address[whole] & mask) == (prefix[whole] & mask));
    }
  }

  private static final List<Range> METADATA =
      ranges("168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::/32", "fd20:ce::/32");
  private static final List<Range> AROUND =
      ranges(
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "::1/128",
          "fc00::/7");
  private static final List<Range> SPECIAL =
      ranges(
          "0.0.0.0/8",
          "169.254.0.0/16",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "224.0.0.0/4",
          "240.0.0.0/4",
          "2001::/23", // Teredo and other experiments
          "2001:db8::/32",
          "2002::/16", // 6to4
          "3fff::/20");
  private static final Range UNICAST = Range.parse("2000::/3");
  private static final Range TRANSLATED = Range.parse("64:ff9b::/96");

  private static List<Range> ranges(String... texts) {
    return Stream.of(texts).map(Range::parse).toList();
  }

  private static boolean isIn(List<Range> ranges, byte[] address) {
    return ranges.stream().anyMatch(range -> range.contains(address));
  }

  static AddressKind of(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (isIn(METADATA, bytes)) {
      return RESERVED;
    }
    if (isIn(AROUND, bytes)) {
      return PRIVATE;
    }
    if (TRANSLATED.contains(bytes)) {
      return ipv4(Arrays.copyOfRange(bytes, 12, 16)) == PUBLIC ? PUBLIC : RESERVED;
    }
    boolean handedOut = bytes.length == 4 || UNICAST.contains(bytes);
    return handedOut && !isIn(SPECIAL, bytes) ? PUBLIC : RESERVED;
  }

  private static AddressKind ipv4(byte[] bytes) {
    try {
      return of(InetAddress.getByAddress(bytes));
    } catch (UnknownHostException e) {
      throw new AssertionError("four bytes are an address", e);
    }
  }
}
