package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// Products by NVIDIA's library: `y = x · weightᵀ`, or `y = residual + x · weightᵀ`, of bf16 with
/// sums in f32. It counts columns first, so that it is asked for `yᵀ = weight · xᵀ`.
///
/// How a product is computed is chosen when its shape is first met, on the host alone: whatever
/// else a product takes is there from the beginning, so that it can be part of a recorded step.
///
/// One thread at a time, which the device sees to.
final class CublasLt extends Calls implements AutoCloseable {
  private static final long WORKSPACE = 32 << 20; // bytes
  private static final int MOST_ALIGNMENT = 256;
  private static final int MOST_PLANS = 512;

  private final CublasLtFunctions lt;
  private final CudaDevice device;
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1);
  private final MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0);
  private final MemorySegment algorithm =
      arena.allocate(CublasLtFunctions.ALGORITHM_BYTES, Long.BYTES);
  private final Map<Shape, Plan> plans = new LinkedHashMap<>(16, 0.75f, true);
  private final long handle;
  private final long product;
  private final long preference;
  private final long workspace;

  /// What a way to compute is chosen by. Pitches are in elements, alignments in bytes.
  ///
  /// @param residualPitch 0 if there is no residual
  record Shape(
      int rows,
      int in,
      int out,
      long xPitch,
      long weightPitch,
      long yPitch,
      long residualPitch,
      int xAlignment,
      int weightAlignment,
      int yAlignment,
      int residualAlignment) {}

  /// A way to compute products of one shape.
  ///
  /// @param residual y's if there is none
  /// @param algorithm null if there is no way
  private record Plan(
      long weight, long x, long residual, long y, long @Nullable [] algorithm, long workspace) {}

  /// @throws DeviceException if the library does not start
  CublasLt(CudaDevice device, CublasLtFunctions lt) {
    this.device = device;
    this.lt = lt;
    this.handle = out("cublasLtCreate", p -> (int) lt.create.invokeExact(p));
    this.product =
        out(
            "cublasLtMatmulDescCreate",
            p ->
                (int)
                    lt.productCreate.invokeExact(
                        p, CublasLtFunctions.COMPUTE_F32, CublasLtFunctions.F32));
    set(
        lt.productSet,
        product,
        CublasLtFunctions.TRANSPOSE_A,
        arena.allocateFrom(JAVA_INT, CublasLtFunctions.TRANSPOSED));
    this.preference =
        out("cublasLtMatmulPreferenceCreate", p -> (int) lt.preferenceCreate.invokeExact(p));
    prefer(CublasLtFunctions.MOST_WORKSPACE, arena.allocateFrom(JAVA_LONG, WORKSPACE));
    prefer(CublasLtFunctions.REDUCTIONS, CublasLtFunctions.REDUCTION_IN_F32);
    this.workspace = device.allocate(WORKSPACE);
  }

  /// `12.9.1`.
  String version() {
    long version;
    try {
      version = (long) lt.version.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError("cublasLtGetVersion", e);
    }
    long major = version / (version < 100_000 ? 1000 : 10_000); // until 11.11, and from 12.0 on
    long rest = version % (version < 100_000 ? 1000 : 10_000);
    return major + "." + rest / 100 + "." + rest % 100;
  }

  /// Queues a product; `residual` may be `y`.
  ///
  /// @param residual 0 for none
  /// @return whether there is a way to compute it; nothing was done if not
  boolean multiply(
      int rows,
      int in,
      int out,
      long y,
      long yPitch,
      long x,
      long xPitch,
      long weight,
      long weightPitch,
      long residual,
      long residualPitch) {
    Plan plan =
        plan(
            new Shape(
                rows,
                in,
                out,
                xPitch,
                weightPitch,
                yPitch,
                residual == 0 ? 0 : residualPitch,
                alignment(x),
                alignment(weight),
                alignment(y),
                alignment(residual == 0 ? y : residual)));
    if (plan.algorithm == null) {
      return false;
    }
    MemorySegment.copy(plan.algorithm, 0, algorithm, JAVA_LONG, 0, plan.algorithm.length);
    MemorySegment beta = residual == 0 ? zero : one;
    long stream = device.stream(); // makes the context current, too
    long c = residual == 0 ? y : residual;
    check(
        "cublasLtMatmul",
        () ->
            (int)
                lt.multiply.invokeExact(
                    handle,
                    product,
                    one,
                    weight,
                    plan.weight,
                    x,
                    plan.x,
                    beta,
                    c,
                    plan.residual,
                    y,
                    plan.y,
                    algorithm,
                    workspace,
                    plan.workspace,
                    stream));
    return true;
  }

  private static int alignment(long address) {
    return (int) Math.min(MOST_ALIGNMENT, Long.lowestOneBit(address));
  }

  private Plan plan(Shape shape) {
    Plan plan = plans.get(shape);
    if (plan == null) {
      plan = choose(shape);
      plans.put(shape, plan);
      if (plans.size() > MOST_PLANS) {
        Iterator<Plan> eldest = plans.values().iterator();
        destroy(eldest.next());
        eldest.remove();
      }
    }
    return plan;
  }

  private Plan choose(Shape s) {
    long weight = layout(s.in, s.out, s.weightPitch);
    long x = layout(s.in, s.rows, s.xPitch);
    long y = layout(s.out, s.rows, s.yPitch);
    long residual = s.residualPitch == 0 ? y : layout(s.out, s.rows, s.residualPitch);
    prefer(CublasLtFunctions.ALIGNMENT_A, s.weightAlignment);
    prefer(CublasLtFunctions.ALIGNMENT_B, s.xAlignment);
    prefer(CublasLtFunctions.ALIGNMENT_C, s.residualAlignment);
    prefer(CublasLtFunctions.ALIGNMENT_D, s.yAlignment);
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment result = temporary.allocate(CublasLtFunctions.RESULT_BYTES, Long.BYTES);
      MemorySegment count = temporary.allocate(JAVA_INT);
      check(
          "cublasLtMatmulAlgoGetHeuristic",
          () -> {
            int status =
                (int)
                    lt.heuristic.invokeExact(
                        handle, product, weight, x, residual, y, preference, 1, result, count);
            return status == CublasLtFunctions.NOT_SUPPORTED ? 0 : status;
          });
      boolean found =
          count.get(JAVA_INT, 0) > 0 && result.get(JAVA_INT, CublasLtFunctions.RESULT_STATE) == 0;
      return new Plan(
          weight,
          x,
          residual,
          y,
          found ? result.asSlice(0, CublasLtFunctions.ALGORITHM_BYTES).toArray(JAVA_LONG) : null,
          result.get(JAVA_LONG, CublasLtFunctions.RESULT_WORKSPACE));
    }
  }

  private long layout(long rows, long columns, long pitch) {
    return out(
        "cublasLtMatrixLayoutCreate",
        p -> (int) lt.layoutCreate.invokeExact(p, CublasLtFunctions.BF16, rows, columns, pitch));
  }

  private void prefer(int attribute, int value) {
    try (Arena temporary = Arena.ofConfined()) {
      prefer(attribute, temporary.allocateFrom(JAVA_INT, value));
    }
  }

  private void prefer(int attribute, MemorySegment value) {
    set(lt.preferenceSet, preference, attribute, value);
  }

  private void set(MethodHandle function, long of, int attribute, MemorySegment value) {
    check(
        "cublasLt attribute " + attribute,
        () -> (int) function.invokeExact(of, attribute, value, value.byteSize()));
  }

  private void destroy(Plan plan) {
    destroy(lt.layoutDestroy, plan.weight);
    destroy(lt.layoutDestroy, plan.x);
    destroy(lt.layoutDestroy, plan.y);
    if (plan.residual != plan.y) {
      destroy(lt.layoutDestroy, plan.residual);
    }
  }

  private void destroy(MethodHandle function, long what) {
    check("cublasLt destroy", () -> (int) function.invokeExact(what));
  }

  @Override
  DeviceException failure(String call, int status) {
    return new DeviceException(
        "cuda: " + call + " failed: " + statusName(status) + " (" + status + ")");
  }

  private String statusName(int status) {
    try {
      MemorySegment text = (MemorySegment) lt.statusName.invokeExact(status);
      return text.address() == 0 ? "unknown" : text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new AssertionError("cublasLtGetStatusName", e);
    }
  }

  /// Once the stream has run what was queued.
  @Override
  public void close() {
    plans.values().forEach(this::destroy);
    plans.clear();
    destroy(lt.preferenceDestroy, preference);
    destroy(lt.productDestroy, product);
    destroy(lt.destroy, handle);
    device.free(workspace);
  }
}
