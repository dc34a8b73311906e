package org.internvl4j.server.source;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// From where pictures may be fetched: what `--picture-hosts` says. Immutable.
///
/// Each entry is `HOST` or `*.HOST` (every name below it, not itself), then perhaps `:PORT`, then
/// perhaps `=private`. Without a port only that of the scheme is allowed, 80 or 443. Whatever a
/// name is allowed, it may only lead to public addresses, unless its entry says `=private`: then
/// also to this machine and to the private networks around it, but never to link-local addresses or
/// to those where clouds keep their secrets.
public final class AllowedHosts {
  /// Pictures are fetched from nowhere, unless a server is started otherwise.
  public static final AllowedHosts NONE =
      new AllowedHosts(
          List.of(),
          "from this host unless the server is started with --picture-hosts %s; send the file as a"
              + " data: URI");

  /// Pictures are fetched from nowhere, and there is no server that could be started otherwise.
  public static final AllowedHosts NEVER =
      new AllowedHosts(
          List.of(), "here; save the file and name its path, or send it as a data: URI");

  /// What may be done with a host.
  enum Verdict {
    REFUSED,
    PUBLIC,
    PRIVATE
  }

  private record Entry(HostPort at, boolean below, boolean mayBePrivate) {
    boolean allows(WebAddress address) {
      HostPort asked = address.at();
      boolean sameHost =
          below ? asked.host().endsWith("." + at.host()) : asked.host().equals(at.host());
      int wanted = at.port() == 0 ? address.defaultPort() : at.port();
      return sameHost && address.port() == wanted;
    }
  }

  private final List<Entry> entries;
  private final String otherwise;

  /// @param otherwise where nothing is fetched, and what to do instead
  private AllowedHosts(List<Entry> entries, String otherwise) {
    this.entries = List.copyOf(entries);
    this.otherwise = otherwise;
  }

  /// @throws IllegalArgumentException if an entry is not written as above
  public static AllowedHosts of(List<String> entries) {
    List<Entry> all = new ArrayList<>();
    for (String text : entries) {
      Entry entry = entry(text.strip());
      if (entry == null) {
        throw new IllegalArgumentException(
            "--picture-hosts: '%s' is no host; expected one like example.org, *.example.org, example.org:8080 or intranet.example=private"
                .formatted(text));
      }
      all.add(entry);
    }
    return new AllowedHosts(all, NONE.otherwise);
  }

  private static @Nullable Entry entry(String text) {
    boolean mayBePrivate = text.endsWith("=private");
    String host = mayBePrivate ? text.substring(0, text.lastIndexOf('=')) : text;
    boolean below = host.startsWith("*.");
    HostPort at = HostPort.parse(below ? host.substring(2) : host);
    return at == null || (below && at.literal() != null)
        ? null
        : new Entry(at, below, mayBePrivate);
  }

  /// What is said of a host that is not among them.
  String refusal(String host) {
    return host + ": nothing is fetched " + otherwise.formatted(host);
  }

  Verdict verdict(WebAddress address) {
    Verdict verdict = Verdict.REFUSED;
    for (Entry entry : entries) {
      if (entry.allows(address)) {
        if (entry.mayBePrivate) {
          return Verdict.PRIVATE;
        }
        verdict = Verdict.PUBLIC;
      }
    }
    return verdict;
  }
}
