package org.internvl4j.models.heads;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// What heads do with maps beside products. What is no copy is a plain loop in this process,
/// whatever the device: it costs little beside the convolutions. Maps are `[h, w, C]`, in the dtype
/// of activations.
final class HostMaps {
  private HostMaps() {}

  private static Tensor put(Workspace to, float[] values, int... dims) {
    Tensor f32 = to.of(values, dims);
    return to.device().activations() == DType.F32 ? f32 : to.activations(dims).copyFrom(f32);
  }

  /// `max(x, 0)`, in place: what has its sign bit set becomes 0.
  static Tensor relu(Tensor x) {
    MemorySegment bits = x.toHost();
    long count = x.shape().size();
    if (x.dtype() == DType.F32) {
      for (long i = 0; i < count; i++) {
        if (bits.getAtIndex(ValueLayout.JAVA_INT, i) < 0) {
          bits.setAtIndex(ValueLayout.JAVA_INT, i, 0);
        }
      }
    } else {
      for (long i = 0; i < count; i++) {
        if (bits.getAtIndex(ValueLayout.JAVA_SHORT, i) < 0) {
          bits.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) 0);
        }
      }
    }
    x.fromHost(bits);
    return x;
  }

  /// Maps of one size, their channels side by side.
  static Tensor joined(List<Tensor> maps) {
    Tensor first = maps.getFirst();
    int channels = maps.stream().mapToInt(map -> map.dim(2)).sum();
    Tensor y = first.workspace().activations(first.dim(0), first.dim(1), channels);
    int at = 0;
    for (Tensor map : maps) {
      y.narrow(2, at, map.dim(2)).copyFrom(map);
      at += map.dim(2);
    }
    return y;
  }

  /// In another size, bilinear; `x` itself if it has it.
  static Tensor resize(Tensor x, int height, int width) {
    if (x.dim(0) == height && x.dim(1) == width) {
      return x;
    }
    int channels = x.dim(2);
    float[] map = x.toFloats();
    float[] y = new float[Math.multiplyExact(Math.multiplyExact(height, width), channels)];
    float[] line = new float[x.dim(1) * channels];
    Bilinear rows = new Bilinear(x.dim(0), height);
    Bilinear columns = new Bilinear(x.dim(1), width);
    for (int i = 0; i < height; i++) {
      rows.line(map, i, line);
      for (int j = 0; j < width; j++) {
        columns.add(line, channels, j, y, (i * width + j) * channels);
      }
    }
    return put(x.workspace(), y, height, width, channels);
  }

  /// The largest of each 2 x 2 values; of odd sides the last one is left out.
  static Tensor maxPool(Tensor x) {
    int height = x.dim(0) / 2;
    int width = x.dim(1) / 2;
    int channels = x.dim(2);
    float[] map = x.toFloats();
    float[] y = new float[height * width * channels];
    int line = x.dim(1) * channels;
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < width; j++) {
        int from = 2 * i * line + 2 * j * channels;
        int to = (i * width + j) * channels;
        for (int c = 0; c < channels; c++, from++) {
          float upper = Math.max(map[from], map[from + channels]);
          float lower = Math.max(map[from + line], map[from + line + channels]);
          y[to + c] = Math.max(upper, lower);
        }
      }
    }
    return put(x.workspace(), y, height, width, channels);
  }

  /// Means of the `bins` x `bins` parts that a map is cut into; where its sides are no multiples,
  /// they overlap (`AdaptiveAvgPool2d`).
  static Tensor adaptiveMean(Tensor x, int bins) {
    int channels = x.dim(2);
    float[] map = x.toFloats();
    float[] y = new float[bins * bins * channels];
    for (int i = 0; i < bins; i++) {
      for (int j = 0; j < bins; j++) {
        mean(map, x.dim(0), x.dim(1), channels, bins, i, j, y);
      }
    }
    return put(x.workspace(), y, bins, bins, channels);
  }

  private static void mean(
      float[] map, int height, int width, int channels, int bins, int i, int j, float[] y) {
    int top = i * height / bins;
    int bottom = Math.ceilDiv((i + 1) * height, bins);
    int left = j * width / bins;
    int right = Math.ceilDiv((j + 1) * width, bins);
    double[] sums = new double[channels];
    for (int row = top; row < bottom; row++) {
      for (int column = left; column < right; column++) {
        int from = (row * width + column) * channels;
        for (int c = 0; c < channels; c++) {
          sums[c] += map[from + c];
        }
      }
    }
    for (int c = 0; c < channels; c++) {
      y[(i * bins + j) * channels + c] = (float) (sums[c] / ((bottom - top) * (right - left)));
    }
  }
}
