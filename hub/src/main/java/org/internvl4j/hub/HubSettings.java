package org.internvl4j.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelFolders;
import org.jspecify.annotations.Nullable;

/// What the environment says about the hub, in the variables that its other clients read.
///
/// @param endpoint where the hub is, without a slash at the end
/// @param token who asks; null for nobody
/// @param folders where models are looked for
/// @param offline whether the cache is all there is
/// @param links whether snapshots hold links, where that is possible
/// @param patience how long a server may be silent
/// @param firstPause before what failed is tried again for the first time
/// @param division how files are
record HubSettings(
    URI endpoint,
    @Nullable String token,
    ModelFolders folders,
    boolean offline,
    boolean links,
    Proxies proxies,
    Duration patience,
    Duration firstPause,
    Download.Division division) {
  private static final String HUB = "https://huggingface.co";
  private static final Set<String> YES = Set.of("1", "true", "yes", "on");
  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  /// @param home the user's home
  /// @throws IllegalArgumentException if a variable holds what it cannot mean
  static HubSettings of(Map<String, String> environment, Path home) {
    ModelFolders folders = new ModelFolders(environment, home);
    return new HubSettings(
        endpoint(environment.getOrDefault("HF_ENDPOINT", "")),
        token(environment, folders),
        folders,
        isSet(environment, "HF_HUB_OFFLINE"),
        !isSet(environment, "HF_HUB_DISABLE_SYMLINKS"),
        new Proxies(environment),
        Duration.ofMinutes(1),
        Duration.ofSeconds(1),
        Download.Division.DEFAULT);
  }

  /// The cache that new models go into.
  Path cache() {
    return folders.caches().getFirst().toAbsolutePath().normalize();
  }

  private static boolean isSet(Map<String, String> environment, String variable) {
    return YES.contains(environment.getOrDefault(variable, "").strip().toLowerCase(Locale.ROOT));
  }

  private static URI endpoint(String text) {
    String address = text.isBlank() ? HUB : text.strip().replaceFirst("/+$", "");
    try {
      URI uri = new URI(address);
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web && uri.getHost() != null && uri.getQuery() == null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // told below
    }
    throw new IllegalArgumentException("HF_ENDPOINT is '" + address + "', expected https://HOST");
  }

  private static @Nullable String token(Map<String, String> environment, ModelFolders folders) {
    String token = environment.getOrDefault("HF_TOKEN", "").strip();
    String from = "HF_TOKEN";
    if (token.isEmpty()) {
      Path named = folders.named("HF_TOKEN_PATH");
      Path file = named == null ? folders.clientFolder().resolve("token") : named;
      token = Files.isRegularFile(file) ? read(file) : "";
      from = file.toString();
    }
    if (!token.isEmpty() && !TOKEN.matcher(token).matches()) {
      throw new IllegalArgumentException(from + ": is no token, it has spaces or other such signs");
    }
    return token.isEmpty() ? null : token;
  }

  private static String read(Path file) {
    try {
      return Files.size(file) > 10_000 ? "too long" : Files.readString(file).strip();
    } catch (IOException e) {
      throw new CheckpointException(file.toString(), "the token cannot be read: " + e, e);
    }
  }

  /// Says nothing of the token.
  @Override
  public String toString() {
    return endpoint + ", cache " + cache() + (token == null ? "" : ", with a token");
  }
}
