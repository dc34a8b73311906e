package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A typed, shaped view of memory on a device, row-major, outermost dimension first.
///
/// The header is immutable; the elements are not. Views (`view`, `narrow`, `select`, `transpose`)
/// share memory and never copy. Operations check their arguments, allocate the result in the
/// workspace of the receiver and call one kernel. A tensor lives as long as its owner: the model
/// (weights), the session (KV cache, workspace) or the step ([Workspace#mark]). Using one after its
/// owner closed throws [IllegalStateException]. One thread at a time.
public final class Tensor {
  private final Memory memory;
  private final long base; // bytes from the start of memory to element 0
  private final DType dtype;
  private final Shape shape;
  private final Layout layout;
  private final Device device;
  private final @Nullable Workspace workspace;

  private Tensor(
      Memory memory,
      long base,
      DType dtype,
      Shape shape,
      Layout layout,
      Device device,
      @Nullable Workspace workspace) {
    this.memory = memory;
    this.base = base;
    this.dtype = dtype;
    this.shape = shape;
    this.layout = layout;
    this.device = device;
    this.workspace = workspace;
  }

  /// A contiguous tensor `base` bytes into `memory`.
  ///
  /// @param workspace where results of operations on it go; null for weights, which are never the
  ///   receiver of one
  static Tensor at(
      Memory memory,
      long base,
      DType dtype,
      Shape shape,
      Device device,
      @Nullable Workspace workspace) {
    return new Tensor(memory, base, dtype, shape, Layout.contiguous(shape), device, workspace);
  }

  /// A matrix in its device's own order; see [#isPacked].
  ///
  /// @param memory its owner closes it
  /// @param offset where it begins, bytes
  /// @param bytes its length
  public static Tensor packed(
      Memory memory, long offset, long bytes, DType dtype, Shape shape, Device device) {
    if (offset < 0 || bytes < 0 || offset + bytes > memory.byteSize()) {
      throw new IllegalArgumentException(
          "tensor: " + bytes + " bytes at " + offset + " are outside " + memory.byteSize());
    }
    return new Tensor(memory, offset, dtype, shape, Layout.packed(bytes), device, null);
  }

  /// Wraps native memory without copying it.
  ///
  /// @param memory holds at least the elements of `shape`; its owner closes it
  /// @param dtype how they are stored, little-endian, any alignment
  /// @throws IllegalArgumentException if the memory is too small
  public static Tensor of(Memory memory, DType dtype, Shape shape, Device device) {
    long need = Math.multiplyExact(shape.size(), (long) dtype.bytes());
    if (memory.byteSize() < need) {
      throw new IllegalArgumentException(
          "tensor: "
              + shape
              + " "
              + dtype
              + " needs "
              + need
              + " bytes, the memory has "
              + memory.byteSize());
    }
    return at(memory, 0, dtype, shape, device, null);
  }

  // ---- header

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  /// Size of dimension `i`; negative `i` counts from the end.
  public int dim(int i) {
    return shape.dim(i);
  }

  /// Number of dimensions.
  public int rank() {
    return shape.rank();
  }

  public Device device() {
    return device;
  }

  /// Where results of operations on this tensor go.
  ///
  /// @throws IllegalStateException for a weight, which has none
  public Workspace workspace() {
    if (workspace == null) {
      throw new IllegalStateException("tensor: a weight " + this + " has no workspace");
    }
    return workspace;
  }

  /// Elements from one index of dimension `i` to the next; negative `i` counts from the end.
  public long stride(int i) {
    return layout.stride(i);
  }

  /// Whether this is a prepared matrix in its device's own order: dtype and shape are known, but
  /// only kernels read the elements ([#copyFrom] unpacks them), and there are no views of it.
  public boolean isPacked() {
    return layout.isPacked();
  }

  /// Bytes that the elements take, gaps between them not counted.
  public long byteSize() {
    return layout.isPacked() ? layout.packedBytes() : shape.size() * dtype.bytes();
  }

  /// Whether the elements lie row-major without gaps.
  public boolean isContiguous() {
    return layout.isContiguous(shape, 0);
  }

  /// Bytes from the start of [#memory] to the first element.
  public long byteOffset() {
    return layout.isPacked() ? base : base + layout.offset() * dtype.bytes();
  }

  /// The memory that this is a view of; the first element is at [#byteOffset].
  ///
  /// @throws IllegalStateException if its owner closed it
  public Memory memory() {
    if (!memory.isOpen()) {
      throw new IllegalStateException("tensor: " + memory.owner() + " is closed");
    }
    return memory;
  }

  /// The bytes of [#memory].
  ///
  /// @throws IllegalStateException if its owner closed it
  /// @throws UnsupportedOperationException if Java cannot read this device's memory; see [#toHost]
  public MemorySegment segment() {
    return memory().segment();
  }

  /// `[2, 3] f32`.
  @Override
  public String toString() {
    return shape + " " + dtype;
  }

  // ---- views

  /// The same elements in another shape.
  ///
  /// @throws IllegalArgumentException if the count differs, or a copy would be needed: use
  ///   [#contiguous] first
  public Tensor view(int... dims) {
    Shape to = Shape.of(dims);
    if (to.size() != shape.size()) {
      throw new IllegalArgumentException("view: " + this + " does not have the elements of " + to);
    }
    Layout cut = layout.view(shape, to);
    if (cut == null) {
      throw new IllegalArgumentException(
          "view: " + this + " is strided and cannot be seen as " + to + " without a copy");
    }
    return with(to, cut);
  }

  /// Indices `start … start + length - 1` of dimension `dim`.
  public Tensor narrow(int dim, int start, int length) {
    if (start < 0 || length < 0 || start + (long) length > shape.dim(dim)) {
      throw new IllegalArgumentException(
          "narrow: " + start + " + " + length + " is outside dimension " + dim + " of " + this);
    }
    return with(shape.with(dim, length), layout.narrow(dim, start));
  }

  /// Index `index` of dimension `dim`, which disappears.
  public Tensor select(int dim, int index) {
    narrow(dim, index, 1);
    int[] rest = new int[rank() - 1];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = shape.dim(i < dim ? i : i + 1);
    }
    return with(Shape.of(rest), layout.without(dim, index));
  }

  /// Dimensions `a` and `b` exchanged.
  public Tensor transpose(int a, int b) {
    return with(shape.with(a, shape.dim(b)).with(b, shape.dim(a)), layout.swap(a, b));
  }

  /// The same elements, with the results of operations going to `workspace`.
  public Tensor in(Workspace workspace) {
    return new Tensor(memory, base, dtype, shape, layout, device, workspace);
  }

  private Tensor with(Shape shape, Layout layout) {
    return new Tensor(memory, base, dtype, shape, layout, device, workspace);
  }

  // ---- movement

  /// Itself if contiguous, else a contiguous copy.
  public Tensor contiguous() {
    if (isContiguous()) {
      return this;
    }
    Tensor y = like(dtype, shape);
    y.copyFrom(this);
    return y;
  }

  /// The same elements on `device`: itself if it is there, else a copy in its workspace's part
  /// there ([Workspace#on]).
  @SuppressWarnings("ReferenceEquality") // a device is itself
  public Tensor to(Device device) {
    return device == this.device
        ? this
        : workspace().on(device).allocate(dtype, shape.toArray()).copyFrom(this);
  }

  /// Overwrites the elements with those of `x`, converting the dtype. From another device
  /// ([Device#receive]) they come as they are, and both tensors are contiguous.
  ///
  /// @return this
  @SuppressWarnings("ReferenceEquality") // a device is itself
  public Tensor copyFrom(Tensor x) {
    require(x.shape.equals(shape) && !isPacked(), "copy", "from %s into %s", x, this);
    require(
        x.dtype == dtype || (x.dtype.isFloating() && dtype.isFloating()),
        "copy",
        "cannot convert %s into %s",
        x,
        this);
    if (x.device == device) {
      device.kernels().copy(this, x);
      return this;
    }
    require(
        x.dtype == dtype && x.isContiguous() && isContiguous(),
        "copy",
        "cannot go from %s on %s to %s on %s but as it is, contiguous",
        x,
        x.device.name(),
        this,
        device.name());
    device.receive(this, x);
    return this;
  }

  /// Overwrites rows of this tensor from row `at` on; see [Kernels#putRows].
  ///
  /// @param x `[T, …]`, the rows
  /// @param at `[1]`, i32; read when the kernel runs
  /// @return this
  public Tensor putRows(Tensor x, Tensor at) {
    require(
        rank() > 0
            && x.rank() == rank()
            && x.dim(0) <= dim(0)
            && x.shape.with(0, dim(0)).equals(shape),
        "putRows",
        "%s has no rows of %s",
        x,
        this);
    require(
        x.dtype == dtype || (x.dtype.isFloating() && dtype.isFloating()),
        "putRows",
        "cannot convert %s into %s",
        x,
        this);
    require(
        at.dtype == DType.I32 && at.shape.size() == 1, "putRows", "at is %s, expected [1] i32", at);
    on(x, "putRows").putRows(this, x, at);
    return this;
  }

  /// Adds `by` to every number; see [Kernels#advance].
  ///
  /// @return this
  public Tensor advance(int by) {
    require(
        dtype == DType.I32 && rank() == 1 && isContiguous(),
        "advance",
        "at is %s, expected [N] i32",
        this);
    device.kernels().advance(this, by);
    return this;
  }

  /// Runs one layer of a residual stream: `body`'s result replaces this tensor's elements, and all
  /// that `body` allocated is freed.
  ///
  /// @param body returns a tensor of this shape, or this one, which it has overwritten
  /// @return this
  @SuppressWarnings("ReferenceEquality") // nothing is to be done for itself alone
  public Tensor through(UnaryOperator<Tensor> body) {
    Workspace w = workspace();
    long start = w.position();
    Tensor result = body.apply(this);
    if (result != this) {
      copyFrom(result);
    }
    w.rewind(start);
    return this;
  }

  /// All elements as floats, row-major. Waits for the device.
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(shape.size())];
    toFloats(values);
    return values;
  }

  /// All elements as floats, row-major, into `values` from its start on. Waits for the device.
  /// Allocates nothing if they are f32 and contiguous here; nor do [#toInts(int\[\])] and
  /// [#fromHost]: they run once a token.
  ///
  /// @throws IllegalArgumentException if they do not fit
  public void toFloats(float[] values) {
    int count = (int) shape.size();
    if (shape.size() > values.length) {
      throw new IllegalArgumentException(
          "toFloats: " + this + " does not go into " + values.length + " floats");
    }
    if (dtype == DType.F32 && isContiguous()) {
      device.synchronize();
      memory().read(byteOffset(), values, count);
      return;
    }
    MemorySegment host = toHost();
    for (int i = 0; i < count; i++) {
      values[i] = Elements.get(host, dtype, i);
    }
  }

  /// Copies all elements, i32 and contiguous here, into `values` from its start on. Waits for the
  /// device.
  ///
  /// @throws IllegalArgumentException if they do not fit
  public void toInts(int[] values) {
    if (dtype != DType.I32 || !isContiguous() || shape.size() > values.length) {
      throw new IllegalArgumentException(
          "toInts: " + this + " does not go into " + values.length + " ints");
    }
    device.synchronize();
    memory().read(byteOffset(), values, (int) shape.size());
  }

  /// A copy of all elements on the Java heap, row-major, as stored. Waits for the device.
  public MemorySegment toHost() {
    MemorySegment to = heap(shape.size() * dtype.bytes());
    device.synchronize();
    if (isContiguous()) {
      memory().read(byteOffset(), to);
    } else if (shape.size() > 0) {
      MemorySegment span = heap(layout.span(shape) * dtype.bytes()); // with the gaps
      long first = byteOffset();
      memory().read(first, span);
      int bytes = dtype.bytes();
      Elements.forEach(
          this, (i, at) -> MemorySegment.copy(span, at - first, to, i * (long) bytes, bytes));
    }
    return to;
  }

  private static MemorySegment heap(long bytes) {
    return MemorySegment.ofArray(new long[Math.toIntExact((bytes + 7) / 8)]).asSlice(0, bytes);
  }

  /// Overwrites the elements, contiguous here and in `host`, with `host`'s.
  public void fromHost(MemorySegment host) {
    if (!isContiguous()) {
      throw new IllegalArgumentException("fromHost: " + this + " must be contiguous");
    }
    long bytes = shape.size() * dtype.bytes();
    memory().write(byteOffset(), host.byteSize() == bytes ? host : host.asSlice(0, bytes));
  }

  // ---- element by element

  /// `this + b`; see [Kernels#add].
  public Tensor add(Tensor b) {
    requireRepeats(b, "add");
    Tensor y = like(dtype, shape);
    on(b, "add").add(y, this, b);
    return y;
  }

  /// `this · b`; see [Kernels#mul].
  public Tensor mul(Tensor b) {
    requireRepeats(b, "mul");
    Tensor y = like(dtype, shape);
    on(b, "mul").mul(y, this, b);
    return y;
  }

  /// See [Kernels#gelu].
  public Tensor gelu() {
    requireActivations("gelu");
    Tensor y = like(dtype, shape);
    device.kernels().gelu(y, this);
    return y;
  }

  /// See [Kernels#silu].
  public Tensor silu() {
    requireActivations("silu");
    Tensor y = like(dtype, shape);
    device.kernels().silu(y, this);
    return y;
  }

  /// `silu(this) · up`; see [Kernels#swiGlu].
  public Tensor swiGlu(Tensor up) {
    requireActivations("swiGlu");
    up.requireActivations("swiGlu");
    require(
        up.shape.equals(shape) && up.dtype == dtype, "swiGlu", "gate is %s but up is %s", this, up);
    Tensor y = like(dtype, shape);
    on(up, "swiGlu").swiGlu(y, this, up);
    return y;
  }

  // ---- rows

  /// Over the innermost dimension; see [Kernels#softmax].
  public Tensor softmax() {
    requireActivations("softmax");
    Tensor y = like(dtype, shape);
    device.kernels().softmax(y, this);
    return y;
  }

  /// Over the innermost dimension of `[R, C]`: returns `[R]`, i32; see [Kernels#argMax].
  public Tensor argMax() {
    requireActivations("argMax");
    require(rank() == 2 && dim(1) > 0, "argMax", "x is %s, expected [R, C]", this);
    Tensor y = like(DType.I32, Shape.of(dim(0)));
    device.kernels().argMax(y, this);
    return y;
  }

  /// Every row of `[R, C]` times one vector: returns `[R]`, f32; see [Kernels#dot].
  ///
  /// @param vector `[C]`, f32
  public Tensor dot(Tensor vector) {
    requireActivations("dot");
    require(rank() == 2, "dot", "x is %s, expected [R, C]", this);
    requireColumns(vector, "dot", "vector");
    require(
        vector.dtype == DType.F32 && vector.isContiguous(),
        "dot",
        "vector is %s, expected contiguous f32",
        vector);
    Tensor y = like(DType.F32, Shape.of(dim(0)));
    on(vector, "dot").dot(y, this, vector);
    return y;
  }

  /// The tokens that follow these logits, `[R, V]`: returns `[R]`, i32; see [Kernels#sample].
  ///
  /// @param guesses `[R]`, i32
  /// @param options `[A, 4]`, f32
  /// @param draws `[A, 2]`, i64; counted on
  /// @param said `[A, V]`, u8; written
  public Tensor sample(Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    requireActivations("sample");
    require(
        rank() == 2 && dim(1) > 0 && dim(1) <= Sampling.MOST_TOKENS,
        "sample",
        "x is %s, expected [R, V], V at most %d",
        this,
        Sampling.MOST_TOKENS);
    requireDense(guesses, "guesses", DType.I32, dim(0));
    int answers = options.dim(0);
    require(
        answers > 0 && dim(0) % answers == 0,
        "sample",
        "%d rows are not the same number for each of %d answers",
        dim(0),
        answers);
    requireDense(options, "options", DType.F32, answers, 4);
    requireDense(draws, "draws", DType.I64, answers, 2);
    requireDense(said, "said", DType.U8, answers, dim(1));
    Tensor y = like(DType.I32, Shape.of(dim(0)));
    on(said, "sample").sample(y, this, guesses, options, draws, said);
    return y;
  }

  private static void requireDense(Tensor t, String name, DType dtype, int... dims) {
    require(
        t.dtype == dtype && t.isContiguous() && t.shape.equals(Shape.of(dims)),
        "sample",
        "%s is %s, expected %s %s",
        name,
        t,
        Shape.of(dims),
        dtype);
  }

  /// See [Kernels#layerNorm].
  public Tensor layerNorm(Tensor weight, Tensor bias, float eps) {
    requireActivations("layerNorm");
    requireColumns(weight, "layerNorm", "weight");
    requireColumns(bias, "layerNorm", "bias");
    Tensor y = like(dtype, shape);
    on(weight, "layerNorm").layerNorm(y, this, weight, bias, eps);
    return y;
  }

  /// See [Kernels#rmsNorm].
  public Tensor rmsNorm(Tensor weight, float eps) {
    requireActivations("rmsNorm");
    requireColumns(weight, "rmsNorm", "weight");
    Tensor y = like(dtype, shape);
    on(weight, "rmsNorm").rmsNorm(y, this, weight, eps);
    return y;
  }

  /// Normalises `this`, which is queries, and keys in place; see [Kernels#qkRmsNorm].
  ///
  /// @param k of this shape
  public void qkRmsNorm(Tensor k, Tensor qWeight, Tensor kWeight, float eps) {
    requireActivations("qkRmsNorm");
    k.requireActivations("qkRmsNorm");
    require(k.shape.equals(shape) && k.dtype == dtype, "qkRmsNorm", "q is %s but k is %s", this, k);
    requireColumns(qWeight, "qkRmsNorm", "qWeight");
    requireColumns(kWeight, "qkRmsNorm", "kWeight");
    on(qWeight, "qkRmsNorm");
    on(kWeight, "qkRmsNorm");
    on(k, "qkRmsNorm").qkRmsNorm(this, k, qWeight, kWeight, eps);
  }

  /// `[…, in]` to `[…, out]`; see [Kernels#matMul].
  public Tensor matMul(Tensor weight, @Nullable Tensor bias) {
    requireMatrix(weight, bias, "matMul");
    Tensor y = like(dtype, shape.with(-1, weight.dim(0)));
    on(weight, "matMul").matMul(y, this, weight, bias);
    return y;
  }

  /// `gelu(weight · this + bias)`; see [Kernels#matMulGelu].
  public Tensor matMulGelu(Tensor weight, @Nullable Tensor bias) {
    requireMatrix(weight, bias, "matMulGelu");
    Tensor y = like(dtype, shape.with(-1, weight.dim(0)));
    on(weight, "matMulGelu").matMulGelu(y, this, weight, bias);
    return y;
  }

  /// `residual + scale · (weight · this + bias)`; see [Kernels#matMulAdd].
  public Tensor matMulAdd(
      Tensor weight, @Nullable Tensor bias, @Nullable Tensor scale, Tensor residual) {
    requireMatrix(weight, bias, "matMulAdd");
    return matMulAdd(like(dtype, shape.with(-1, weight.dim(0))), weight, bias, scale, residual);
  }

  /// `this += scale · (weight · x + bias)`; see [Kernels#matMulAdd].
  ///
  /// @return this
  public Tensor addMatMul(Tensor x, Tensor weight, @Nullable Tensor bias, @Nullable Tensor scale) {
    return x.matMulAdd(this, weight, bias, scale, this);
  }

  private Tensor matMulAdd(
      Tensor y, Tensor weight, @Nullable Tensor bias, @Nullable Tensor scale, Tensor residual) {
    requireMatrix(weight, bias, "matMulAdd");
    Shape out = shape.with(-1, weight.dim(0));
    residual.requireActivations("matMulAdd");
    require(
        residual.shape.equals(out) && residual.dtype == dtype,
        "matMulAdd",
        "residual is %s but the product is %s",
        residual,
        out);
    require(
        scale == null || scale.shape.equals(Shape.of(weight.dim(0))),
        "matMulAdd",
        "scale is %s but weight is %s",
        scale,
        weight);
    on(residual, "matMulAdd");
    on(weight, "matMulAdd").matMulAdd(y, this, weight, bias, scale, residual);
    return y;
  }

  /// `silu(gate · this) · (up · this)`; see [Kernels#matMulSwiGlu].
  public Tensor matMulSwiGlu(Tensor gate, Tensor up) {
    requireMatrix(gate, null, "matMulSwiGlu");
    requireMatrix(up, null, "matMulSwiGlu");
    require(up.dim(0) == gate.dim(0), "matMulSwiGlu", "gate is %s but up is %s", gate, up);
    Tensor y = like(dtype, shape.with(-1, gate.dim(0)));
    on(gate, "matMulSwiGlu").matMulSwiGlu(y, this, gate, up);
    return y;
  }

  /// `weight · norm(this) + bias`; see [Kernels#rmsNormMatMul].
  public Tensor rmsNormMatMul(Tensor norm, float eps, Tensor weight, @Nullable Tensor bias) {
    requireMatrix(weight, bias, "rmsNormMatMul");
    requireColumns(norm, "rmsNormMatMul", "norm");
    Tensor y = like(dtype, shape.with(-1, weight.dim(0)));
    on(norm, "rmsNormMatMul");
    on(weight, "rmsNormMatMul").rmsNormMatMul(y, like(dtype, shape), this, norm, eps, weight, bias);
    return y;
  }

  /// `silu(gate · norm(this)) · (up · norm(this))`; see [Kernels#rmsNormMatMulSwiGlu].
  public Tensor rmsNormMatMulSwiGlu(Tensor norm, float eps, Tensor gate, Tensor up) {
    requireMatrix(gate, null, "rmsNormMatMulSwiGlu");
    requireMatrix(up, null, "rmsNormMatMulSwiGlu");
    requireColumns(norm, "rmsNormMatMulSwiGlu", "norm");
    require(up.dim(0) == gate.dim(0), "rmsNormMatMulSwiGlu", "gate is %s but up is %s", gate, up);
    Tensor y = like(dtype, shape.with(-1, gate.dim(0)));
    on(norm, "rmsNormMatMulSwiGlu");
    on(gate, "rmsNormMatMulSwiGlu")
        .rmsNormMatMulSwiGlu(y, like(dtype, shape), this, norm, eps, gate, up);
    return y;
  }

  // ---- attention

  /// `this` is q, `[N, Tq, H, D]`; scores are scaled by `1/√D`. See [Kernels#attention].
  public Tensor attention(Tensor k, Tensor v, Mask mask) {
    return attention(k, v, mask, (float) (1 / Math.sqrt(dim(-1))));
  }

  /// `this` is q, `[N, Tq, H, D]`; see [Kernels#attention].
  public Tensor attention(Tensor k, Tensor v, Mask mask, float scale) {
    requireActivations("attention");
    require(
        rank() == 4 && k.rank() == 4 && k.shape.equals(v.shape),
        "attention",
        "q %s, k %s, v %s must be [N, T, heads, D]",
        this,
        k,
        v);
    require(
        k.dim(0) == dim(0)
            && k.dim(3) == dim(3)
            && k.dim(2) > 0
            && dim(2) % k.dim(2) == 0
            && k.dtype == dtype
            && v.dtype == dtype,
        "attention",
        "q is %s but k is %s",
        this,
        k);
    require(
        dim(1) == 0 || mask instanceof Mask.Past || mask.visible(0, k.dim(1)) > 0,
        "attention",
        "the first query of %s sees no key of %s",
        this,
        k);
    Tensor y = like(dtype, shape);
    on(k, "attention").attention(y, this, k, v, mask, scale);
    return y;
  }

  /// `this` is q, `[T, H, D]`; scores are scaled by `1/√D`. See [Kernels#attentionPaged].
  public Tensor attention(Pages past, Mask mask) {
    return attention(past, mask, (float) (1 / Math.sqrt(dim(-1))));
  }

  /// `this` is q, `[T, H, D]`; see [Kernels#attentionPaged].
  public Tensor attention(Pages past, Mask mask, float scale) {
    requireSees(past, mask);
    Tensor y = like(dtype, shape);
    on(past.keys(), "attentionPaged").attentionPaged(y, this, past, mask, scale);
    return y;
  }

  /// `this` is q, `[T, H, D]`, of several sequences one after the other; scores are scaled by
  /// `1/√D`. See [Kernels#attentionPaged(Tensor, Tensor, List, List, float)].
  public Tensor attention(List<Pages> pasts, List<Mask> masks) {
    requireSequences(pasts, masks, "attentionPaged");
    for (int i = 0; i < pasts.size(); i++) {
      requireSees(pasts.get(i), masks.get(i));
      on(pasts.get(i).keys(), "attentionPaged");
    }
    Tensor y = like(dtype, shape);
    float scale = (float) (1 / Math.sqrt(dim(-1)));
    device.kernels().attentionPaged(y, this, pasts, masks, scale);
    return y;
  }

  private void requireSees(Pages past, Mask mask) {
    requireActivations("attentionPaged");
    require(
        rank() == 3
            && dim(2) == past.keys().dim(3)
            && dim(1) % past.kvHeads() == 0
            && past.keys().dtype == dtype,
        "attentionPaged",
        "q is %s but the past has %s",
        this,
        past);
    require(
        dim(0) == 0 || mask instanceof Mask.Past || mask.visible(0, past.capacity()) > 0,
        "attentionPaged",
        "the first query of %s sees no key of %s",
        this,
        past);
  }

  /// That these are rows of so many sequences, as many of each.
  private void requireSequences(List<?> pasts, List<?> others, String kernel) {
    require(
        !pasts.isEmpty() && others.size() == pasts.size() && dim(0) % pasts.size() == 0,
        kernel,
        "%s is not rows of %s and %s sequences, as many of each",
        this,
        pasts.size(),
        others.size());
  }

  /// `this` is `[T, H, D]`; see [Kernels#rope].
  public Tensor rope(Tensor cos, Tensor sin) {
    requireActivations("rope");
    require(
        rank() == 3
            && dim(2) % 2 == 0
            && cos.dtype == DType.F32
            && sin.dtype == DType.F32
            && cos.shape.equals(Shape.of(dim(0), dim(2) / 2))
            && sin.shape.equals(cos.shape),
        "rope",
        "x is %s but cos is %s and sin is %s",
        this,
        cos,
        sin);
    Tensor y = like(dtype, shape);
    on(cos, "rope").rope(y, this, cos, sin);
    return y;
  }

  /// `this` is queries `[T, H, D]`, which are returned rotated; keys, rotated, and values are
  /// written to a sequence's pages. See [Kernels#ropeAppend].
  ///
  /// @param k `[T, K, D]`
  /// @param v `[T, K, D]`
  /// @param past where keys and values go
  /// @param places theirs
  public Tensor ropeAppend(Tensor k, Tensor v, Pages past, Places places) {
    requireHeads(k, v);
    requireInto(past, places, k, dim(0));
    Tensor y = like(dtype, shape);
    on(past.keys(), "ropeAppend").ropeAppend(y, past, this, k, v, places);
    return y;
  }

  /// The same of several sequences, whose rows come one after the other; see
  /// [Kernels#ropeAppend(Tensor, List, Tensor, Tensor, Tensor, List)].
  public Tensor ropeAppend(Tensor k, Tensor v, List<Pages> pasts, List<Places> places) {
    requireHeads(k, v);
    requireSequences(pasts, places, "ropeAppend");
    for (int i = 0; i < pasts.size(); i++) {
      requireInto(pasts.get(i), places.get(i), k, dim(0) / pasts.size());
      on(pasts.get(i).keys(), "ropeAppend");
    }
    Tensor y = like(dtype, shape);
    device.kernels().ropeAppend(y, pasts, this, k, v, places);
    return y;
  }

  private void requireInto(Pages past, Places places, Tensor k, int tokens) {
    require(past.kvHeads() == k.dim(1), "ropeAppend", "k is %s but the past has %s", k, past);
    requirePlaces(past, places, "ropeAppend", tokens, dim(2));
  }

  private void requireHeads(Tensor k, Tensor v) {
    requireActivations("ropeAppend");
    k.requireActivations("ropeAppend");
    v.requireActivations("ropeAppend");
    require(
        rank() == 3
            && k.rank() == 3
            && dim(2) % 2 == 0
            && k.shape.equals(Shape.of(dim(0), k.dim(1), dim(2)))
            && v.shape.equals(k.shape)
            && k.dtype == dtype
            && v.dtype == dtype,
        "ropeAppend",
        "q is %s but k is %s and v is %s",
        this,
        k,
        v);
  }

  /// `this` is a residual stream `[T, C]`, whose queries `[T, H, D]` are returned, normalised first
  /// and rotated last; keys and values are written to a sequence's pages. See
  /// [Kernels#rmsNormMatMulRopeAppend].
  ///
  /// @param norm `[C]`
  /// @param weight `[(H + 2K)·D, C]`: all queries, then all keys, then all values
  /// @param bias `[(H + 2K)·D]` or null
  /// @param past where keys and values go
  /// @param places those of the tokens
  public Tensor rmsNormMatMulRopeAppend(
      Tensor norm, float eps, Tensor weight, @Nullable Tensor bias, Pages past, Places places) {
    String kernel = "rmsNormMatMulRopeAppend";
    requireMatrix(weight, bias, kernel);
    requireColumns(norm, kernel, "norm");
    int width = past.keys().dim(3);
    int all = weight.dim(0) / width;
    require(
        rank() == 2 && weight.dim(0) == all * width && all > 2 * past.kvHeads(),
        kernel,
        "x is %s and weight is %s but the past has %s",
        this,
        weight,
        past);
    requirePlaces(past, places, kernel, dim(0), width);
    Tensor y = like(dtype, Shape.of(dim(0), all, width));
    on(past.keys(), kernel);
    on(norm, kernel);
    on(weight, kernel)
        .rmsNormMatMulRopeAppend(
            y, past, like(dtype, shape), this, norm, eps, weight, bias, places);
    return y.narrow(1, 0, all - 2 * past.kvHeads());
  }

  /// That `tokens` tokens of heads of `width` go into a past.
  private void requirePlaces(Pages past, Places places, String kernel, int tokens, int width) {
    require(
        past.capacity() >= tokens && past.keys().dim(3) == width && past.keys().dtype == dtype,
        kernel,
        "%s has heads of %s but the past has %s",
        this,
        width,
        past);
    require(
        places.angles() >= tokens && places.width() == width,
        kernel,
        "%s has heads of %s but places have %s",
        this,
        width,
        places);
  }

  // ---- rearrangement

  /// `this` is ids `[R]`, i32; returns rows of `table` `[V, C]` as activations `[R, C]`. See
  /// [Kernels#gather].
  ///
  /// @throws IllegalArgumentException if an id is outside the table
  public Tensor gather(Tensor table) {
    require(
        dtype == DType.I32 && rank() == 1 && table.rank() == 2,
        "gather",
        "ids are %s and table is %s",
        this,
        table);
    Tensor y = like(device.activations(), Shape.of(dim(0), table.dim(1)));
    on(table, "gather").gather(y, table, this);
    return y;
  }

  /// `[N, 3, S, S]` to `[N, (S/P)², 3·P²]`; see [Kernels#patches].
  public Tensor patches(int patch) {
    require(
        rank() == 4 && dim(2) == dim(3) && patch > 0 && dim(2) % patch == 0,
        "patches",
        "%s cannot be cut into patches of %s",
        this,
        patch);
    int grid = dim(2) / patch;
    Tensor y = like(device.activations(), Shape.of(dim(0), grid * grid, dim(1) * patch * patch));
    device.kernels().patches(y, this, patch);
    return y;
  }

  /// `[N, h, w, C]` to `[N, h/2, w/2, 4·C]`; see [Kernels#pixelShuffle].
  public Tensor pixelShuffle() {
    requireCells("pixelShuffle");
    Tensor y = like(dtype, Shape.of(dim(0), dim(1) / 2, dim(2) / 2, 4 * dim(3)));
    device.kernels().pixelShuffle(y, this);
    return y;
  }

  /// `[N, h, w, C]` to cells `[N, h/2 · w/2, 4·C]`; see [Kernels#pixelShuffleLayerNorm].
  ///
  /// @param byColumns whether cells are laid out column by column
  public Tensor pixelShuffleLayerNorm(Tensor weight, Tensor bias, float eps, boolean byColumns) {
    requireActivations("pixelShuffleLayerNorm");
    requireCells("pixelShuffleLayerNorm");
    Shape columns = Shape.of(4 * dim(3));
    require(
        weight.shape.equals(columns) && bias.shape.equals(columns),
        "pixelShuffleLayerNorm",
        "weight is %s and bias is %s but cells are %s",
        weight,
        bias,
        columns);
    int h = dim(1) / 2;
    int w = dim(2) / 2;
    Tensor y = like(dtype, Shape.of(dim(0), byColumns ? w : h, byColumns ? h : w, 4 * dim(3)));
    on(weight, "pixelShuffleLayerNorm")
        .pixelShuffleLayerNorm(byColumns ? y.transpose(1, 2) : y, this, weight, bias, eps);
    return y.view(dim(0), h * w, 4 * dim(3));
  }

  private void requireCells(String kernel) {
    require(rank() == 4 && dim(1) % 2 == 0 && dim(2) % 2 == 0, kernel, "%s has an odd side", this);
  }

  /// `[h, w, C]` to `[height, width, C]`, f32; see [Kernels#resizeBicubic].
  public Tensor resizeBicubic(int height, int width) {
    require(rank() == 3 && dtype == DType.F32, "resizeBicubic", "x is %s", this);
    Tensor y = like(dtype, Shape.of(height, width, dim(2)));
    device.kernels().resizeBicubic(y, this);
    return y;
  }

  /// `[H, W, 3]` to `[H, w, 3]`, u8; see [Kernels#resizeRows].
  ///
  /// @param taps `[w, 1 + T]`, i32
  public Tensor resizeRows(Tensor taps) {
    requirePixels(taps, "resizeRows");
    Tensor y = like(dtype, Shape.of(dim(0), taps.dim(0), 3));
    on(taps, "resizeRows").resizeRows(y, this, taps);
    return y;
  }

  /// `[H, w, 3]`, u8, to `[N, 3, S, S]`; see [Kernels#imageTiles].
  ///
  /// @param taps `[h, 1 + T]`, i32
  /// @param values `[3, 256]`, f32
  /// @param side S
  public Tensor imageTiles(Tensor taps, Tensor values, int side) {
    requirePixels(taps, "imageTiles");
    require(
        side > 0 && taps.dim(0) % side == 0 && dim(1) % side == 0,
        "imageTiles",
        "%d lines of %s cannot be cut into squares of %d",
        taps.dim(0),
        this,
        side);
    require(
        values.dtype == DType.F32 && values.isContiguous() && values.shape.equals(Shape.of(3, 256)),
        "imageTiles",
        "values is %s, expected [3, 256] f32",
        values);
    int count = taps.dim(0) / side * (dim(1) / side);
    Tensor y = like(device.activations(), Shape.of(count, 3, side, side));
    on(taps, "imageTiles").imageTiles(y, this, taps, values);
    return y;
  }

  private void requirePixels(Tensor taps, String kernel) {
    require(
        dtype == DType.U8 && isContiguous() && rank() == 3 && dim(2) == 3,
        kernel,
        "x is %s, expected [H, W, 3] u8",
        this);
    require(
        taps.dtype == DType.I32 && taps.isContiguous() && taps.rank() == 2 && taps.dim(1) > 1,
        kernel,
        "taps is %s, expected [w, 1 + T] i32",
        taps);
  }

  // ---- checks

  private Tensor like(DType dtype, Shape shape) {
    return workspace().allocate(dtype, shape.toArray());
  }

  @SuppressWarnings("ReferenceEquality") // a device is itself
  private Kernels on(Tensor other, String kernel) {
    require(
        other.device == device,
        kernel,
        "%s is on %s but %s is on %s",
        this,
        device.name(),
        other,
        other.device.name());
    return device.kernels();
  }

  private void requireActivations(String kernel) {
    require(
        (dtype == DType.F32 || dtype == DType.BF16) && rank() > 0,
        kernel,
        "x is %s, expected f32 or bf16",
        this);
    require(
        layout.isContiguous(shape, rank() - 1), kernel, "the rows of %s must be contiguous", this);
  }

  private void requireMatrix(Tensor weight, @Nullable Tensor bias, String kernel) {
    requireActivations(kernel);
    require(
        weight.rank() == 2
            && weight.dim(1) == dim(-1)
            && (weight.isPacked() || weight.isContiguous()),
        kernel,
        "weight is %s but x has %s columns (x %s)",
        weight,
        dim(-1),
        this);
    require(
        bias == null || bias.shape.equals(Shape.of(weight.dim(0))),
        kernel,
        "bias is %s but weight is %s",
        bias,
        weight);
  }

  private void requireColumns(Tensor vector, String kernel, String what) {
    require(
        vector.rank() == 1 && vector.dim(0) == dim(-1),
        kernel,
        what + " is %s but x has %s columns (x %s)",
        vector.shape,
        dim(-1),
        this);
  }

  private void requireRepeats(Tensor b, String kernel) {
    requireActivations(kernel);
    require(
        (shape.endsWith(b.shape) && b.isContiguous()) || shape.equals(b.shape),
        kernel,
        "%s does not repeat along %s",
        b,
        this);
    require(b.dtype == dtype || b.dtype == DType.F32, kernel, "b is %s but a is %s", b, this);
  }

  private static void require(
      boolean holds, String kernel, String message, @Nullable Object... values) {
    if (!holds) {
      throw new IllegalArgumentException(kernel + ": " + String.format(message, values));
    }
  }
}
