package org.internvl4j.models.heads;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.loader.Scratch;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;

/// The weights of a segmentation head, and beside them those of products that are made of them, in
/// f32: a BatchNorm becomes a part of the convolution that it goes with.
///
/// - `X.conv.weight` `[out, in, k, k]` and `X.bn.*` behind it: `X.product` `[out, k·k·in]`, for
///   rows that have the channels of one pixel after those of another, and `X.offset`, its bias.
/// - `decode_head.norm.*` before `decode_head.conv_seg.*`: `decode_head.norm.shift`, added to a
///   pixel, then `decode_head.conv_seg.product` and `.offset`. So the mean is taken off before
///   anything is multiplied, where activations have few digits.
/// - A transposed convolution `backbone.upN.M.*` `[in, out, 2, 2]`: its `product` `[4·out, in]`,
///   what a pixel makes of its upper left, upper right, lower left and lower right one, and
///   `offset`.
final class HeadWeights implements WeightSource {
  private static final double EPS = 1e-5; // PyTorch's default; not in the files
  private static final String CONV = ".conv.weight";
  private static final String UP = "backbone\\.up\\d\\.\\d\\.weight";
  private static final String NORM = "decode_head.norm";
  private static final String CLASSIFIER = "decode_head.conv_seg";

  private final WeightSource source;
  private final Map<String, Made> made = new LinkedHashMap<>();
  private final Set<String> names;

  /// A weight that is made of others.
  ///
  /// @param parts their names
  /// @param shape that it has
  private record Made(List<String> parts, List<Long> shape, Maker maker) {}

  @FunctionalInterface
  private interface Maker {
    /// @param parts as named
    /// @param rows takes the rows of what is made: which, and its values
    void make(List<Tensor> parts, BiConsumer<Integer, float[]> rows);
  }

  HeadWeights(WeightSource source) {
    this.source = source;
    for (String name : source.names()) {
      List<Long> shape = source.info(name).shape();
      if (shape.size() == 4 && name.endsWith(CONV)) {
        convolution(name.substring(0, name.length() - CONV.length()), shape);
      } else if (shape.size() == 4 && name.matches(UP)) {
        upper(name.substring(0, name.length() - ".weight".length()), shape);
      } else if (shape.size() == 4 && name.equals(CLASSIFIER + ".weight")) {
        classifier(shape);
      }
    }
    names = new LinkedHashSet<>(source.names());
    made.values().forEach(m -> names.removeAll(m.parts));
    names.addAll(made.keySet());
  }

  // ---- what is made

  private void add(String name, List<String> parts, List<Long> shape, Maker maker) {
    if (parts.stream().allMatch(source::has)) {
      made.put(name, new Made(parts, shape, maker));
    }
  }

  private void convolution(String path, List<Long> shape) {
    long out = shape.getFirst();
    long in = shape.get(1) * shape.get(2) * shape.get(3);
    List<String> norm = norm(path + ".bn");
    add(
        path + ".product",
        joined(norm, path + CONV),
        List.of(out, in),
        (parts, rows) -> {
          double[] scale = norm(parts, path + ".bn").scale();
          for (int o = 0; o < out; o++) {
            double s = scale[o];
            rows.accept(o, scaled(byPixel(parts.getLast().select(0, o)), i -> s));
          }
        });
    add(
        path + ".offset",
        norm,
        List.of(out),
        (parts, rows) -> rows.accept(0, offsets(norm(parts, path + ".bn"))));
  }

  /// `[in, k, k]` with the channels of a pixel side by side.
  private static float[] byPixel(Tensor filter) {
    float[] values = filter.toFloats();
    int channels = filter.dim(0);
    int pixels = values.length / Math.max(1, channels);
    float[] y = new float[values.length];
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < pixels; p++) {
        y[p * channels + c] = values[c * pixels + p];
      }
    }
    return y;
  }

  private static float[] scaled(float[] values, IntToDoubleFunction scale) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * scale.applyAsDouble(i));
    }
    return values;
  }

  private static float[] offsets(BatchNorm n) {
    float[] y = new float[n.mean().length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (float) (n.beta()[i] - n.mean()[i] * n.scale()[i]);
    }
    return y;
  }

  private void classifier(List<Long> shape) {
    long classes = shape.getFirst();
    long in = shape.get(1) * shape.get(2) * shape.get(3);
    List<String> norm = norm(NORM);
    add(
        NORM + ".shift",
        List.of(NORM + ".running_mean"),
        List.of(in),
        (parts, rows) -> rows.accept(0, scaled(parts.getFirst().toFloats(), i -> -1)));
    add(
        CLASSIFIER + ".product",
        joined(norm, CLASSIFIER + ".weight"),
        List.of(classes, in),
        (parts, rows) -> {
          double[] scale = norm(parts, NORM).scale();
          for (int k = 0; k < classes; k++) {
            rows.accept(k, scaled(parts.getLast().select(0, k).toFloats(), i -> scale[i]));
          }
        });
    add(
        CLASSIFIER + ".offset",
        List.of(NORM + ".bias", CLASSIFIER + ".weight", CLASSIFIER + ".bias"),
        List.of(classes),
        (parts, rows) -> rows.accept(0, withBeta(parts)));
  }

  /// `b + W · beta`.
  private static float[] withBeta(List<Tensor> parts) {
    float[] bias = parts.getLast().toFloats();
    float[] beta = parts.getFirst().toFloats();
    for (int k = 0; k < bias.length; k++) {
      float[] row = parts.get(1).select(0, k).toFloats();
      double sum = bias[k];
      for (int i = 0; i < row.length; i++) {
        sum += (double) row[i] * beta[i];
      }
      bias[k] = (float) sum;
    }
    return bias;
  }

  private void upper(String path, List<Long> shape) {
    long out = shape.get(1);
    long pixels = shape.get(2) * shape.get(3);
    add(
        path + ".product",
        List.of(path + ".weight"),
        List.of(pixels * out, shape.getFirst()),
        (parts, rows) -> turned(parts.getFirst(), rows));
    add(
        path + ".offset",
        List.of(path + ".bias"),
        List.of(pixels * out),
        (parts, rows) -> {
          float[] bias = parts.getFirst().toFloats();
          for (int p = 0; p < pixels; p++) {
            rows.accept(p, bias);
          }
        });
  }

  /// The rows of `[in, out, k, k]`: for each of the k·k pixels, those of all channels.
  private static void turned(Tensor weight, BiConsumer<Integer, float[]> rows) {
    int in = weight.dim(0);
    int out = weight.dim(1);
    int pixels = weight.dim(2) * weight.dim(3);
    float[] values = weight.toFloats();
    for (int p = 0; p < pixels; p++) {
      for (int o = 0; o < out; o++) {
        float[] row = new float[in];
        for (int i = 0; i < in; i++) {
          row[i] = values[(i * out + o) * pixels + p];
        }
        rows.accept(p * out + o, row);
      }
    }
  }

  private static List<String> norm(String path) {
    return BatchNorm.NAMES.stream().map(name -> path + "." + name).toList();
  }

  private static List<String> joined(List<String> names, String last) {
    return Stream.concat(names.stream(), Stream.of(last)).toList();
  }

  /// @param parts the first of which are a BatchNorm's
  private static BatchNorm norm(List<Tensor> parts, String path) {
    return BatchNorm.of(
        parts.get(0).toFloats(),
        parts.get(1).toFloats(),
        parts.get(2).toFloats(),
        parts.get(3).toFloats(),
        EPS,
        path);
  }

  // ---- a source

  @Override
  public Set<String> names() {
    return names;
  }

  @Override
  public TensorInfo info(String name) {
    Made m = made.get(name);
    if (m == null) {
      return source.info(name);
    }
    long bytes = 0;
    for (String part : m.parts) {
      TensorInfo info = source.info(part);
      requireNumbers(info);
      bytes += info.bytes();
    }
    return new TensorInfo(name, "F32", m.shape, 0, bytes);
  }

  private static void requireNumbers(TensorInfo info) {
    DType type = info.type();
    if (type == null || !type.isFloating()) {
      throw new CheckpointException(info.name(), "is " + info + ", expected F32, BF16 or F16");
    }
  }

  @Override
  public Tensor tensor(String name, Device device, Scratch space) {
    Made m = made.get(name);
    if (m == null) {
      return source.tensor(name, device, space);
    }
    List<Tensor> parts = m.parts.stream().map(p -> source.tensor(p, device, space)).toList();
    int[] dims = m.shape.stream().mapToInt(Math::toIntExact).toArray();
    Tensor y = space.tensor(DType.F32, Shape.of(dims), device);
    MemorySegment to = y.segment();
    m.maker.make(
        parts,
        (row, values) ->
            MemorySegment.copy(
                MemorySegment.ofArray(values),
                0,
                to,
                y.byteOffset() + 4L * row * values.length,
                4L * values.length));
    return y;
  }

  @Override
  public List<String> stored(String name) {
    Made m = made.get(name);
    return m == null
        ? source.stored(name)
        : m.parts.stream().flatMap(part -> source.stored(part).stream()).toList();
  }
}
