package org.internvl4j.media.pdf;

import java.awt.Shape;
import java.awt.geom.PathIterator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// What filling, stroking and clipping by a path costs: nothing ends any of them.
final class PathWork {
  /// Most rows of pixels that the edges of one path may cross, some seconds of work.
  static final double MOST_ROWS = 6e7;

  /// Most edges of a path that clips.
  static final int MOST_EDGES = 20_000;

  /// Most segments of a path.
  static final int MOST_SEGMENTS = 2_000_000;

  private static final int CAP = 16; // edges of a join or cap

  private PathWork() {}

  /// A line, or a curve between its control points.
  ///
  /// @param length the sum of the distances between them
  private record Edge(double left, double top, double right, double bottom, double length) {
    boolean crosses(Edge other) {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }
  }

  private static List<Edge> edges(Shape path, int most) {
    List<Edge> edges = new ArrayList<>();
    double[] at = new double[8]; // where it is, and up to three points
    double[] start = new double[2];
    double[] points = new double[6];
    for (PathIterator i = path.getPathIterator(null);
        !i.isDone() && edges.size() <= most;
        i.next()) {
      int count = 0;
      switch (i.currentSegment(points)) {
        case PathIterator.SEG_MOVETO -> {
          System.arraycopy(points, 0, start, 0, 2);
          System.arraycopy(points, 0, at, 0, 2);
        }
        case PathIterator.SEG_LINETO -> count = 1;
        case PathIterator.SEG_QUADTO -> count = 2;
        case PathIterator.SEG_CUBICTO -> count = 3;
        default -> {
          System.arraycopy(start, 0, points, 0, 2);
          count = 1;
        }
      }
      System.arraycopy(points, 0, at, 2, 2 * count);
      if (count > 0) {
        edges.add(edge(at, count));
        System.arraycopy(at, 2 * count, at, 0, 2);
      }
    }
    return edges;
  }

  private static Edge edge(double[] at, int count) {
    double left = at[0];
    double right = at[0];
    double top = at[1];
    double bottom = at[1];
    double length = 0;
    for (int i = 2; i <= 2 * count; i += 2) {
      left = Math.min(left, at[i]);
      right = Math.max(right, at[i]);
      top = Math.min(top, at[i + 1]);
      bottom = Math.max(bottom, at[i + 1]);
      length += Math.hypot(at[i] - at[i - 2], at[i + 1] - at[i - 1]);
    }
    return new Edge(left, top, right, bottom, length);
  }

  /// Rows of pixels that the edges of a filled path cross.
  ///
  /// @param scale pixels of a unit
  /// @param most pixels that an edge can cross
  static double filled(Shape path, double scale, double most) {
    List<Edge> edges = edges(path, MOST_SEGMENTS);
    double rows = edges.size() > MOST_SEGMENTS ? 2 * MOST_ROWS : 0;
    for (Edge edge : edges) {
      rows += 1 + Math.min(most, scale * edge.length);
    }
    return rows;
  }

  /// Rows of pixels that the edges of a stroked path cross: both sides of each line, and a join or
  /// cap at the end of each line and dash.
  ///
  /// @param width of the line, in units
  /// @param dash mean length of a dash or gap in units, 0 if there are none
  static double stroked(Shape path, double scale, double most, double width, double dash) {
    double end = CAP + 2 * Math.min(most, scale * width);
    List<Edge> edges = edges(path, MOST_SEGMENTS);
    double rows = edges.size() > MOST_SEGMENTS ? 2 * MOST_ROWS : 0;
    for (Edge edge : edges) {
      double length = Math.min(most, scale * edge.length);
      double ends = dash > 0 ? 1 + length / (scale * dash) : 1;
      rows += 2 * length + ends * end;
    }
    return rows;
  }

  /// How many pairs of edges may cross each other, beyond those of ordinary outlines, two an edge:
  /// clipping looks at all edges again at each crossing.
  ///
  /// @param most where counting ends
  /// @return more than `most` also if there are more than [#MOST_EDGES]
  static long crossings(Shape path, long most) {
    List<Edge> found = edges(path, MOST_EDGES);
    if (found.size() > MOST_EDGES) {
      return most + 1;
    }
    Edge[] edges = found.toArray(Edge[]::new);
    Arrays.sort(edges, Comparator.comparingDouble(Edge::top));
    long free = 2L * edges.length;
    long pairs = 0;
    for (int i = 0; i < edges.length; i++) {
      for (int k = i + 1; k < edges.length && edges[k].top < edges[i].bottom; k++) {
        pairs += edges[i].crosses(edges[k]) ? 1 : 0;
        if (pairs - free > most) {
          return pairs - free;
        }
      }
    }
    return Math.max(0, pairs - free);
  }
}
