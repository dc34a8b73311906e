package org.internvl4j.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.internvl4j.loader.CachedRepository;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelName;
import org.internvl4j.loader.json.Json;

/// The Hugging Face hub and the cache that its clients share: what one has pulled, all find.
///
/// Nothing of the hub is believed but over its own connection: file names may not lead anywhere,
/// sizes are compared before and contents after they have come. Safe for use by several threads and
/// processes. An interrupted thread ends its call with a [CancellationException]; what has come by
/// then is kept, and the next call goes on from there.
public final class Hub {
  private static final int MAX_LISTING = 64 << 20; // bytes of JSON
  private static final long MAX_BYTES = 1L << 50; // of a model

  private final HubSettings settings;

  Hub(HubSettings settings) {
    this.settings = settings;
  }

  /// The hub as the environment says: `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`,
  /// `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_HUB_DISABLE_SYMLINKS`, `https_proxy`, `http_proxy`,
  /// `all_proxy`, `no_proxy`.
  ///
  /// @param home the user's home
  /// @throws IllegalArgumentException if one of them holds what it cannot mean
  public static Hub of(Map<String, String> environment, Path home) {
    return new Hub(HubSettings.of(environment, home));
  }

  /// Whether the environment says that the cache is all there is.
  public boolean isOffline() {
    return settings.offline();
  }

  /// Asks which files a model has; pulls none.
  ///
  /// @throws CheckpointException if there is no such model or revision, it may not be had, or its
  ///   file names or sizes are none; or if the environment says that there is no network
  /// @throws IOException if the hub does not answer, or does not make sense
  public Listing list(ModelName model, PullOptions options, PullListener listener)
      throws IOException {
    return cancellable(transport -> list(model, options, transport, listener));
  }

  /// Bytes of a listing that are not here yet.
  ///
  /// @throws IOException if the cache cannot be read
  public long missing(Listing listing) throws IOException {
    return store(listing.model()).missing(listing);
  }

  /// Pulls what is not here yet.
  ///
  /// @return the folder of the model
  /// @throws CheckpointException if a file may not be had
  /// @throws IOException if one does not come, comes as something else, or has no room
  public Path pull(Listing listing, PullListener listener) throws IOException {
    return cancellable(transport -> pull(listing, transport, listener));
  }

  /// Pulls what is not here yet; offline, only looks.
  ///
  /// @return the folder of the model
  /// @throws CheckpointException see [#list]
  /// @throws IOException see [#pull(Listing, PullListener)]
  public Path pull(ModelName model, PullOptions options, PullListener listener) throws IOException {
    return settings.offline()
        ? settings.folders().find(model)
        : pull(list(model, options, listener), listener);
  }

  // ---- the listing

  private Listing list(
      ModelName model, PullOptions options, Transport transport, PullListener listener)
      throws IOException, InterruptedException {
    requireName(model);
    URI uri =
        uri(
            "/api/models/" + model.repository() + "/revision/" + encoded(model.revision()),
            "?blobs=true");
    Refusals refusals = refusals(model);
    byte[] json =
        new Retry(settings.firstPause(), listener)
            .call(() -> {
              try (Answer answer = transport.get(uri, null)) {
                refusals.require(answer, "its list of files");
                return answer.body().readAll(MAX_LISTING);
              }
            });
    Json listed = Json.parse(json, settings.endpoint().getHost() + ": list of files");
    String commit = listed.getText("sha");
    if (!CachedRepository.isCommit(commit)) {
      throw listed.at("sha").wrong("a commit of 40 digits");
    }
    List<ListedFile> files = new ArrayList<>();
    for (Json sibling : listed.at("siblings").items()) {
      if (WantedFiles.isWanted(sibling.getText("rfilename"), options)) {
        files.add(file(sibling, model.at(commit), transport, listener));
      }
    }
    return new Listing(model, commit, requireSensible(files, model));
  }

  private void requireName(ModelName model) {
    if (settings.offline()) {
      throw new CheckpointException(
          model.toString(), "HF_HUB_OFFLINE is set, and it is not in " + settings.cache());
    }
    if (model.owner() == null || model.repository().contains("--")) {
      throw new CheckpointException(model.toString(), "is no name of a model, expected OWNER/NAME");
    }
  }

  private ListedFile file(Json sibling, ModelName model, Transport transport, PullListener listener)
      throws IOException, InterruptedException {
    String path = sibling.getText("rfilename");
    WantedFiles.requireInside(path, model.repository());
    Json large = sibling.find("lfs");
    String hash = large == null ? sibling.findText("blobId") : large.findText("sha256");
    long bytes = (large == null ? sibling : large).getLong("size", -1);
    if (hash == null || bytes < 0) { // some mirrors list names alone
      return new Retry(settings.firstPause(), listener).call(() -> look(path, model, transport));
    }
    if (!Hash.isName(hash)) {
      throw new CheckpointException(path, "is listed with '" + hash + "', which is no hash");
    }
    return new ListedFile(path, bytes, hash);
  }

  private ListedFile look(String path, ModelName model, Transport transport)
      throws IOException, InterruptedException {
    try (Answer answer = transport.head(file(model, path))) {
      boolean elsewhere = answer.header("Location") != null;
      if (!elsewhere) {
        refusals(model).require(answer, path);
      }
      String tag = answer.header("X-Linked-Etag");
      if (tag == null) {
        tag = answer.header("ETag");
      }
      long size = answer.number("X-Linked-Size");
      if (size < 0 && !elsewhere) {
        size = answer.number("Content-Length");
      }
      String hash = tag == null ? null : Hash.ofTag(tag);
      if (hash == null || size < 0) {
        throw new IOException(
            answer.host()
                + ": does not say the hash and size of "
                + path
                + "; it cannot be checked");
      }
      return new ListedFile(path, size, hash);
    }
  }

  private static List<ListedFile> requireSensible(List<ListedFile> files, ModelName model) {
    if (files.isEmpty()) {
      throw new CheckpointException(model.repository(), "has no files that a model needs");
    }
    Set<String> paths = new HashSet<>();
    long all = 0;
    for (ListedFile file : files) {
      if (!paths.add(file.path())) {
        throw new CheckpointException(model.repository(), "lists " + file.path() + " twice");
      }
      all = Long.MAX_VALUE - all < file.bytes() ? Long.MAX_VALUE : all + file.bytes();
    }
    if (all > MAX_BYTES) {
      throw new CheckpointException(model.repository(), "lists files of " + all + " bytes");
    }
    return List.copyOf(files);
  }

  // ---- the pull

  private Path pull(Listing listing, Transport transport, PullListener listener)
      throws IOException, InterruptedException {
    Store store = store(listing.model());
    requireRoom(store.missing(listing));
    Tally tally = new Tally(listener, listing.bytes());
    for (ListedFile file : listing.files()) {
      boolean before = store.has(file, listing.commit());
      if (!before) {
        before = !pull(file, listing, store, transport, tally);
      }
      tally.finished(file, before);
    }
    return store.publish(listing);
  }

  /// @return false if somebody else did it meanwhile
  private boolean pull(
      ListedFile file, Listing listing, Store store, Transport transport, Tally tally)
      throws IOException, InterruptedException {
    Files.createDirectories(store.repository().blobs());
    try (BlobLock lock = BlobLock.take(store.lock(file), () -> tally.waiting(file))) {
      if (store.has(file, listing.commit())) {
        return false;
      }
      ModelName model = listing.model().at(listing.commit());
      new Download(
              transport, settings, refusals(listing.model()), file(model, file.path()), file, tally)
          .to(store.repository().blobs(), lock.holds());
      return true;
    }
  }

  private void requireRoom(long needed) throws IOException {
    Path folder = Files.createDirectories(settings.cache());
    long free = Files.getFileStore(folder).getUsableSpace();
    if (needed > free) {
      throw new IOException(
          "%s: %d MiB are needed, %d are free".formatted(folder, needed >> 20, free >> 20));
    }
  }

  private Store store(ModelName model) {
    return Store.in(settings.cache(), model, settings.links());
  }

  // ---- addresses

  private URI file(ModelName model, String path) {
    String encoded =
        Arrays.stream(path.split("/", -1)).map(Hub::encoded).collect(Collectors.joining("/"));
    return uri(
        "/" + model.repository() + "/resolve/" + encoded(model.revision()) + "/" + encoded, "");
  }

  private URI uri(String path, String query) {
    return URI.create(settings.endpoint() + path + query);
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private Refusals refusals(ModelName model) {
    return new Refusals(model, settings.endpoint(), settings.token() != null);
  }

  // ---- cancelling

  private interface Call<T> {
    T with(Transport transport) throws IOException, InterruptedException;
  }

  private <T> T cancellable(Call<T> call) throws IOException {
    try (Transport transport = new Transport(settings)) {
      return call.with(transport);
    } catch (InterruptedException | ClosedByInterruptException e) {
      Thread.currentThread().interrupt();
      CancellationException cancelled = new CancellationException("pull: cancelled");
      cancelled.initCause(e);
      throw cancelled;
    }
  }
}
