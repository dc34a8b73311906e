package org.internvl4j.kernels.cpu;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.kernels.emitted.SelfCheck;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The cores of this machine. Activations are f32, matrices are packed ([Panels]), tables stay as
/// the checkpoint stores them.
///
/// Names no vector type: those are first touched by [CpuKernels], and only where the module is
/// there.
final class CpuDevice implements Device {
  /// `128`, `256` or `512` for the width of vectors in bits, `0` for plain loops.
  private static final String BITS = "internvl4j.vector.bits";

  /// `true` allows vectors wider than this machine's: Java computes them element by element, some
  /// hundred times slower. For tests.
  private static final String EMULATED = "internvl4j.vector.emulated";

  private static final Logger LOG = System.getLogger(CpuDevice.class.getName());
  private static boolean warned;

  private final String name;
  private final Pool pool;
  private final Kernels kernels;
  private final String arithmetic;
  private final DType multiplied;

  private CpuDevice(String name, Pool pool, Kernels kernels, String arithmetic, DType multiplied) {
    this.name = name;
    this.pool = pool;
    this.kernels = kernels;
    this.arithmetic = arithmetic;
    this.multiplied = multiplied;
  }

  static CpuDevice open(int threads) {
    requireKnownWidth();
    boolean scalar = wantsScalar();
    boolean emitted = !scalar && Tier.chosen() == Tier.EMITTED;
    boolean rounds = Tier.roundsActivations(emitted);
    if (scalar) {
      return plain("cpu", threads);
    }
    int bits = Lanes.BITS;
    if (bits > Lanes.WIDEST && !Boolean.getBoolean(EMULATED)) {
      throw new DeviceException(
          "cpu: " + BITS + " is " + bits + " but this machine's vectors have " + Lanes.WIDEST);
    }
    String arithmetic =
        "Vector API, "
            + bits
            + " bits"
            + (emitted ? ", " + Emitted.description() : "")
            + (rounds ? " with bf16 activations" : "");
    Pool pool = new Pool(threads);
    return new CpuDevice(
        "cpu", pool, new CpuKernels(pool), arithmetic, rounds ? DType.BF16 : DType.F32);
  }

  /// The cores with plain loops, though there may be vectors.
  static CpuDevice plain(int threads) {
    return plain("plain", threads);
  }

  private static CpuDevice plain(String name, int threads) {
    Pool pool = new Pool(threads);
    return new CpuDevice(name, pool, new ScalarKernels(pool), "plain loops", DType.F32);
  }

  private static void requireKnownWidth() {
    String bits = System.getProperty(BITS);
    if (bits != null && !List.of("0", "128", "256", "512").contains(bits)) {
      throw new DeviceException(
          "cpu: " + BITS + " is " + bits + ", expected 0 (plain loops), 128, 256 or 512");
    }
  }

  private static boolean wantsScalar() {
    if (Integer.getInteger(BITS, -1) == 0) {
      return true;
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      return Tier.chosen() == Tier.SCALAR;
    }
    Tier.requirePlainLoops();
    warnOnce();
    return true;
  }

  private static synchronized void warnOnce() {
    if (!warned) {
      warned = true;
      LOG.log(
          Level.WARNING,
          "cpu: the Vector API is not enabled; start java with --add-modules jdk.incubator.vector");
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    int threads = pool.workers();
    return name + ": " + arithmetic + ", " + threads + (threads == 1 ? " thread" : " threads");
  }

  /// Of machine code: compilers have hardly begun by then with anything else.
  @Override
  public @Nullable String selfCheck() {
    if (kernels instanceof ScalarKernels || Tier.chosen() != Tier.EMITTED) {
      return null;
    }
    try {
      return SelfCheck.run();
    } catch (IllegalStateException e) {
      throw new DeviceException(
          "cpu: machine code computes wrongly here: "
              + e.getMessage()
              + "; use --kernels vector, and report it",
          e);
    }
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  /// A block of keys of [AttentionStep].
  @Override
  public int pageTokens() {
    return 128;
  }

  @Override
  public DType activations() {
    return DType.F32;
  }

  @Override
  public DType multiplied() {
    return multiplied;
  }

  @Override
  public Memory allocate(long bytes, String owner) {
    return Memory.host(bytes, owner);
  }

  @Override
  public Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
    return switch (role) {
      case MATRIX -> join(List.of(weight), keep, model);
      case TABLE -> weight;
      case VECTOR -> isAlignedF32(weight) ? weight : copy(weight, model);
    };
  }

  /// Packs the parts from where they lie: they are nowhere copied side by side.
  @Override
  public Tensor join(List<Tensor> parts, DType keep, Workspace model) {
    int out = parts.stream().mapToInt(part -> part.dim(0)).sum();
    Shape shape = parts.getFirst().shape().with(0, out);
    Tensor packed = Panels.allocate(model, Panels.kept(keep), shape);
    Packing.pack(pool, packed, parts);
    return packed;
  }

  private static boolean isAlignedF32(Tensor weight) {
    return weight.dtype() == DType.F32
        && weight.isContiguous()
        && (weight.segment().address() + weight.byteOffset()) % Float.BYTES == 0;
  }

  private static Tensor copy(Tensor weight, Workspace model) {
    return model.allocate(DType.F32, weight.shape().toArray()).copyFrom(weight);
  }

  @Override
  public String packing() {
    return Panels.NAME;
  }

  @Override
  public Runnable record(Runnable step) {
    return pool.record(step);
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {
    pool.close();
  }
}
