package org.internvl4j.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One place that computes: its memory, its kernels, its way to wait.
///
/// A device may be asynchronous: a kernel call returns before its result exists, calls run in the
/// order made, and reading a tensor ([Tensor#toFloats], [Tensor#toHost]) waits. Safe for use by
/// several threads; kernel calls of different threads take turns.
public interface Device extends AutoCloseable {
  /// How a weight will be used; decides the layout that a device keeps it in.
  enum Role {
    /// Biases, norm weights, scales, position tables: small, element by element. Stored as f32 on
    /// the CPU.
    VECTOR,
    /// `[out, in]`, the weight of a matrix product.
    MATRIX,
    /// `[V, C]`, rows to be looked up by id.
    TABLE
  }

  /// `cpu`, `reference`, …
  String name();

  /// What was found and chosen, in one line for people: `cpu: Vector API, 512 bits, 2 threads`.
  String description();

  /// Computes for a fraction of a second and says how fast, in one line for people; null if this
  /// device does not try itself.
  ///
  /// @throws DeviceException if a result was wrong
  default @Nullable String selfCheck() {
    return null;
  }

  /// What else people who look for reasons should know, in one line; null if nothing.
  default @Nullable String remark() {
    return null;
  }

  /// The kernels that run here.
  Kernels kernels();

  /// How activations and the KV cache are stored here.
  DType activations();

  /// What activations are rounded to where they are multiplied with weights: what they are stored
  /// as, unless somebody has asked for less.
  default DType multiplied() {
    return activations();
  }

  /// How many rows a pass through a network should have to keep this device busy, where there are
  /// as many: thousands on a GPU. More take memory and gain nothing. 1, if any number does.
  default int rows() {
    return 1;
  }

  /// How many tokens a page of keys and values has here ([Pages]): a power of two, at least
  /// [Pages#SHORTEST]. Results do not depend on it.
  default int pageTokens() {
    return 64;
  }

  /// New zeroed memory; the caller closes it.
  ///
  /// @param bytes how many
  /// @param owner who will close it, for messages
  Memory allocate(long bytes, String owner);

  /// A weight as this device wants it: itself, where its stored form will do, or a copy in `model`.
  ///
  /// @param weight in host memory, dtype and shape as in the checkpoint
  /// @param role how it will be used
  /// @param keep what a [Role#MATRIX] is kept as: its own dtype, [DType#Q8] or [DType#Q4]; other
  ///   roles are not asked
  /// @param model where copies go; they live as long as it does
  Tensor prepare(Tensor weight, Role role, DType keep, Workspace model);

  /// [#prepare], keeping the dtype.
  default Tensor prepare(Tensor weight, Role role, Workspace model) {
    return prepare(weight, role, weight.dtype(), model);
  }

  /// The rows of several weights below each other as one [Role#MATRIX], in `model`: products with
  /// the same input become one.
  ///
  /// @param parts `[…, in]`, at least one, in host memory, of one dtype, each contiguous
  /// @param keep what the matrix is kept as: their dtype, [DType#Q8] or [DType#Q4]
  /// @param model where it goes; it lives as long
  default Tensor join(List<Tensor> parts, DType keep, Workspace model) {
    Tensor first = parts.getFirst();
    int out = parts.stream().mapToInt(part -> part.dim(0)).sum();
    Tensor joined = model.allocate(first.dtype(), out, first.dim(1));
    int row = 0;
    for (Tensor part : parts) {
      joined.narrow(0, row, part.dim(0)).copyFrom(part);
      row += part.dim(0);
    }
    return prepare(joined, Role.MATRIX, keep, model);
  }

  /// The name of the order in which matrices are packed here, with its version: packed bytes may be
  /// kept and used by any device that answers the same. Null where none are packed.
  @Nullable String packing();

  /// Runs `step` and remembers its kernel calls.
  ///
  /// What runs later are the same kernels on the same memory, with what it holds then; nothing is
  /// allocated, checked or decided anew. So whatever changes from run to run must be written into
  /// tensors before ([Tensor#fromHost]), never passed as a number: ids, angles, the position of
  /// [Kernels#putRows] and [Mask#past]. The reference runs `step` itself again, so a step must give
  /// back its workspace's memory before it takes any ([Workspace#reset]), and do nothing besides.
  ///
  /// @param step calls kernels of this device on this thread; must not record
  /// @return runs them again, for any thread, until the memory that they use is closed
  /// @throws IllegalStateException if a step is being recorded already
  Runnable record(Runnable step);

  /// `y = x`, which is on another device: after what was called there before, and before what is
  /// called here or there afterwards. Devices that can do it without this process waiting do. Not
  /// part of a recorded step ([#record]): it belongs between two.
  ///
  /// @param y contiguous, on this device
  /// @param x contiguous, of the same shape and dtype
  default void receive(Tensor y, Tensor x) {
    y.fromHost(x.toHost());
  }

  /// Waits until every kernel called so far has finished.
  void synchronize();

  /// Ends threads and frees what the device itself holds. Tensors on it must not be used
  /// afterwards.
  @Override
  void close();
}
