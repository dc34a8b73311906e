package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A path into a checkpoint, from which a model takes its weights by name, shape and role.
///
/// Every weight is checked (it exists, has exactly the shape asked for, and numbers that kernels
/// read), then handed to the device, which keeps it as it wants it. Weights live as long as the
/// checkpoint and the model's workspace. What nobody asked for is known afterwards: [#unread]. One
/// thread at a time.
public final class Weights {
  private static final System.Logger LOG = System.getLogger("org.internvl4j.loader");

  private final Checkpoint checkpoint;
  private final Function<String, Workspace> places; // by path
  private final Workspace model; // the place of this path
  private final String path;
  private final UnaryOperator<String> renaming;
  private final Set<String> read;
  private final PackedStore store;
  private final WeightFormat format;

  private Weights(
      Checkpoint checkpoint,
      Function<String, Workspace> places,
      String path,
      UnaryOperator<String> renaming,
      Set<String> read,
      PackedStore store,
      WeightFormat format) {
    this.checkpoint = checkpoint;
    this.places = places;
    this.model = places.apply(path);
    this.path = path;
    this.renaming = renaming;
    this.read = read;
    this.store = store;
    this.format = format;
  }

  /// The root of a checkpoint, all of it for one device.
  ///
  /// @param model where its device puts what it does not use in place; lives as long as the model
  public static Weights of(Checkpoint checkpoint, Workspace model) {
    PackedStore store = PackedStore.none(checkpoint, model.device(), LoadListener.NONE);
    return of(checkpoint, model, store);
  }

  /// The root of a checkpoint, all of it for one device.
  ///
  /// @param model where its device puts what it does not use in place; lives as long as the model
  /// @param store where prepared matrices are taken from and kept; of the same checkpoint and
  ///   device
  public static Weights of(Checkpoint checkpoint, Workspace model, PackedStore store) {
    return of(checkpoint, path -> model, store);
  }

  /// The root of a checkpoint, of which several devices have their parts.
  ///
  /// @param places where a device puts what it does not use in place, by the path that the model
  ///   asks for: what lies below is for that workspace's device. They live as long as the model
  /// @param store where prepared matrices are taken from and kept; of the same checkpoint
  public static Weights of(
      Checkpoint checkpoint, Function<String, Workspace> places, PackedStore store) {
    return new Weights(
        checkpoint,
        places,
        "",
        UnaryOperator.identity(),
        ConcurrentHashMap.newKeySet(),
        store,
        WeightFormat.STORED);
  }

  // ---- paths

  /// The weights below `path`: `at("encoder").at("layers.0")` is `at("encoder.layers.0")`.
  public Weights at(String path) {
    return with(full(path), renaming, format);
  }

  /// One of something for each of the layers `name.0 … name.(n-1)`.
  ///
  /// @return unmodifiable
  public <T> List<T> each(String name, int n, Function<Weights, T> make) {
    return IntStream.range(0, n).mapToObj(i -> make.apply(at(name + "." + i))).toList();
  }

  /// The same weights under other names, for checkpoints of another layout.
  ///
  /// @param renaming from the full name asked for to the one to look up instead
  public Weights renamed(UnaryOperator<String> renaming) {
    UnaryOperator<String> before = this.renaming;
    return with(path, name -> before.apply(renaming.apply(name)), format);
  }

  /// The same weights, with matrices kept in another format.
  public Weights keeping(WeightFormat format) {
    return with(path, renaming, format);
  }

  /// The same weights, for the device that uses `other`.
  public Weights beside(Weights other) {
    return new Weights(checkpoint, any -> other.model, path, renaming, read, store, format);
  }

  private Weights with(String path, UnaryOperator<String> renaming, WeightFormat format) {
    return new Weights(checkpoint, places, path, renaming, read, store, format);
  }

  private String full(String name) {
    return path.isEmpty() ? name : name.isEmpty() ? path : path + "." + name;
  }

  private String stored(String name) {
    return renaming.apply(full(name));
  }

  /// The path of these weights; empty at the root.
  public String path() {
    return path;
  }

  /// Where the weights are used.
  public Device device() {
    return model.device();
  }

  /// Where what is derived from weights lives: as long as the model.
  public Workspace workspace() {
    return model;
  }

  /// The checkpoint they come from.
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  // ---- weights

  /// Whether there is a weight of this name.
  public boolean has(String name) {
    return checkpoint.has(stored(name));
  }

  /// The shape of a weight as stored, outermost dimension first.
  ///
  /// @throws CheckpointException if it is missing
  public List<Long> shape(String name) {
    return checkpoint.info(stored(name)).shape();
  }

  /// A bias, a norm's weight, a position table: small, used element by element.
  ///
  /// @throws CheckpointException if it is missing (naming the nearest), of another shape, or of a
  ///   dtype without fractions
  public Tensor get(String name, int... dims) {
    return device().prepare(floats(name, dims), Device.Role.VECTOR, model);
  }

  /// As [#get], or null if it is missing: a bias that only some models have.
  public @Nullable Tensor find(String name, int... dims) {
    return has(name) ? get(name, dims) : null;
  }

  /// The `[out, in]` weight of a matrix product. For a part of its rows see [#rows].
  ///
  /// @throws CheckpointException as [#get]
  public Tensor matrix(String name, int out, int in) {
    return prepared(List.of(stored(name)), "", List.of(floats(name, out, in)));
  }

  /// Rows `from … from + count - 1` of an `[out, in]` weight: one part of a fused matrix, in place.
  ///
  /// @return `[count, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int from, int count) {
    Tensor part = floats(name, out, in).narrow(0, from, count);
    return prepared(List.of(stored(name)), "[" + from + "+" + count + "]", List.of(part));
  }

  /// Rows of an `[out, in]` weight in another order, for one whose rows are interleaved.
  ///
  /// @param order the row of the stored weight for each row of the result
  /// @return `[order.length, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int[] order) {
    Tensor whole = floats(name, out, in);
    for (int row : order) {
      if (row < 0 || row >= out) {
        throw new IllegalArgumentException(
            "weights: row " + row + " is outside " + stored(name) + " " + whole.shape());
      }
    }
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0, from = 0; i < order.length; i++) {
      if (i == order.length - 1 || order[i + 1] != order[i] + 1) {
        parts.add(whole.narrow(0, order[from], i + 1 - from));
        from = i + 1;
      }
    }
    return prepared(List.of(stored(name)), runs(order), parts);
  }

  /// A part of a matrix that is read as one though the checkpoint keeps it as several.
  ///
  /// @param path below which its weights are
  /// @param out how many rows it has
  public record Part(String path, int out) {
    String name(String name) {
      return path + "." + name;
    }
  }

  /// Several weights of matrix products as one, which makes several products of the same input one:
  /// the rows of the first part, then those of the next.
  ///
  /// @param name of each part's weight, `[part.out, in]`; of one dtype
  /// @return `[out, in]`
  /// @throws CheckpointException as [#get]
  public Tensor matrix(String name, int in, List<Part> parts) {
    List<String> names = parts.stream().map(part -> stored(part.name(name))).toList();
    List<Tensor> stored = new ArrayList<>();
    for (Part part : parts) {
      Tensor tensor = floats(part.name(name), part.out(), in);
      if (!stored.isEmpty() && stored.getFirst().dtype() != tensor.dtype()) {
        throw new CheckpointException(
            checkpoint.fileOf(stored(part.name(name))),
            stored(part.name(name))
                + " is "
                + tensor
                + ", expected "
                + stored.getFirst().dtype()
                + " as "
                + names.getFirst());
      }
      stored.add(tensor);
    }
    return prepared(names, "", stored);
  }

  /// The biases that belong to [#matrix(String, int, List)].
  ///
  /// @return `[out]`
  /// @throws CheckpointException as [#get]
  public Tensor get(String name, List<Part> parts) {
    List<Tensor> prepared = parts.stream().map(part -> get(part.name(name), part.out())).toList();
    int out = parts.stream().mapToInt(Part::out).sum();
    Tensor joined = model.allocate(prepared.getFirst().dtype(), out);
    int at = 0;
    for (Tensor part : prepared) {
      joined.narrow(0, at, part.dim(0)).copyFrom(part);
      at += part.dim(0);
    }
    return joined;
  }

  /// `[0-3,8-11]`: an order is a few runs of rows.
  private static String runs(int[] order) {
    StringBuilder runs = new StringBuilder("[");
    for (int i = 0; i < order.length; i++) {
      if (i == 0 || order[i] != order[i - 1] + 1) {
        runs.append(i == 0 ? "" : ",").append(order[i]).append('-');
      }
      if (i == order.length - 1 || order[i + 1] != order[i] + 1) {
        runs.append(order[i]);
      }
    }
    return runs.append(']').toString();
  }

  /// A matrix as the device wants it: kept from before, or prepared now. The pages of what the
  /// device has made its own copy of are not needed any more.
  ///
  /// @param names the weights that it is made of
  /// @param rows which rows of them; empty for all
  @SuppressWarnings("ReferenceEquality") // the contract of prepare: itself or a copy
  private Tensor prepared(List<String> names, String rows, List<Tensor> parts) {
    Tensor first = parts.getFirst();
    DType keep = format.keep(first.dtype());
    String key = String.join("+", names) + rows + " " + keep; // names the numbers
    int out = parts.stream().mapToInt(part -> part.dim(0)).sum();
    Tensor kept = store.find(key, Shape.of(out, first.dim(1)));
    if (kept != null) {
      return kept;
    }
    boolean packs = device().packing() != null;
    if (packs) {
      names.forEach(checkpoint::willNeed);
    }
    Tensor prepared = store.prepare(key, parts, keep, model);
    if (packs && prepared != first) {
      device().synchronize();
      names.forEach(checkpoint::release);
    }
    return prepared;
  }

  /// The `[out, channels, height, width]` filters of a convolution whose stride is its size, as the
  /// `[out, channels·height·width]` weight of a matrix product.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor filters(String name, int out, int channels, int height, int width) {
    Tensor flat = floats(name, out, channels, height, width).view(out, channels * height * width);
    return prepared(List.of(stored(name)), "", List.of(flat));
  }

  /// The `[V, C]` table of an embedding.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor table(String name, int v, int c) {
    return device().prepare(floats(name, v, c), Device.Role.TABLE, model);
  }

  /// A weight as stored, in host memory, of any dtype that has a [org.internvl4j.runtime.DType]:
  /// for readers of quantised checkpoints.
  ///
  /// @throws CheckpointException if it is missing or of another shape
  public Tensor raw(String name, int... dims) {
    String stored = stored(name);
    SafeTensors.TensorInfo info = checkpoint.info(stored);
    if (!info.shape().equals(Arrays.stream(dims).mapToObj(d -> (long) d).toList())) {
      throw new CheckpointException(
          checkpoint.fileOf(stored),
          stored + " is " + info.shape() + ", expected " + Shape.of(dims));
    }
    Tensor tensor = checkpoint.tensor(stored, device());
    read.add(stored);
    return tensor;
  }

  private Tensor floats(String name, int... dims) {
    Tensor tensor = raw(name, dims);
    if (!tensor.dtype().isFloating()) {
      throw new CheckpointException(
          checkpoint.fileOf(stored(name)),
          stored(name)
              + " is "
              + tensor
              + ", expected bf16, f16 or f32; quantised weights need a reader of their own");
    }
    return tensor;
  }

  // ---- what was read

  /// The tensors of the checkpoint that nobody asked for, in its order.
  public List<String> unread() {
    List<String> unread = new ArrayList<>(checkpoint.names());
    unread.removeAll(read);
    return unread;
  }

  /// Logs one warning if anything was left unread: a sign that the model is not the one its
  /// configuration says.
  ///
  /// @param exempt names that may be left out: blocks behind `select_layer`, say
  public void warnUnread(Predicate<String> exempt) {
    List<String> unread = unread().stream().filter(exempt.negate()).toList();
    if (!unread.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          checkpoint.name()
              + ": "
              + unread.size()
              + " of "
              + checkpoint.names().size()
              + " weights are not used: "
              + unread.stream().limit(3).collect(Collectors.joining(", "))
              + (unread.size() > 3 ? ", …" : ""));
    }
  }
}
