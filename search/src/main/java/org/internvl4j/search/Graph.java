package org.internvl4j.search;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.FSDirectory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// The approximate way: a graph of neighbours (HNSW, Malkov & Yashunin 2018) that Lucene keeps in
/// `graph-N` beside the vectors. Answers come in milliseconds from millions of rows, and now and
/// then one of the nearest is not among them. Rows that the graph does not hold yet are scanned.
///
/// What it finds is compared by the exact cosines. Needs `org.apache.lucene:lucene-core`. One
/// thread at a time. The caller closes it, then the index.
public final class Graph implements AutoCloseable {
  private static final String VECTOR = "vector";
  private static final String ROW = "row";
  private static final String ROWS = "rows";
  private static final int NEIGHBOURS = 16; // a row's, at most; twice as many on the ground
  private static final int BEAM = 150; // rows that are looked at to find them
  private static final int CANDIDATES = 200; // of a search, at least
  private static final int MOST_CANDIDATES = 10_000;
  private static final int COMMIT = 10_000; // rows that are not lost when a build is stopped
  private static final int BUFFER = 256; // MB of the heap

  private final Index index;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;
  private final int rows; // those before are in the graph

  private Graph(Index index, DirectoryReader reader) throws IOException {
    this.index = index;
    this.reader = reader;
    this.searcher = new IndexSearcher(reader);
    this.rows = Math.min(rows(reader.getIndexCommit().getUserData()), index.rows().dim(0));
  }

  private static int rows(Map<String, String> data) {
    return Integer.parseInt(data.getOrDefault(ROWS, "0"));
  }

  /// Opens the graph of an index.
  ///
  /// @throws SearchException if it has none
  public static Graph open(Index index) throws IOException {
    Path folder = Store.graph(index.folder(), index.manifest());
    if (!index.hasGraph()) {
      throw new SearchException(
          index.folder() + ": has no graph; 'internvl index --graph' makes one");
    }
    FSDirectory directory = FSDirectory.open(folder);
    try {
      DirectoryReader reader = DirectoryReader.open(directory);
      return new Graph(index, reader);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw new SearchException(
          folder + ": is no graph that can be read; 'internvl index' builds it anew", e);
    }
  }

  // ---- writing

  /// Whether a graph that was committed has files that are missing, cut off or of another version.
  ///
  /// @throws IOException if they cannot be read, for another reason
  static boolean isDamaged(Path folder) throws IOException {
    try (FSDirectory directory = FSDirectory.open(folder)) {
      if (!DirectoryReader.indexExists(directory)) {
        return false; // whoever was stopped before the first commit begins again
      }
      try (DirectoryReader reader = DirectoryReader.open(directory)) {
        rows(reader.getIndexCommit().getUserData());
        return false;
      }
    } catch (CorruptIndexException
        | IndexFormatTooNewException
        | IndexFormatTooOldException
        | EOFException
        | FileNotFoundException
        | NoSuchFileException
        | IllegalArgumentException e) {
      return true;
    }
  }

  /// Puts rows into the graph that are not there yet; whoever is stopped goes on later.
  ///
  /// @param folder the graph's own
  /// @param vector of a row, of length 1; asked for by several threads
  /// @param count how many rows there are
  /// @param progress hears which part is done, 0 … 1
  static void extend(Path folder, IntFunction<float[]> vector, int count, DoubleConsumer progress)
      throws IOException {
    IndexWriterConfig config =
        new IndexWriterConfig()
            .setCodec(codec())
            .setRAMBufferSizeMB(BUFFER)
            .setUseCompoundFile(false);
    try (FSDirectory directory = FSDirectory.open(folder);
        IndexWriter writer = new IndexWriter(directory, config)) {
      int from = 0;
      if (DirectoryReader.indexExists(directory)) {
        for (Map.Entry<String, String> data : writer.getLiveCommitData()) {
          from = data.getKey().equals(ROWS) ? Integer.parseInt(data.getValue()) : from;
        }
      }
      for (int at = from; at < count; at += COMMIT) {
        int end = Math.min(count, at + COMMIT);
        IntStream.range(at, end).parallel().forEach(row -> add(writer, row, vector.apply(row)));
        writer.setLiveCommitData(Map.of(ROWS, Integer.toString(end)).entrySet());
        writer.commit();
        progress.accept((end - from) / (double) (count - from));
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void add(IndexWriter writer, int row, float[] vector) {
    Document document = new Document();
    document.add(new KnnFloatVectorField(VECTOR, vector, VectorSimilarityFunction.DOT_PRODUCT));
    document.add(new NumericDocValuesField(ROW, row));
    try {
      writer.addDocument(document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Lucene104Codec codec() {
    return new Lucene104Codec() {
      @Override
      public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
        return new Lucene99HnswVectorsFormat(NEIGHBOURS, BEAM);
      }
    };
  }

  // ---- searching

  /// The pictures that lie nearest, best first, as far as the graph leads there.
  ///
  /// @param query of any length, not all zeros
  /// @param most how many, at least 1
  public List<Hit> nearest(float[] query, int most) {
    return index.nearest(query, most, (unit, top) -> offer(unit, most, top));
  }

  private void offer(float[] unit, int most, TopRows top) {
    int wanted = Math.max(CANDIDATES, 4 * most);
    int living = index.living().get(0, rows).cardinality();
    long scaled = living == 0 ? 0 : (long) wanted * rows / living; // dead ones are found, too
    if (scaled > MOST_CANDIDATES || scaled >= rows) {
      Scan.run(index.rows(), 0, rows, unit, index.living(), top);
    } else {
      offer(candidates(unit, (int) scaled), unit, top);
    }
    Scan.run(index.rows(), rows, index.rows().dim(0), unit, index.living(), top);
  }

  private void offer(List<Integer> candidates, float[] unit, TopRows top) {
    float[] cosine = new float[1];
    try (Workspace steps = new Workspace(index.rows().device(), "graph")) {
      Tensor vector = steps.of(unit, unit.length);
      long start = steps.position();
      for (int row : candidates) {
        if (index.living().get(row)) {
          index.rows().narrow(0, row, 1).in(steps).dot(vector).toFloats(cosine);
          top.offer(row, cosine[0]);
          steps.rewind(start);
        }
      }
    }
  }

  private List<Integer> candidates(float[] unit, int count) {
    try {
      List<Integer> found = new ArrayList<>();
      List<LeafReaderContext> leaves = reader.leaves();
      for (ScoreDoc hit :
          searcher.search(new KnnFloatVectorQuery(VECTOR, unit, count), count).scoreDocs) {
        LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(hit.doc, leaves));
        NumericDocValues row = leaf.reader().getNumericDocValues(ROW);
        if (row != null && row.advanceExact(hit.doc - leaf.docBase)) {
          long value = row.longValue();
          if (value >= 0 && value < rows) {
            found.add((int) value);
          }
        }
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(index.folder() + ": its graph cannot be read", e);
    }
  }

  /// Groups of pictures that look nearly the same, as far as they are among each other's nearest;
  /// see [Index#duplicates].
  ///
  /// @param threshold the least cosine
  /// @param progress hears which part is done, 0 … 1
  public List<List<Hit>> duplicates(double threshold, DoubleConsumer progress) {
    int count = index.rows().dim(0);
    Duplicates duplicates = new Duplicates(index.paths(), count, threshold);
    for (int row = 0; row < count; row++) {
      if (index.living().get(row)) {
        TopRows top = new TopRows(NEIGHBOURS, index.paths().order());
        offer(index.vector(row), NEIGHBOURS, top);
        for (ScoredRow near : top.best()) {
          double cosine = near.row() == row ? -1 : Cosine.of(index.rows(), row, near.row());
          if (cosine >= threshold) {
            duplicates.join(row, near.row(), cosine);
          }
        }
      }
      progress.accept((row + 1) / (double) count);
    }
    return duplicates.groups(index.living());
  }

  @Override
  public void close() throws IOException {
    reader.close();
    reader.directory().close();
  }
}
