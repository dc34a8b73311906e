package org.internvl4j.server.source;

import org.jspecify.annotations.Nullable;

/// An `http:` or `https:` URL, taken apart strictly: one way of reading it, so that what is checked
/// is what is asked.
///
/// @param secure whether it is `https:`
/// @param at whom to ask
/// @param target what to ask for: path and query, `/` at least
record WebAddress(boolean secure, HostPort at, String target) {
  private static final int LONGEST = 8192;

  /// @throws PictureRefusedException if it is not written as such a URL, or holds a password
  static WebAddress parse(String url) {
    int start = url.indexOf(':') + 1;
    if (url.length() > LONGEST) {
      throw PictureRefusedException.notAllowed(
          "the address of the file is longer than the limit of " + LONGEST + " characters");
    }
    if (!url.startsWith("//", start) || !url.codePoints().allMatch(WebAddress::isSafe)) {
      throw malformed();
    }
    int end = start + 2;
    while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
      end++;
    }
    String authority = url.substring(start + 2, end);
    if (authority.indexOf('@') >= 0) {
      throw PictureRefusedException.notAllowed(
          "the address of the file holds a user name; files are fetched without one");
    }
    HostPort at = HostPort.parse(authority);
    if (at == null) {
      throw malformed();
    }
    boolean secure = start == "https:".length();
    return new WebAddress(secure, at, target(url.substring(end)));
  }

  /// Neither blank nor control, and no backslash, which some take for a slash.
  private static boolean isSafe(int c) {
    boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    return c > ' ' && c != '\\' && !Character.isISOControl(c) && !half;
  }

  private static String target(String rest) {
    int fragment = rest.indexOf('#');
    String target = Percent.encode(fragment < 0 ? rest : rest.substring(0, fragment));
    return target.startsWith("/") ? target : "/" + target;
  }

  private static PictureRefusedException malformed() {
    return PictureRefusedException.notAllowed(
        "the address of the file is not written like https://example.org/cat.png; hosts are ASCII names, 1.2.3.4 or [2606:4700::1111], without blanks, backslashes or control characters");
  }

  int defaultPort() {
    return secure ? 443 : 80;
  }

  int port() {
    return at.port() == 0 ? defaultPort() : at.port();
  }

  /// The host, and the port where it is not the usual one, as the `Host` header says it.
  String authority() {
    return port() == defaultPort() ? at.host() : at.host() + ":" + port();
  }

  /// The host as a certificate names it; null for an address.
  @Nullable String serverName() {
    return at.literal() == null ? at.host() : null;
  }
}
