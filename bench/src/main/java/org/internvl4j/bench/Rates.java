package org.internvl4j.bench;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What stands beside the time of a call in every iteration: what the machine read and computed at
/// best just before it, and what the call had to read and compute.
///
/// A ceiling is taken before each iteration, not once a run: other work on the machine moves both
/// together, and then their quotient stays.
final class Rates {
  private @Nullable Ceilings ceilings;
  private double read;
  private double fma;
  private long bytes;
  private long flops;
  private long resident;
  private double garbage;

  /// GB/s of a plain loop that reads.
  double plainRead() {
    return read;
  }

  /// GFLOP/s of a plain loop of fused multiply-adds.
  double plainFma() {
    return fma;
  }

  /// GB that a call has to read and write at least.
  double gigabytes() {
    return bytes * 1e-9;
  }

  /// GFLOP of a call.
  double gigaflops() {
    return flops * 1e-9;
  }

  /// MB of the process that were in memory when the iteration began.
  double residentMegabytes() {
    return resident * 1e-6;
  }

  /// Bytes that a call allocated, on average.
  double garbageBytes() {
    return garbage;
  }

  /// Says what a call allocated; see [Garbage].
  void setGarbageBytes(double garbage) {
    this.garbage = garbage;
  }

  /// Measures the ceilings; called before each iteration.
  ///
  /// @param threads that a call uses
  void measure(int threads, long bytes, long flops) {
    this.resident = ProcessMemory.residentBytes(); // without what the ceilings take
    if (ceilings == null) {
      ceilings = new Ceilings(threads);
    } else {
      resident -= Ceilings.BYTES;
    }
    this.read = ceilings.readGigabytes();
    this.fma = ceilings.fmaGigaflops();
    this.bytes = bytes;
    this.flops = flops;
  }

  /// An iteration for people: `33.1 GB/s (98 % of plain read), 20 GFLOP/s (9 % of plain fma), `.
  ///
  /// @param seconds a call
  String line(double seconds) {
    double gigabytes = gigabytes() / seconds;
    double gigaflops = gigaflops() / seconds;
    return String.format(
        Locale.ROOT,
        "%.1f GB/s (%.0f %% of plain read %.1f), %.1f GFLOP/s (%.0f %% of plain fma %.0f), ",
        gigabytes,
        100 * gigabytes / read,
        read,
        gigaflops,
        100 * gigaflops / fma,
        fma);
  }
}
