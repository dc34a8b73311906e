package org.internvl4j.search;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.DoubleConsumer;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.search.Entry.Embedded;
import org.jspecify.annotations.Nullable;

/// An index as it was when it was opened: finds pictures, exactly, by a scan of all vectors. Others
/// may write into it meanwhile. One thread at a time. The caller closes it.
public final class Index implements AutoCloseable {
  static final Comparator<Hit> HITS =
      Comparator.comparingDouble(Hit::cosine).reversed().thenComparing(Hit::path);

  private static final String AGAIN = "'internvl index' goes on from there";

  private final Path folder;
  private final Manifest manifest;
  private final Catalog catalog;
  private final RowPaths paths;
  private final BitSet living;
  private final @Nullable String log; // what is wrong with it
  private final Arena arena;
  private final MemorySegment memory;
  private final Device device;
  private final Tensor rows;
  private int damaged;

  private Index(
      Path folder,
      Manifest manifest,
      Catalog catalog,
      @Nullable String log,
      RowFile file,
      Arena arena,
      Device device)
      throws IOException {
    this.folder = folder;
    this.manifest = manifest;
    this.catalog = catalog;
    this.log = log;
    this.arena = arena;
    this.device = device;
    int there = Math.min(catalog.rows(), file.rows());
    for (int row = there; row < catalog.rows(); row++) {
      catalog.damage(row);
      damaged++;
    }
    living = catalog.live();
    paths = RowPaths.of(catalog);
    memory = file.map(there, arena);
    rows =
        Tensor.of(
            Memory.wrap(memory, "index " + folder),
            DType.F32,
            Shape.of(there, manifest.dimension()),
            device);
  }

  /// Opens an index on the processor, on one thread a core.
  ///
  /// @throws SearchException if it is missing or damaged
  public static Index open(Path folder) throws IOException {
    return open(folder, 0);
  }

  /// Opens an index on the processor.
  ///
  /// @param threads how many scan; 0 for one a core
  /// @throws SearchException if it is missing or damaged
  public static Index open(Path folder, int threads) throws IOException {
    Manifest manifest = Manifest.read(folder);
    try {
      return open(folder, manifest, threads);
    } catch (NoSuchFileException e) {
      Manifest now = Manifest.read(folder); // somebody may have written all anew just now
      if (now.generation() == manifest.generation()) {
        throw Manifest.damaged(folder, "has no " + Path.of(e.getFile()).getFileName());
      }
      return open(folder, now, threads);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // the index closes them
  private static Index open(Path folder, Manifest manifest, int threads) throws IOException {
    Catalog catalog = new Catalog();
    Path path = manifest.log(folder);
    String log;
    try (EntryLog entries = EntryLog.read(path, Store.reading(path), catalog::add)) {
      log = remark(entries);
    }
    Arena arena = Arena.ofShared();
    Device device = null;
    try (FileChannel file = Store.reading(manifest.vectors(folder));
        RowFile vectors = new RowFile(file, manifest.dimension())) {
      device = host(threads);
      return new Index(folder, manifest, catalog, log, vectors, arena, device);
    } catch (IOException | RuntimeException e) {
      arena.close();
      if (device != null) {
        device.close();
      }
      throw e;
    }
  }

  /// A device that reads the memory of this process: with vectors if they are enabled.
  private static Device host(int threads) {
    boolean vectors =
        Devices.providers().stream()
            .anyMatch(p -> p.name().equals("cpu") && p.unavailable() == null);
    return Devices.open(vectors ? "cpu" : "plain", threads);
  }

  /// What the vectors are.
  public Kind kind() {
    return manifest.kind();
  }

  /// What the user called the model when the index was begun.
  public String model() {
    return manifest.model();
  }

  /// Whether it has a graph, [Graph].
  public boolean hasGraph() {
    return Files.isDirectory(Store.graph(folder, manifest));
  }

  /// Numbers a vector.
  public int dimension() {
    return manifest.dimension();
  }

  /// How many pictures can be found.
  public int pictures() {
    return paths.count();
  }

  /// What is wrong with the files, in a sentence each; null if nothing is.
  public @Nullable String remark() {
    if (damaged == 0) {
      return log == null ? null : folder + ": " + log;
    }
    String vectors =
        "%d vector%s damaged and left out; %s"
            .formatted(damaged, damaged == 1 ? " is" : "s are", AGAIN);
    return folder + ": " + (log == null ? vectors : log + "; " + vectors);
  }

  private static @Nullable String remark(EntryLog log) throws IOException {
    if (log.unchecked() == 0) {
      return null;
    }
    Damage damage = log.damage();
    return damage == null
        ? "the last entry is not whole, somebody writes it or was stopped; " + AGAIN
        : damage.remark();
  }

  /// Refuses a model or options that its vectors were not made with.
  ///
  /// @throws SearchException in one sentence
  public void requireSame(IndexModel model, IndexOptions options) throws IOException {
    String weights = model.weights(manifest);
    Manifest other = Indexer.manifest(model, options, weights, manifest.dimension());
    manifest.requireSame(other, folder);
  }

  /// Refuses texts where they have no vectors.
  ///
  /// @throws SearchException in one sentence
  public void requireTexts() {
    if (!manifest.kind().readsTexts()) {
      throw new SearchException(Embedder.noTexts(folder.toString()));
    }
  }

  /// Whether pictures are turned upright.
  public boolean isUpright() {
    return manifest.options().contains(IndexOptions.UPRIGHT);
  }

  /// The vector of a picture that is in the index, whatever its path.
  ///
  /// @param content the bytes of its file
  /// @return null if it is not
  public float @Nullable [] vector(byte[] content) {
    return catalog.of(ContentHash.of(content)) instanceof Embedded e && isWhole(e.row())
        ? vector(e.row())
        : null;
  }

  private boolean isWhole(int row) {
    return Store.checksum(memory, row, manifest.dimension()) == catalog.checksum(row);
  }

  float[] vector(int row) {
    float[] vector = new float[manifest.dimension()];
    long at = 4L * row * vector.length;
    MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT_UNALIGNED, at, vector, 0, vector.length);
    return vector;
  }

  /// The pictures that lie nearest, best first; of equal ones those whose path comes first.
  ///
  /// @param query of any length, not all zeros
  /// @param most how many, at least 1
  public List<Hit> nearest(float[] query, int most) {
    return nearest(query, most, (unit, top) -> Scan.run(rows, 0, rows.dim(0), unit, living, top));
  }

  /// @param search offers rows for a query of length 1
  List<Hit> nearest(float[] query, int most, BiConsumer<float[], TopRows> search) {
    float[] unit = Embedder.unit(query);
    if (unit == null || unit.length != manifest.dimension()) {
      throw new IllegalArgumentException(
          "search: a query of %d numbers%s, expected one of %d"
              .formatted(
                  query.length, unit == null ? " without a direction" : "", manifest.dimension()));
    }
    while (true) {
      TopRows top = new TopRows(most, paths.order());
      search.accept(unit, top);
      List<ScoredRow> best = top.best();
      if (drop(best) == 0) {
        return hits(best, most);
      }
    }
  }

  /// Leaves out rows that do not fit their checksums from now on.
  ///
  /// @return how many
  private int drop(List<ScoredRow> rows) {
    int bad = 0;
    for (ScoredRow scored : rows) {
      if (!isWhole(scored.row())) {
        living.clear(scored.row());
        catalog.damage(scored.row());
        bad++;
      }
    }
    damaged += bad;
    return bad;
  }

  private List<Hit> hits(List<ScoredRow> best, int most) {
    List<Hit> hits = new ArrayList<>();
    for (ScoredRow scored : best) {
      paths.of(scored.row()).forEach(path -> hits.add(new Hit(path, scored.cosine())));
    }
    hits.sort(HITS);
    return List.copyOf(hits.subList(0, Math.min(most, hits.size())));
  }

  /// Groups of pictures that look nearly the same, exactly: every vector is compared with every
  /// other, so twice as many take four times as long. Whoever is near enough to one of a group
  /// belongs to it; copies are always together.
  ///
  /// @param threshold the least cosine of two of them, above −1
  /// @param progress hears which part is done, 0 … 1
  /// @return groups of at least two, by path; with each its highest cosine with another
  public List<List<Hit>> duplicates(double threshold, DoubleConsumer progress) {
    List<ScoredRow> all = living.stream().mapToObj(row -> new ScoredRow(row, 0)).toList();
    drop(all);
    Duplicates duplicates = new Duplicates(paths, rows.dim(0), threshold);
    duplicates.compareAll(rows, living, progress);
    return duplicates.groups(living);
  }

  Tensor rows() {
    return rows;
  }

  BitSet living() {
    return living;
  }

  RowPaths paths() {
    return paths;
  }

  Path folder() {
    return folder;
  }

  Manifest manifest() {
    return manifest;
  }

  @Override
  public void close() {
    device.close();
    arena.close();
  }
}
