package org.internvl4j.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.Objects;

/// What was allocated on the Java heap between two moments, by the thread that counts and by this
/// project's workers. Others, which now and then allocate a hundred bytes, are not counted.
///
/// JMH's own profiler counts whole iterations and with them what JMH allocates around them, some
/// fifty thousand bytes: as much as a kilobyte a call where an iteration is a few dozen calls.
/// Looking allocates nothing.
final class Garbage {
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private long[] ids = {};
  private long sum;
  private long begun;

  /// Forgets what was counted. From here on the caller and the workers that run now are counted.
  void clear() {
    long caller = Thread.currentThread().threadId();
    ids =
        Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
            .filter(Objects::nonNull) // it has ended meanwhile
            .filter(t -> t.getThreadId() == caller || t.getThreadName().startsWith("internvl4j-"))
            .mapToLong(ThreadInfo::getThreadId)
            .toArray();
    sum = 0;
  }

  void begin() {
    begun = allocated();
  }

  void end() {
    sum += allocated() - begun;
  }

  private long allocated() {
    long bytes = 0;
    for (long id : ids) {
      bytes += Math.max(0, threads.getThreadAllocatedBytes(id)); // -1 if it has ended
    }
    return bytes;
  }

  /// Bytes between all begins and their ends.
  long bytes() {
    return sum;
  }
}
