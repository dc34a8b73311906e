package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
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
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
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
  private final Device device;
  private final Workspace model;
  private final String path;
  private final UnaryOperator<String> renaming;
  private final Set<String> read;

  private Weights(
      Checkpoint checkpoint,
      Device device,
      Workspace model,
      String path,
      UnaryOperator<String> renaming,
      Set<String> read) {
    this.checkpoint = checkpoint;
    this.device = device;
    this.model = model;
    this.path = path;
    this.renaming = renaming;
    this.read = read;
  }

  /// The root of a checkpoint.
  ///
  /// @param model where the device puts what it does not use in place; lives as long as the model
  public static Weights of(Checkpoint checkpoint, Device device, Workspace model) {
    return new Weights(
        checkpoint, device, model, "", UnaryOperator.identity(), ConcurrentHashMap.newKeySet());
  }

  // ---- paths

  /// The weights below `path`: `at("encoder").at("layers.0")` is `at("encoder.layers.0")`.
  public Weights at(String path) {
    return new Weights(checkpoint, device, model, full(path), renaming, read);
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
    return new Weights(
        checkpoint, device, model, path, name -> before.apply(renaming.apply(name)), read);
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
    return device;
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
    return device.prepare(floats(name, dims), Device.Role.VECTOR, model);
  }

  /// As [#get], or null if it is missing: a bias that only some models have.
  public @Nullable Tensor find(String name, int... dims) {
    return has(name) ? get(name, dims) : null;
  }

  /// The `[out, in]` weight of a matrix product. For a part of its rows see [#rows].
  ///
  /// @throws CheckpointException as [#get]
  public Tensor matrix(String name, int out, int in) {
    return device.prepare(floats(name, out, in), Device.Role.MATRIX, model);
  }

  /// Rows `from … from + count - 1` of an `[out, in]` weight: one part of a fused matrix, in place.
  ///
  /// @return `[count, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int from, int count) {
    Tensor part = floats(name, out, in).narrow(0, from, count);
    return device.prepare(part, Device.Role.MATRIX, model);
  }

  /// Rows of an `[out, in]` weight in another order: one part of a fused matrix whose rows are
  /// interleaved, copied, dtype kept.
  ///
  /// @param order the row of the stored weight for each row of the result
  /// @return `[order.length, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int[] order) {
    Tensor fused = floats(name, out, in);
    long rowBytes = (long) in * fused.dtype().bytes();
    Memory memory = Memory.host(order.length * rowBytes, "checkpoint " + checkpoint.name());
    MemorySegment from = fused.segment();
    for (int i = 0; i < order.length; i++) {
      if (order[i] < 0 || order[i] >= out) {
        memory.close();
        throw new IllegalArgumentException(
            "weights: row " + order[i] + " is outside " + stored(name) + " " + fused.shape());
      }
      MemorySegment.copy(
          from, fused.byteOffset() + order[i] * rowBytes, memory.segment(), i * rowBytes, rowBytes);
    }
    return prepareOwned(memory, fused, order.length, in);
  }

  /// The gathered rows are freed at once if the device made its own copy of them.
  @SuppressWarnings("ReferenceEquality") // the contract of prepare: itself or a copy
  private Tensor prepareOwned(Memory memory, Tensor fused, int rows, int in) {
    Tensor gathered = Tensor.of(memory, fused.dtype(), Shape.of(rows, in), device);
    Tensor prepared = device.prepare(gathered, Device.Role.MATRIX, model);
    if (prepared == gathered) {
      checkpoint.keep(memory);
    } else {
      device.synchronize();
      memory.close();
    }
    return prepared;
  }

  /// The `[out, channels, height, width]` filters of a convolution whose stride is its size, as the
  /// `[out, channels·height·width]` weight of a matrix product.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor filters(String name, int out, int channels, int height, int width) {
    Tensor flat = floats(name, out, channels, height, width).view(out, channels * height * width);
    return device.prepare(flat, Device.Role.MATRIX, model);
  }

  /// The `[V, C]` table of an embedding.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor table(String name, int v, int c) {
    return device.prepare(floats(name, v, c), Device.Role.TABLE, model);
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
    Tensor tensor = checkpoint.tensor(stored, device);
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
