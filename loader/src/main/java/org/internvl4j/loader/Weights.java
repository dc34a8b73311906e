package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Elements;
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
  private final WeightSource source;
  private final Function<String, Workspace> places; // by path
  private final Workspace model; // the place of this path
  private final String path;
  private final Set<String> read; // of the source
  private final PackedStore store;
  private final WeightFormat format;

  private Weights(
      Checkpoint checkpoint,
      WeightSource source,
      Function<String, Workspace> places,
      String path,
      Set<String> read,
      PackedStore store,
      WeightFormat format) {
    this.checkpoint = checkpoint;
    this.source = source;
    this.places = places;
    this.model = places.apply(path);
    this.path = path;
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
    return of(checkpoint, checkpoint, path -> model, store);
  }

  /// The root of a checkpoint, of which several devices have their parts.
  ///
  /// @param source what its tensors are to the model; made of the checkpoint
  /// @param places where a device puts what it does not use in place, by the path that the model
  ///   asks for: what lies below is for that workspace's device. They live as long as the model
  /// @param store where prepared matrices are taken from and kept; of the same checkpoint
  public static Weights of(
      Checkpoint checkpoint,
      WeightSource source,
      Function<String, Workspace> places,
      PackedStore store) {
    return new Weights(
        checkpoint, source, places, "", ConcurrentHashMap.newKeySet(), store, WeightFormat.STORED);
  }

  // ---- paths

  /// The weights below `path`: `at("encoder").at("layers.0")` is `at("encoder.layers.0")`.
  public Weights at(String path) {
    return new Weights(checkpoint, source, places, full(path), read, store, format);
  }

  /// One of something for each of the layers `name.0 … name.(n-1)`.
  ///
  /// @return unmodifiable
  public <T> List<T> each(String name, int n, Function<Weights, T> make) {
    return IntStream.range(0, n).mapToObj(i -> make.apply(at(name + "." + i))).toList();
  }

  /// The same weights, with matrices kept in another format.
  public Weights keeping(WeightFormat format) {
    return new Weights(checkpoint, source, places, path, read, store, format);
  }

  /// The same weights, for the device that uses `other`.
  public Weights beside(Weights other) {
    return new Weights(checkpoint, source, any -> other.model, path, read, store, format);
  }

  private String full(String name) {
    return path.isEmpty() ? name : name.isEmpty() ? path : path + "." + name;
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
    return source.has(full(name));
  }

  /// The shape of a weight, outermost dimension first.
  ///
  /// @throws CheckpointException if it is missing
  public List<Long> shape(String name) {
    return source.info(full(name)).shape();
  }

  /// A bias, a norm's weight, a position table: small, used element by element.
  ///
  /// @throws CheckpointException if it is missing (naming the nearest), of another shape, or of a
  ///   dtype without fractions
  public Tensor get(String name, int... dims) {
    return here(new Piece(name, dims), Device.Role.VECTOR);
  }

  /// As [#get], or null if it is missing: a bias that only some models have.
  public @Nullable Tensor find(String name, int... dims) {
    return has(name) ? get(name, dims) : null;
  }

  /// The `[out, in]` weight of a matrix product. For a part of its rows see [#rows].
  ///
  /// @throws CheckpointException as [#get]
  public Tensor matrix(String name, int out, int in) {
    return prepared(List.of(new Piece(name, out, in)), "", Shape.of(out, in), (parts, _) -> parts);
  }

  /// Rows `from … from + count - 1` of an `[out, in]` weight: one part of a fused matrix, in place.
  ///
  /// @return `[count, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int from, int count) {
    return prepared(
        List.of(new Piece(name, out, in)),
        "[" + from + "+" + count + "]",
        Shape.of(count, in),
        (parts, _) -> List.of(parts.getFirst().narrow(0, from, count)));
  }

  /// Rows of an `[out, in]` weight in another order, for one whose rows are interleaved.
  ///
  /// @param order the row of the stored weight for each row of the result
  /// @return `[order.length, in]`
  /// @throws CheckpointException as [#get]
  public Tensor rows(String name, int out, int in, int[] order) {
    for (int row : order) {
      if (row < 0 || row >= out) {
        throw new IllegalArgumentException(
            "weights: row " + row + " is outside " + full(name) + " " + Shape.of(out, in));
      }
    }
    return prepared(
        List.of(new Piece(name, out, in)),
        runs(order),
        Shape.of(order.length, in),
        (parts, _) -> inOrder(parts.getFirst(), order));
  }

  private static List<Tensor> inOrder(Tensor whole, int[] order) {
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0, from = 0; i < order.length; i++) {
      if (i == order.length - 1 || order[i + 1] != order[i] + 1) {
        parts.add(whole.narrow(0, order[from], i + 1 - from));
        from = i + 1;
      }
    }
    return parts;
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
    List<Piece> pieces =
        parts.stream().map(part -> new Piece(part.name(name), part.out(), in)).toList();
    DType first = pieces.getFirst().dtype;
    for (Piece piece : pieces) {
      if (piece.dtype != first) {
        throw piece.wrong(
            "is "
                + piece.shape
                + " "
                + piece.dtype
                + ", expected "
                + first
                + " as "
                + pieces.getFirst().name);
      }
    }
    int out = parts.stream().mapToInt(Part::out).sum();
    return prepared(pieces, "", Shape.of(out, in), (tensors, _) -> tensors);
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

  /// What adapters add to the products of [#matrix(String, int, int)]; null if nothing.
  public @Nullable Beside beside(String name, int out, int in) {
    return beside(List.of(new Piece(name, out, in)), IntStream.range(0, out).toArray());
  }

  /// What adapters add to the products of [#rows(String, int, int, int[])]; null if nothing.
  public @Nullable Beside beside(String name, int out, int in, int[] order) {
    return beside(List.of(new Piece(name, out, in)), order);
  }

  /// What adapters add to the products of [#matrix(String, int, List)]; null if nothing.
  public @Nullable Beside beside(String name, int in, List<Part> parts) {
    int out = parts.stream().mapToInt(Part::out).sum();
    return beside(
        parts.stream().map(part -> new Piece(part.name(name), part.out(), in)).toList(),
        IntStream.range(0, out).toArray());
  }

  private @Nullable Beside beside(List<Piece> pieces, int[] order) {
    List<List<LowRank>> changes = pieces.stream().map(p -> source.beside(p.name)).toList();
    if (changes.stream().allMatch(List::isEmpty)) {
      return null;
    }
    int[] outs = pieces.stream().mapToInt(p -> p.shape.dim(0)).toArray();
    int in = pieces.getFirst().shape.dim(1);
    Beside.Terms terms = new Beside.Terms(changes, outs, order, in);
    return new Beside(
        made(terms.a(), terms.rank(), in), made(terms.b(), terms.out(), terms.rank()));
  }

  /// A small matrix that is made of numbers, as the device wants it.
  private Tensor made(float[] values, int out, int in) {
    Scratch space = new Scratch("model " + checkpoint.name());
    Tensor tensor = space.tensor(DType.F32, Shape.of(out, in), device());
    MemorySegment.copy(
        values, 0, tensor.segment(), ValueLayout.JAVA_FLOAT, tensor.byteOffset(), values.length);
    Tensor prepared = device().prepare(tensor, Device.Role.MATRIX, model);
    finish(space, tensor, prepared);
    return prepared;
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

  /// What a matrix is made of, from the weights that were read.
  @FunctionalInterface
  private interface Cut {
    List<Tensor> rows(List<Tensor> read, Scratch space);
  }

  /// A matrix as the device wants it: kept from before, or prepared now. The pages of what the
  /// device has made its own copy of are not needed any more.
  ///
  /// @param pieces the weights that it is made of
  /// @param rows which rows of them; empty for all
  /// @param cut its rows, from the pieces read
  private Tensor prepared(List<Piece> pieces, String rows, Shape shape, Cut cut) {
    DType stored = pieces.getFirst().dtype;
    DType keep = format.keep(stored);
    Tensor outline = store.outline(shape, stored, keep);
    if (outline != null) {
      return outline;
    }
    String names = pieces.stream().map(piece -> piece.name).collect(Collectors.joining("+"));
    String readings =
        pieces.stream()
            .map(piece -> source.reading(piece.name))
            .distinct()
            .filter(reading -> !reading.isEmpty())
            .map(reading -> " (" + reading + ")")
            .collect(Collectors.joining());
    String key = names + rows + " " + keep + readings; // names the numbers
    Tensor kept = store.find(key, shape);
    if (kept != null) {
      return kept;
    }
    boolean packs = device().packing() != null;
    List<String> files = pieces.stream().flatMap(p -> source.stored(p.name).stream()).toList();
    if (packs) {
      files.forEach(checkpoint::willNeed);
    }
    Scratch space = new Scratch("model " + checkpoint.name());
    List<Tensor> parts = cut.rows(pieces.stream().map(piece -> piece.read(space)).toList(), space);
    Tensor prepared = store.prepare(key, parts, keep, model);
    boolean isCopy = finish(space, parts.getFirst(), prepared);
    if (packs && isCopy) {
      device().synchronize();
      files.forEach(checkpoint::release);
    }
    return prepared;
  }

  /// A weight that is not the matrix of a product, as the device wants it.
  private Tensor here(Piece piece, Device.Role role) {
    Scratch space = new Scratch("model " + checkpoint.name());
    Tensor tensor = piece.read(space);
    Tensor prepared = device().prepare(tensor, role, model);
    finish(space, tensor, prepared);
    return prepared;
  }

  /// Ends the memory that a weight was made in, or leaves it to the model if the device uses the
  /// weight where it was made.
  ///
  /// @return whether the device has a copy of its own
  @SuppressWarnings("ReferenceEquality") // memory is itself
  private boolean finish(Scratch space, Tensor made, Tensor prepared) {
    boolean isCopy = made.memory() != prepared.memory();
    if (isCopy && space.isUsed()) {
      device().synchronize();
      space.close();
    } else if (space.isUsed()) {
      store.keep(space);
    }
    return isCopy;
  }

  /// The `[out, channels, height, width]` filters of a convolution whose stride is its size, as the
  /// `[out, channels·height·width]` weight of a matrix product.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor filters(String name, int out, int channels, int height, int width) {
    int in = channels * height * width;
    return prepared(
        List.of(new Piece(name, out, channels, height, width)),
        "",
        Shape.of(out, in),
        (parts, _) -> List.of(parts.getFirst().view(out, in)));
  }

  /// The `[in, out]` weight of a product that its checkpoint stores the other way round.
  ///
  /// @return `[out, in]`
  /// @throws CheckpointException as [#get]
  public Tensor transposed(String name, int in, int out) {
    return prepared(
        List.of(new Piece(name, in, out)),
        "[transposed]",
        Shape.of(out, in),
        (parts, space) -> List.of(transpose(parts.getFirst(), space)));
  }

  private static Tensor transpose(Tensor x, Scratch space) {
    Tensor y = space.tensor(x.dtype(), Shape.of(x.dim(1), x.dim(0)), x.device());
    for (int i = 0; i < x.dim(0); i++) {
      for (int j = 0; j < x.dim(1); j++) {
        float value = Elements.getAt(x.segment(), x.dtype(), Elements.byteOffset(x, i, j));
        Elements.setAt(y.segment(), y.dtype(), Elements.byteOffset(y, j, i), value);
      }
    }
    return y;
  }

  /// The `[V, C]` table of an embedding.
  ///
  /// @throws CheckpointException as [#get]
  public Tensor table(String name, int v, int c) {
    return here(new Piece(name, v, c), Device.Role.TABLE);
  }

  /// A weight of the source that is there and is what was asked for.
  private final class Piece {
    final String name;
    final Shape shape;
    final DType dtype;

    Piece(String name, int... dims) {
      this.name = full(name);
      this.shape = Shape.of(dims);
      SafeTensors.TensorInfo info = source.info(this.name);
      if (!info.shape().equals(Arrays.stream(dims).mapToObj(d -> (long) d).toList())) {
        throw wrong("is " + info.shape() + ", expected " + shape);
      }
      DType type = info.type();
      if (type == null || !type.isFloating()) {
        throw wrong(
            "is "
                + shape
                + " "
                + (type == null ? info.dtype() : type)
                + ", expected bf16, f16 or f32; quantised weights need a reader of their own");
      }
      this.dtype = type;
      read.add(this.name); // one that is kept from before is used, too
    }

    Tensor read(Scratch space) {
      return source.tensor(name, device(), space);
    }

    CheckpointException wrong(String what) {
      return new CheckpointException(
          checkpoint.fileOf(source.stored(name).getFirst()), name + " " + what);
    }
  }

  // ---- what was read

  /// The tensors of the source that nobody asked for, in its order.
  public List<String> unread() {
    List<String> unread = new ArrayList<>(source.names());
    unread.removeAll(read);
    return unread;
  }

  /// Logs one warning if anything was left unread, by its names in the files: a sign that the model
  /// is not the one its configuration says.
  ///
  /// @param exempt names that may be left out: blocks behind `select_layer`, say
  public void warnUnread(Predicate<String> exempt) {
    List<String> unread =
        unread().stream()
            .filter(exempt.negate())
            .flatMap(name -> source.stored(name).stream())
            .toList();
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
