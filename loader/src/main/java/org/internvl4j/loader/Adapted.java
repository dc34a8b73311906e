package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.internvl4j.loader.LowRank.Factor;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;

/// A source some of whose matrices adapters have changed: `W + Σ scale · B·A`, rounded once to what
/// W is stored as. Where W is to be kept in fewer bits than that, it stays what it is, and what is
/// added is told apart ([#beside]).
public final class Adapted implements WeightSource {
  private static final int BAND = 32;

  private final WeightSource source;
  private final Map<String, List<LowRank>> changes;
  private final Map<String, Factor> replaced;
  private final Predicate<String> keptApart;
  private final int threads;
  private final Set<String> names;

  /// @param changes what is added, by the name of the weight
  /// @param replaced what stands in place of a weight
  /// @param keptApart of which weights changes are kept beside
  /// @param consumed names of `source` that are part of changes
  /// @param threads how many add; 0 for one a core
  /// @throws CheckpointException if something is for a model of other shapes
  public Adapted(
      WeightSource source,
      Map<String, List<LowRank>> changes,
      Map<String, Factor> replaced,
      Predicate<String> keptApart,
      Set<String> consumed,
      int threads) {
    this.source = source;
    this.changes = changes;
    this.replaced = replaced;
    this.keptApart = keptApart;
    this.threads = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    this.names = new LinkedHashSet<>(source.names());
    names.removeAll(consumed);
    changes.forEach((name, list) -> list.forEach(c -> c.requireFits(source.info(name))));
    replaced.forEach((name, by) -> requireLike(source.info(name), by));
  }

  private static void requireLike(TensorInfo info, Factor by) {
    DType type = by.info().type();
    if (!by.info().shape().equals(info.shape()) || type == null || !type.isFloating()) {
      throw by.wrong(info.shape() + " floats, as the model's; it is made for another model");
    }
  }

  @Override
  public Set<String> names() {
    return names;
  }

  @Override
  public TensorInfo info(String name) {
    return source.info(name);
  }

  @Override
  public List<String> stored(String name) {
    return source.stored(name);
  }

  @Override
  public String reading(String name) {
    return source.reading(name);
  }

  @Override
  public List<LowRank> beside(String name) {
    return keptApart.test(name) ? changes.getOrDefault(name, List.of()) : List.of();
  }

  @Override
  public Tensor tensor(String name, Device device, Scratch space) {
    Factor by = replaced.get(name);
    Tensor tensor = by == null ? source.tensor(name, device, space) : copy(name, by, device, space);
    List<LowRank> added = changes.getOrDefault(name, List.of());
    return added.isEmpty() || keptApart.test(name) ? tensor : sum(tensor, added, device, space);
  }

  private Tensor copy(String name, Factor by, Device device, Scratch space) {
    TensorInfo info = source.info(name);
    DType dtype = info.type();
    DType from = by.info().type();
    if (dtype == null || from == null) {
      throw by.wrong("floats, as " + info);
    }
    int[] dims = info.shape().stream().mapToInt(Math::toIntExact).toArray();
    Tensor made = space.tensor(dtype, Shape.of(dims), device);
    MemorySegment bytes = by.bytes().get();
    Elements.forEach(
        made, (i, at) -> Elements.setAt(made.segment(), dtype, at, Elements.get(bytes, from, i)));
    return made;
  }

  private Tensor sum(Tensor base, List<LowRank> added, Device device, Scratch space) {
    Tensor made = space.tensor(base.dtype(), base.shape(), device);
    int out = base.dim(0);
    List<Sum> sums = added.stream().map(change -> new Sum(change, out)).toList();
    try {
      Chunks.each(Math.ceilDiv(out, BAND), threads, i -> band(base, sums, i * BAND, made));
    } catch (IOException e) {
      throw new AssertionError(e); // nothing is read but memory
    }
    return made;
  }

  private static void band(Tensor base, List<Sum> sums, int from, Tensor to) {
    DType dtype = base.dtype();
    int in = base.dim(1);
    float[] row = new float[in];
    for (int n = from; n < Math.min(from + BAND, base.dim(0)); n++) {
      long offset = (long) n * in * dtype.bytes();
      for (int k = 0; k < in; k++) {
        long at = base.byteOffset() + offset + (long) k * dtype.bytes();
        row[k] = Elements.getAt(base.segment(), dtype, at);
      }
      for (Sum sum : sums) {
        sum.add(n, row);
      }
      for (int k = 0; k < in; k++) {
        long at = to.byteOffset() + offset + (long) k * dtype.bytes();
        Elements.setAt(to.segment(), dtype, at, row[k]);
      }
    }
  }

  /// A change whose factors are in memory.
  private static final class Sum {
    private final float[][] a;
    private final float[][] b;
    private final double scale;
    private final int[] places;

    Sum(LowRank change, int out) {
      this.a = change.a().read();
      this.b = change.b().read();
      this.scale = change.scale();
      this.places = change.places(out);
    }

    void add(int n, float[] row) {
      if (places[n] < 0) {
        return;
      }
      float[] factors = b[places[n]];
      for (int j = 0; j < a.length; j++) {
        float factor = (float) (scale * factors[j]);
        float[] line = a[j];
        for (int k = 0; k < row.length; k++) { // a loop that compilers make vectors of
          row[k] += factor * line[k];
        }
      }
    }
  }
}
