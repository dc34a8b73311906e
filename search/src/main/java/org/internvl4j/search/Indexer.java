package org.internvl4j.search;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.media.DecodingMemory;
import org.internvl4j.models.image.Picture;
import org.internvl4j.search.Entry.Embedded;
import org.internvl4j.search.Entry.Gone;
import org.internvl4j.search.Entry.Seen;
import org.internvl4j.search.Entry.Stamp;
import org.internvl4j.search.Entry.Unreadable;
import org.internvl4j.search.ReadAhead.Looked;
import org.jspecify.annotations.Nullable;

/// Writes an index: looks at folders of pictures and embeds what is new in them.
///
/// A file whose size and time of change are those of before is not read again; content that has a
/// vector already, under whatever name, is not embedded again; what is not there any more drops
/// out. It may be killed at any point: run again, it goes on behind the last picture. One process
/// at a time may write, others may read meanwhile. One thread; any may [#stop] it. The caller
/// closes it.
public final class Indexer implements AutoCloseable {
  private static final Set<String> OWN = Set.of(FolderLock.FILE, Manifest.FILE + ".part");
  private static final int FEW = 1000; // rows of nobody that are not worth writing all anew

  private final Path folder;
  private final IndexModel model;
  private final IndexOptions options;
  private final IndexListener listener;
  private final FolderLock lock;
  private final Store store;
  private @Nullable Embedder embedder; // opened when it is needed first
  private int embedded;
  private int known;
  private int unread; // files that nothing is noted of
  private volatile boolean stopped;

  private Indexer(
      Path folder,
      IndexModel model,
      IndexOptions options,
      IndexListener listener,
      FolderLock lock,
      Store store,
      @Nullable Embedder embedder) {
    this.folder = folder;
    this.model = model;
    this.options = options;
    this.listener = listener;
    this.lock = lock;
    this.store = store;
    this.embedder = embedder;
  }

  /// Opens an index, or begins one.
  ///
  /// @param folder the index's own; made if it is not there
  /// @throws SearchException if it is another model's, somebody else writes, or it is damaged
  /// @throws IOException if it cannot be read or written
  public static Indexer open(
      Path folder, IndexModel model, IndexOptions options, IndexListener listener)
      throws IOException {
    return open(folder, model, options, listener, Store.Opener.SYSTEM);
  }

  static Indexer open(
      Path folder,
      IndexModel model,
      IndexOptions options,
      IndexListener listener,
      Store.Opener opener)
      throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new SearchException(folder + ": is a file, expected a folder; name one of its own");
    }
    Files.createDirectories(folder);
    requireIndex(folder);
    FolderLock lock = FolderLock.of(folder);
    Embedder embedder = null;
    try {
      Manifest manifest;
      if (Files.exists(folder.resolve(Manifest.FILE))) {
        manifest = Manifest.read(folder);
        String weights = model.weights(manifest);
        manifest.requireSame(manifest(model, options, weights, manifest.dimension()), folder);
      } else {
        embedder = model.open();
        manifest = manifest(model, options, model.weights(), embedder.dimension());
        manifest.write(folder);
      }
      Store store = Store.open(folder, manifest, opener, listener);
      return new Indexer(folder, model, options, listener, lock, store, embedder);
    } catch (IOException | RuntimeException e) {
      lock.close();
      if (embedder != null) {
        embedder.close();
      }
      throw e;
    }
  }

  static Manifest manifest(IndexModel model, IndexOptions options, String weights, int dimension)
      throws IOException {
    String words =
        Stream.of(model.options(), options.words()).filter(w -> !w.isEmpty()).toList().toString();
    return new Manifest(
        model.name(), weights, model.files(), model.kind(), dimension, words, options.numbers(), 1);
  }

  /// Nothing is written into a folder that holds anything else.
  private static void requireIndex(Path folder) throws IOException {
    if (Files.exists(folder.resolve(Manifest.FILE))) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      Path other =
          files.filter(f -> !OWN.contains(f.getFileName().toString())).findFirst().orElse(null);
      if (other != null) {
        throw new SearchException(
            folder
                + ": is no index, and holds "
                + other.getFileName()
                + "; name a folder of its own");
      }
    }
  }

  /// Brings the index up to date with folders of pictures. What it has from elsewhere stays.
  ///
  /// @param folders folders of pictures, or pictures; of one that was indexed and is gone, what the
  ///   index has drops out
  /// @throws IOException if one of them is not there and never was indexed, or may not be read, or
  ///   the index cannot be written: what was indexed stays
  /// @throws CancellationException if it was stopped
  public Indexed update(List<Path> folders) throws IOException {
    PictureFolders found =
        PictureFolders.of(folders, store.catalog().paths().navigableKeySet(), listener);
    try {
      return update(found);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(
          folder
              + ": cannot be written: "
              + CheckpointException.reason(e)
              + "; what was indexed stays, run it again once that is mended",
          e);
    }
  }

  private Indexed update(PictureFolders found) throws IOException {
    embedded = 0;
    known = 0;
    unread = 0;
    int gone = drop(found);
    List<Map.Entry<String, Stamp>> todo =
        found.files().entrySet().stream().filter(f -> !isUnchanged(f)).toList();
    int done = 0;
    Catalog catalog = store.catalog();
    try (ReadAhead ahead =
        new ReadAhead(
            todo.iterator(),
            options.pictures(),
            DecodingMemory.ofHeap(),
            hash -> isKnown(catalog.of(hash)))) {
      while (ahead.hasNext()) {
        requireGoing();
        add(ahead.next());
        listener.done(++done, todo.size());
      }
    }
    compactIfMany();
    store.force();
    int unchanged = found.files().size() - todo.size();
    int unreadable = unread + found.leftOut();
    int pictures = 0;
    for (Seen seen : store.catalog().paths().values()) {
      unreadable += seen instanceof Unreadable ? 1 : 0;
      pictures += seen instanceof Embedded ? 1 : 0;
    }
    return new Indexed(pictures, embedded, known, unchanged, unreadable, gone);
  }

  /// Ends what is being done soon, with [CancellationException], from another thread or a signal's:
  /// what was indexed stays, and the same call goes on.
  public void stop() {
    stopped = true;
  }

  private void requireGoing() {
    if (stopped) {
      throw new CancellationException("index: was stopped; run it again, it goes on");
    }
  }

  private int drop(PictureFolders found) throws IOException {
    List<String> gone = new ArrayList<>();
    for (String path : store.catalog().paths().keySet()) {
      if (!found.files().containsKey(path) && found.covers(path)) {
        gone.add(path);
      }
    }
    for (String path : gone) {
      store.add(new Gone(path));
    }
    return gone.size();
  }

  private boolean isUnchanged(Map.Entry<String, Stamp> file) {
    Seen seen = store.catalog().at(file.getKey());
    return seen != null
        && seen.stamp().equals(file.getValue())
        && !store.catalog().isDamaged(seen)
        && isKnown(seen);
  }

  /// Whether nothing is to be done for a content again.
  private boolean isKnown(@Nullable Seen seen) {
    return switch (seen) {
      case null -> false;
      case Embedded _ -> true;
      case Unreadable _ -> !options.again();
    };
  }

  private void add(Looked looked) throws IOException {
    String path = looked.path();
    ContentHash hash = looked.hash();
    if (hash == null) { // may be better the next time: nothing is noted
      unread += store.catalog().at(path) == null ? 1 : 0;
      listener.unreadable(path, Objects.requireNonNull(looked.why()));
      return;
    }
    Picture picture = looked.picture();
    switch (store.catalog().of(hash)) {
      case Embedded e -> {
        known++;
        store.add(new Embedded(path, looked.stamp(), hash, e.row(), e.checksum()));
      }
      case Unreadable u when picture == null ->
          addUnreadable(looked, hash, looked.why() == null ? u.why() : looked.why());
      case null, default -> {
        if (picture == null) {
          addUnreadable(looked, hash, Objects.requireNonNull(looked.why()));
        } else {
          embed(looked, hash, picture);
        }
      }
    }
  }

  private void addUnreadable(Looked looked, ContentHash hash, String why) throws IOException {
    store.add(new Unreadable(looked.path(), looked.stamp(), hash, why));
    listener.unreadable(looked.path(), why);
  }

  private void embed(Looked looked, ContentHash hash, Picture picture) throws IOException {
    float[] vector = Embedder.unit(embedder().picture(picture));
    if (vector == null) {
      addUnreadable(looked, hash, "has a vector without a direction");
      return;
    }
    store.add(looked.path(), looked.stamp(), hash, vector);
    embedded++;
  }

  private Embedder embedder() {
    if (embedder == null) {
      embedder = model.open();
      if (embedder.dimension() != store.manifest().dimension()) {
        throw new SearchException(
            "%s: holds vectors of %d numbers, %s makes %d"
                .formatted(
                    folder, store.manifest().dimension(), model.name(), embedder.dimension()));
      }
    }
    return embedder;
  }

  /// Rows that no path has take space, and time in every search: past a quarter, all is written
  /// anew.
  private void compactIfMany() throws IOException {
    int rows = store.catalog().rows();
    int living = store.catalog().live().cardinality();
    if (rows - living > FEW && rows - living > living / 4) {
      store.compact();
    }
  }

  /// Whether the index has a graph.
  public boolean hasGraph() {
    return Files.isDirectory(Store.graph(folder, store.manifest()));
  }

  /// Makes the index a graph for [Graph], or puts into it what has come since. Needs
  /// `org.apache.lucene:lucene-core`.
  ///
  /// @param progress hears which part is done, 0 … 1
  /// @throws CancellationException if it was stopped
  public void extendGraph(DoubleConsumer progress) throws IOException {
    try {
      store.extendGraph(
          listener,
          part -> {
            progress.accept(part);
            requireGoing();
          });
    } catch (NoClassDefFoundError e) {
      throw new SearchException("graph: needs org.apache.lucene:lucene-core on the class path", e);
    }
  }

  /// @see Store#compact
  void compact() throws IOException {
    store.compact();
  }

  @Override
  public void close() throws IOException {
    try (lock;
        store) {
      if (embedder != null) {
        embedder.close();
      }
    }
  }
}
