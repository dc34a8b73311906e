package org.internvl4j.bench;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Brings the [Rates] of a benchmark into JMH's results, one value an iteration.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Counters {
  private @Nullable Rates rates;

  /// Every benchmark method says this first.
  void of(Rates rates) {
    this.rates = rates;
  }

  /// GB/s of a plain loop that reads.
  public double plainRead() {
    return rates == null ? 0 : rates.plainRead();
  }

  /// GFLOP/s of a plain loop of fused multiply-adds.
  public double plainFma() {
    return rates == null ? 0 : rates.plainFma();
  }

  /// GB that a call has to read and write at least.
  public double gigabytes() {
    return rates == null ? 0 : rates.gigabytes();
  }

  /// GFLOP of a call.
  public double gigaflops() {
    return rates == null ? 0 : rates.gigaflops();
  }

  /// MB of the process that were in memory when the iteration began.
  public double residentMegabytes() {
    return rates == null ? 0 : rates.residentMegabytes();
  }

  /// Bytes that a call allocated on the Java heap, of all threads; 0 where nobody counts.
  public double garbageBytes() {
    return rates == null ? 0 : rates.garbageBytes();
  }
}
