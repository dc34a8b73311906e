package org.internvl4j.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.search.Scan;
import org.internvl4j.search.ScoredRow;

/// How fast an index's vectors are scanned for the ten nearest, beside a plain loop that reads the
/// same mapped file and computes nothing; they take turns.
///
/// Arguments: rows (1000000), numbers a row (768), threads (one a core), a folder for the file.
public final class Scanning {
  private static final int ROUNDS = 12;
  private static final int WARM = 3;

  private Scanning() {}

  public static void main(String[] arguments) throws IOException {
    int rows = number(arguments, 0, 1_000_000);
    int columns = number(arguments, 1, 768);
    int threads = number(arguments, 2, Runtime.getRuntime().availableProcessors());
    Path folder =
        Path.of(arguments.length > 3 ? arguments[3] : System.getProperty("java.io.tmpdir"));
    Path path = Files.createTempFile(folder, "vectors", ".f32");
    try (FileChannel file =
            FileChannel.open(
                path,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        Arena arena = Arena.ofShared();
        Device device = Devices.open("cpu", threads)) {
      long bytes = 4L * rows * columns;
      MemorySegment all = file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      fill(all, rows, columns);
      measure(all, Shape.of(rows, columns), threads, device);
    }
  }

  private static int number(String[] arguments, int at, int usual) {
    return arguments.length > at ? Integer.parseInt(arguments[at]) : usual;
  }

  /// Rows of length 1, about.
  private static void fill(MemorySegment all, int rows, int columns) {
    SplittableRandom random = new SplittableRandom(1);
    float[] row = new float[columns];
    float scale = (float) Math.sqrt(3.0 / columns);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        row[c] = scale * (2 * (random.nextInt() >>> 8) * 0x1p-24f - 1);
      }
      MemorySegment.copy(row, 0, all, ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * r * columns, columns);
    }
  }

  private static void measure(MemorySegment all, Shape shape, int threads, Device device) {
    Tensor rows = Tensor.of(Memory.wrap(all, "benchmark"), DType.F32, shape, device);
    int asked = shape.dim(0) / 3;
    float[] query = new float[shape.dim(1)];
    MemorySegment.copy(
        all, ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * asked * query.length, query, 0, query.length);
    long share = all.byteSize() / threads / 1024 * 1024; // whole vectors of any width
    double read = Double.POSITIVE_INFINITY;
    double scan = Double.POSITIVE_INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
      double r = Ceilings.time(threads, (w, _) -> Ceilings.read(all, w * share, share));
      long begin = System.nanoTime();
      ScoredRow nearest = Scan.nearest(rows, query, 10).getFirst();
      double s = (System.nanoTime() - begin) * 1e-9;
      if (nearest.row() != asked) {
        throw new AssertionError("bench: the nearest of row " + asked + " is " + nearest);
      }
      if (round >= WARM) {
        read = Math.min(read, r);
        scan = Math.min(scan, s);
      }
      tell("round " + round, all.byteSize(), r, s);
    }
    tell("best of " + (ROUNDS - WARM), all.byteSize(), read, scan);
  }

  private static void tell(String what, long bytes, double read, double scan) {
    System.out.printf(
        "%s: plain loop %.3f s, %.1f GB/s; scan %.3f s, %.1f GB/s: %.0f %%%n",
        what, read, bytes * 1e-9 / read, scan, bytes * 1e-9 / scan, 100 * read / scan);
  }
}
