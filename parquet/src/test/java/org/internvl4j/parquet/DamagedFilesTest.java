package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that were cut off, or some of whose bytes are others: they are read, or refused in a
/// sentence. 2,400 of them, the same every time.
class DamagedFilesTest {
  private static final int CASES = Boolean.getBoolean("internvl4j.sweep") ? 20_000 : 300;
  private static final long MOST_ALLOCATED = 64 << 20;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ours",
        "ours-gzip",
        "snappy",
        "zstd-v2-deltas",
        "gzip-v2",
        "plain-pages",
        "lz4-split",
        "zstd-text"
      })
  void isReadOrRefused(String name) throws IOException {
    byte[] sound =
        name.startsWith("ours")
            ? Tables.write(
                Tables.columns(),
                Tables.rows(Tables.columns(), 60, 5),
                WriteOptions.DEFAULT.withGroups(25, 1 << 30).withGzip(name.endsWith("gzip")))
            : Files.readAllBytes(PyarrowFilesTest.file(name));
    Random random = new Random(name.hashCode());
    Path file = folder.resolve("damaged.parquet");
    int refused = 0;
    for (int i = 0; i < CASES; i++) {
      Files.write(file, damaged(sound, random));
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        readAll(file);
      } catch (ParquetException e) {
        refused++;
        assertThat(e).hasMessageStartingWith(file + ": ");
        assertThat(e.getMessage()).as("case %d", i).hasSizeLessThan(600).doesNotContain("\n");
      } catch (RuntimeException | Error e) {
        throw new AssertionError("case " + i, e);
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before)
          .as("bytes allocated in case %d", i)
          .isLessThan(MOST_ALLOCATED);
    }
    assertThat(refused).isGreaterThan(CASES / 8);
  }

  private static byte[] damaged(byte[] sound, Random random) {
    if (random.nextInt(5) == 0) {
      return Arrays.copyOf(sound, random.nextInt(sound.length));
    }
    byte[] bytes = sound.clone();
    int from = random.nextBoolean() ? 0 : Math.max(0, bytes.length - 2000); // the footer is there
    for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
      int at = from + random.nextInt(bytes.length - from);
      bytes[at] =
          (byte) (random.nextBoolean() ? random.nextInt() : bytes[at] ^ 1 << random.nextInt(8));
    }
    return bytes;
  }

  /// All rows of all columns that can be read, each column by itself: one that is damaged hides no
  /// other.
  private static void readAll(Path file) {
    ParquetException failure = null;
    try (ParquetReader reader = ParquetReader.open(file)) {
      for (Field field : reader.fields()) {
        try {
          Iterator<Row> rows = reader.rows(0, List.of(field.path()));
          while (rows.hasNext()) {
            read(rows.next(), field);
          }
        } catch (ParquetException e) {
          failure = e;
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static void read(Row row, Field field) {
    String path = field.path();
    Object value =
        switch (field.type()) {
          case STRING -> field.list() ? row.strings(path) : row.string(path);
          case BINARY -> field.list() ? row.arrays(path) : row.bytes(path);
          case DOUBLE -> field.list() ? row.floats(path) : row.real(path);
          case LONG -> field.list() ? null : row.integer(path);
          case BOOLEAN -> field.list() ? null : row.truth(path);
          case OTHER -> throw new AssertionError(field);
        };
    assertThat(value == null || !field.list() || !row.isNull(path)).isTrue();
  }
}
