package org.internvl4j.bench;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.internvl4j.serving.EngineListener;

/// When an engine made steps and read pieces.
final class Steps implements EngineListener {
  private record Step(int answers, long end, double millis) {}

  /// What those that speak waited for their tokens while a picture was read, and around that.
  ///
  /// @param readSeconds until the picture was read
  /// @param seconds since it arrived, of each token
  /// @param waits before it, milliseconds
  /// @param piece the longest piece that was read, milliseconds
  /// @param bound what was promised: reading, such a piece, the longest pass, milliseconds
  record Watched(
      double readSeconds, List<Double> seconds, List<Double> waits, double piece, double bound) {
    void print(PrintStream out) {
      double[] before = between(Double.NEGATIVE_INFINITY, 0);
      double[] during = between(0, readSeconds);
      out.printf(
          Locale.ROOT,
          "read in %.1f s: a token of the others took %.1f ms before, meanwhile %.1f ms (median),"
              + " %.1f ms (99 %%), %.1f ms (most); the longest piece %.1f ms, the bound %.1f ms%n",
          readSeconds,
          before[before.length / 2],
          during[during.length / 2],
          during[(int) (during.length * 0.99)],
          during[during.length - 1],
          piece,
          bound);
    }

    private double[] between(double from, double to) {
      double[] chosen =
          IntStream.range(0, waits.size())
              .filter(i -> seconds.get(i) > from && seconds.get(i) <= to)
              .mapToDouble(waits::get)
              .toArray();
      Arrays.sort(chosen);
      return chosen;
    }
  }

  private final List<Step> steps = new ArrayList<>();
  private double longestPiece; // milliseconds

  synchronized void clear() {
    steps.clear();
    longestPiece = 0;
  }

  @Override
  public synchronized void step(int answers, Duration time) {
    steps.add(new Step(answers, System.nanoTime(), millis(time)));
  }

  @Override
  public synchronized void piece(Duration time) {
    longestPiece = Math.max(longestPiece, millis(time));
  }

  /// Milliseconds between steps of `n` answers that follow each other.
  synchronized double[] gaps(int n) {
    return IntStream.range(1, steps.size())
        .filter(i -> steps.get(i - 1).answers() == n && steps.get(i).answers() == n)
        .mapToDouble(i -> (steps.get(i).end() - steps.get(i - 1).end()) * 1e-6)
        .toArray();
  }

  /// @param n answers that speak
  /// @param start when a picture arrived, in the time of [System#nanoTime]
  /// @param end when it was read
  /// @param reading how long the engine reads before it goes on with the others
  synchronized Watched watched(int n, long start, long end, Duration reading) {
    List<Double> seconds = new ArrayList<>();
    List<Double> waits = new ArrayList<>();
    double longestPass = 0;
    for (int i = 1; i < steps.size(); i++) {
      Step step = steps.get(i);
      if (step.answers() >= n && steps.get(i - 1).answers() >= n) {
        seconds.add((step.end() - start) * 1e-9);
        waits.add((step.end() - steps.get(i - 1).end()) * 1e-6);
        longestPass = Math.max(longestPass, step.millis());
      }
    }
    double bound = millis(reading) + longestPiece + longestPass;
    return new Watched((end - start) * 1e-9, seconds, waits, longestPiece, bound);
  }

  private static double millis(Duration time) {
    return time.toNanos() * 1e-6;
  }
}
