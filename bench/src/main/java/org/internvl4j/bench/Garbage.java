package org.internvl4j.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// What was allocated on the Java heap between two moments, by all threads.
///
/// JMH's own profiler counts whole iterations and with them what JMH allocates around them, some
/// fifty thousand bytes: as much as a kilobyte a call where an iteration is a few dozen calls.
/// Looking allocates nothing.
final class Garbage {
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private long sum;
  private long begun;

  /// Forgets what was counted.
  void clear() {
    sum = 0;
  }

  void begin() {
    begun = threads.getTotalThreadAllocatedBytes();
  }

  void end() {
    sum += threads.getTotalThreadAllocatedBytes() - begun;
  }

  /// Bytes between all begins and their ends.
  long bytes() {
    return sum;
  }
}
