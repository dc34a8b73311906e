package org.internvl4j.search;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.search.Entry.Embedded;
import org.internvl4j.search.Entry.Seen;

/// The files of an index, open for writing by whoever has its lock: log and vectors of one
/// generation, and what they come to.
///
/// A vector is written before its entry, so that an entry that is there has its vector; the entry
/// has the vector's checksum, for disks that keep another order when the power fails.
final class Store implements AutoCloseable {
  private static final Pattern FILES = Pattern.compile("(log|vectors|graph)-\\d+(\\.f32)?");

  /// How files are opened.
  interface Opener {
    Opener SYSTEM = (path, options) -> FileChannel.open(path, options);

    FileChannel open(Path path, Set<? extends OpenOption> options) throws IOException;
  }

  private static final Set<StandardOpenOption> WRITING =
      Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);

  private final Path folder;
  private final Opener opener;
  private Manifest manifest;
  private Catalog catalog;
  private EntryLog log;
  private RowFile vectors;

  private Store(
      Path folder,
      Opener opener,
      Manifest manifest,
      Catalog catalog,
      EntryLog log,
      RowFile vectors) {
    this.folder = folder;
    this.opener = opener;
    this.manifest = manifest;
    this.catalog = catalog;
    this.log = log;
    this.vectors = vectors;
  }

  /// Opens what a manifest names; what is behind the last checked entry is dropped.
  ///
  /// @param listener hears what was damaged
  static Store open(Path folder, Manifest manifest, Opener opener, IndexListener listener)
      throws IOException {
    dropOthers(folder, manifest);
    Catalog catalog = new Catalog();
    Path path = manifest.log(folder);
    EntryLog log = EntryLog.read(path, opener.open(path, WRITING), catalog::add);
    try {
      RowFile vectors =
          new RowFile(opener.open(manifest.vectors(folder), WRITING), manifest.dimension());
      Store store = new Store(folder, opener, manifest, catalog, log, vectors);
      Damage damage = log.damage();
      if (damage != null) {
        emptyGraph(folder, manifest); // rows get other pictures
        listener.mended(damage.mended());
      }
      log.truncate();
      vectors.truncate(catalog.rows());
      int bad = check(vectors, catalog, manifest.dimension());
      if (bad > 0) {
        listener.mended(bad + " damaged vectors are made again as their pictures are found");
      }
      return store;
    } catch (IOException | RuntimeException e) {
      log.close();
      throw e;
    }
  }

  /// Files of another generation, left by somebody who was stopped between two.
  private static void dropOthers(Path folder, Manifest manifest) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (FILES.matcher(file.getFileName().toString()).matches()
            && !file.equals(manifest.log(folder))
            && !file.equals(manifest.vectors(folder))
            && !file.equals(graph(folder, manifest))) {
          delete(file);
        }
      }
    }
  }

  private static void delete(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      empty(file);
    }
    Files.delete(file);
  }

  private static void empty(Path folder) throws IOException {
    try (Stream<Path> parts = Files.list(folder)) {
      for (Path part : parts.toList()) {
        Files.delete(part);
      }
    }
  }

  /// Leaves of the graph, if there is one, its folder alone, by which it is built anew.
  private static void emptyGraph(Path folder, Manifest manifest) throws IOException {
    Path graph = graph(folder, manifest);
    if (Files.isDirectory(graph)) {
      empty(graph);
    }
  }

  /// Where the graph is, if there is one.
  static Path graph(Path folder, Manifest manifest) {
    return folder.resolve("graph-" + manifest.generation());
  }

  /// Makes the graph, or puts into it what it does not hold yet; a damaged one is built anew.
  ///
  /// @param listener hears that it was damaged
  /// @param progress hears which part is done, 0 … 1
  void extendGraph(IndexListener listener, DoubleConsumer progress) throws IOException {
    Path graph = graph(folder, manifest);
    if (Graph.isDamaged(graph)) {
      listener.mended(graph + ": the graph is damaged and is built anew");
      empty(graph);
    }
    int dimension = manifest.dimension();
    int rows = Math.min(catalog.rows(), vectors.rows());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment all = vectors.map(rows, arena);
      Graph.extend(
          graph,
          row -> {
            float[] vector = new float[dimension];
            MemorySegment.copy(
                all, JAVA_FLOAT_UNALIGNED, 4L * dimension * row, vector, 0, dimension);
            return vector;
          },
          rows,
          progress);
    }
  }

  /// Compares all rows with their checksums.
  ///
  /// @return how many do not fit
  private static int check(RowFile vectors, Catalog catalog, int dimension) throws IOException {
    int there = Math.min(vectors.rows(), catalog.rows());
    int bad = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = vectors.map(there, arena);
      for (int row = 0; row < catalog.rows(); row++) {
        if (row >= there || checksum(all, row, dimension) != catalog.checksum(row)) {
          catalog.damage(row);
          bad++;
        }
      }
    }
    return bad;
  }

  static int checksum(MemorySegment rows, int row, int dimension) {
    return RowFile.checksum(rows.asSlice(4L * dimension * row, 4L * dimension).asByteBuffer());
  }

  Catalog catalog() {
    return catalog;
  }

  Manifest manifest() {
    return manifest;
  }

  void add(Entry entry) throws IOException {
    log.append(entry);
    catalog.add(entry);
  }

  /// Adds a picture and its vector, of length 1.
  void add(String path, Entry.Stamp stamp, ContentHash hash, float[] vector) throws IOException {
    int row = catalog.rows();
    int checksum = vectors.write(row, vector);
    add(new Embedded(path, stamp, hash, row, checksum));
  }

  /// Waits until all is on disk.
  void force() throws IOException {
    vectors.force();
    log.force();
  }

  /// Writes the index anew with the rows alone that paths have, sorted by path, and goes on with
  /// that. Until the manifest names the new files, the old ones are the index.
  void compact() throws IOException {
    Manifest next = manifest.next();
    Catalog living = new Catalog();
    EntryLog nextLog =
        EntryLog.read(next.log(folder), opener.open(next.log(folder), WRITING), entry -> {});
    RowFile nextVectors = null;
    try {
      nextVectors = new RowFile(opener.open(next.vectors(folder), WRITING), next.dimension());
      for (Map.Entry<String, Seen> at : catalog.paths().entrySet()) {
        Seen seen = at.getValue();
        if (catalog.isDamaged(seen)) {
          continue;
        }
        if (seen instanceof Embedded e) {
          Seen there = living.of(e.hash());
          int row = there instanceof Embedded t ? t.row() : living.rows();
          if (row == living.rows()) {
            nextVectors.copy(vectors, e.row(), row);
          }
          seen = new Embedded(e.path(), e.stamp(), e.hash(), row, e.checksum());
        }
        nextLog.append(seen);
        living.add(seen);
      }
      nextVectors.force();
      nextLog.force();
      next.write(folder);
    } catch (IOException | RuntimeException e) {
      nextLog.close();
      if (nextVectors != null) {
        nextVectors.close();
      }
      for (Path file : List.of(next.log(folder), next.vectors(folder))) {
        Files.deleteIfExists(file);
      }
      throw e;
    }
    close();
    manifest = next;
    catalog = living;
    log = nextLog;
    vectors = nextVectors;
    dropOthers(folder, next);
  }

  @Override
  public void close() throws IOException {
    log.close();
    vectors.close();
  }

  /// Opens a file of an index for reading.
  ///
  /// @throws NoSuchFileException if another process has just replaced it
  static FileChannel reading(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ);
  }
}
