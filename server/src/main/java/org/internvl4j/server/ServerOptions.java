package org.internvl4j.server;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.server.source.AllowedHosts;
import org.jspecify.annotations.Nullable;

/// How a [Server] is to be reached, and what it may do. Immutable; start from [#DEFAULT].
///
/// @param host the address that it binds to
/// @param port 0 for any that is free
/// @param name what clients call the model; empty for the checkpoint's own name
/// @param apiKey what clients must send as `Authorization: Bearer …`, but to `/health` and the
///   page; null for none
/// @param hosts names that clients may call this server by, beside the address that it binds to and
///   those of this machine: requests with another `Host` are refused, so that no web page can point
///   a name of its own at it
/// @param origins web pages, as `https://example.org`, that may use it beside its own
/// @param pictureHosts where pictures, videos and PDF files may be fetched from: `example.org`,
///   `*.example.org`, with `:port` where it is neither 80 nor 443; none unless said. Addresses
///   inside networks are refused whatever a name resolves to
/// @param mediaPath the folder below which requests may name files; null for none
/// @param ffmpeg whether videos that are not decoded in this process are given to the ffmpeg on
///   PATH, a program without bounds on its memory and with the rights of this process
/// @param limits the most that a request may ask for
/// @param memory bytes of the heap for what requests bring, all requests together: bodies, pictures
///   while they are read, tiles of those that wait; half of the heap unless said. Who finds none
///   for 10 seconds is asked to come again
public record ServerOptions(
    String host,
    int port,
    String name,
    @Nullable String apiKey,
    List<String> hosts,
    List<String> origins,
    List<String> pictureHosts,
    @Nullable Path mediaPath,
    boolean ffmpeg,
    Limits limits,
    long memory) {
  public static final ServerOptions DEFAULT =
      new ServerOptions(
          "127.0.0.1",
          11435,
          "",
          null,
          List.of(),
          List.of(),
          List.of(),
          null,
          false,
          Limits.DEFAULT,
          Runtime.getRuntime().maxMemory() / 2);

  /// @throws IllegalArgumentException if a value is outside its range, naming it
  public ServerOptions {
    hosts = List.copyOf(hosts);
    origins = List.copyOf(origins);
    pictureHosts = List.copyOf(pictureHosts);
    origins.forEach(Guard::requireOrigin);
    AllowedHosts.of(pictureHosts);
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("server: port is " + port + ", expected 0 to 65535");
    }
    if (memory < 1) {
      throw new IllegalArgumentException("server: memory is " + memory + ", expected at least 1");
    }
    requireLine("name", name);
    for (String called : hosts) {
      requireLine("host name", called);
      if (called.isEmpty() || called.contains(" ")) {
        throw new IllegalArgumentException(
            "server: host name is '" + called + "', expected one name without blanks");
      }
    }
    if (apiKey != null && apiKey.isBlank()) {
      throw new IllegalArgumentException("server: the API key is blank, expected a text or none");
    }
  }

  private static void requireLine(String what, String text) {
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "server: " + what + " has a line break or another control character");
    }
  }

  public ServerOptions withHost(String host) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withPort(int port) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withName(String name) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withApiKey(@Nullable String apiKey) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withHosts(List<String> hosts) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withOrigins(List<String> origins) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withLimits(Limits limits) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withPictureHosts(List<String> pictureHosts) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withMediaPath(@Nullable Path mediaPath) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withMemory(long memory) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }

  public ServerOptions withFfmpeg(boolean ffmpeg) {
    return new ServerOptions(
        host, port, name, apiKey, hosts, origins, pictureHosts, mediaPath, ffmpeg, limits, memory);
  }
}
