package org.internvl4j.kernels.cpu;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Locale;

/// Finds out whether the compilers have left an unrolled kernel slow for good.
///
/// Until the second compiler has taken a kernel, its vectors are objects and it runs a hundred
/// times slower. Should the first one give up on the method, this can stay so for the life of the
/// process. So the rate is looked at once, when there was time enough to compile: below what any
/// compiled one reaches, another kernel stands in from then on, and the log says so in a line.
///
/// Only the first worker's shares are timed, so that time is that of one thread, and none where
/// workers share a core. Small shares do not count: they are soon done however slow, and what goes
/// on around the kernel takes most of their time. Several devices may report at once.
final class RateCheck {
  /// Time of work in which the second compiler has had its chance.
  private static final long WARM = 10_000_000_000L; // ns

  /// Time of work that is looked at then.
  private static final long SAMPLE = 1_000_000_000L; // ns

  /// Multiply-adds a nanosecond and lane: a tenth of what one row reaches, which waits for memory,
  /// and more than ten times what vectors that are objects do.
  private static final double LEAST = 1.0 / 16;

  /// Multiply-adds of a share that counts.
  private static final long LARGE = 1 << 20;

  private static final Logger LOG = System.getLogger(RateCheck.class.getName());

  private final String kernel;
  private final String substitute;
  private long warmNanos;
  private long sampleNanos;
  private long sampleMultiplyAdds;
  private volatile boolean decided;
  private volatile boolean slow;

  /// @param kernel what is watched
  /// @param substitute what stands in for it
  RateCheck(String kernel, String substitute) {
    // vectors wider than the machine's are slow on purpose
    this(kernel, substitute, Lanes.BITS > Lanes.WIDEST);
  }

  private RateCheck(String kernel, String substitute, boolean decided) {
    this.kernel = kernel;
    this.substitute = substitute;
    this.decided = decided;
  }

  /// One that watches nothing: of what no compiler makes.
  static RateCheck none() {
    return new RateCheck("", "", true);
  }

  /// Whether the substitute is to be used.
  boolean isSlow() {
    return slow;
  }

  /// When work begins, for [#end]; 0 for work that does not count.
  long begin(Share share) {
    return decided || !share.isFirst() || share.isCrowded() ? 0 : System.nanoTime();
  }

  /// Work that began at `begin` is done.
  void end(long begin, long multiplyAdds) {
    if (begin != 0 && multiplyAdds >= LARGE && !decided) {
      add(System.nanoTime() - begin, multiplyAdds);
    }
  }

  /// A large share took `nanos`.
  synchronized void add(long nanos, long multiplyAdds) {
    if (decided) {
      return;
    }
    if (warmNanos < WARM) {
      warmNanos += nanos;
      return;
    }
    sampleNanos += nanos;
    sampleMultiplyAdds += multiplyAdds;
    if (sampleNanos >= SAMPLE) {
      decide((double) sampleMultiplyAdds / sampleNanos);
    }
  }

  private void decide(double rate) {
    double least = LEAST * Lanes.N;
    slow = rate < least;
    decided = true;
    if (slow) {
      LOG.log(
          Level.WARNING,
          String.format(
              Locale.ROOT,
              "cpu: %s does %.3f multiply-adds a nanosecond and thread, at least %.2f are expected:"
                  + " Java has not compiled it, or gets little of the processor; %s stands in; a new process may do better",
              kernel,
              rate,
              least,
              substitute));
    }
  }
}
