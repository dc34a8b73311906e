package org.internvl4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Processor time that others took while we measured: on a quiet machine next to nothing.
final class Others {
  private static final double TICK = 0.01; // seconds: USER_HZ is 100 on Linux

  private final double before;

  private Others(double before) {
    this.before = before;
  }

  static Others start() {
    return new Others(now());
  }

  /// Seconds since the start, of all cores together; 0 where the system does not say.
  double seconds() {
    return Math.max(0, now() - before);
  }

  /// Busy time of the machine less that of this process and of its children that have ended.
  private static double now() {
    try {
      String[] machine = Files.readAllLines(Path.of("/proc/stat")).getFirst().split("\\s+", -1);
      double busy = 0;
      for (int i : new int[] {1, 2, 3, 6, 7}) { // user, nice, system, irq, softirq
        busy += Double.parseDouble(machine[i]);
      }
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] own = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      for (int i = 11; i <= 14; i++) { // utime, stime, cutime, cstime
        busy -= Double.parseDouble(own[i]);
      }
      return busy * TICK;
    } catch (IOException e) {
      return 0;
    }
  }
}
