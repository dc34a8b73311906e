package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bytedeco.cuda.global.cublas;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// cublasLt's stand-in refuses what cublasLt refuses, so that a wrong call does not wait for a GPU.
final class CublasLtStandInTest {
  private static final int ROWS = 8;
  private static final int IN = 64;
  private static final int OUT = 16;
  private static final long WORKSPACE = 1 << 20;

  private Device device;
  private Workspace memory;
  private Arena arena;
  private CublasLtFunctions lt;
  private long handle;
  private long product;
  private long preference;
  private long weight;
  private long x;
  private long y;
  private long space;
  private long ofWeight;
  private long ofX;
  private long ofY;

  @BeforeEach
  void open() throws Throwable {
    StandIn.assume();
    device = StandIn.open(false);
    memory = new Workspace(device, "test");
    arena = Arena.ofAuto();
    lt = new CublasLtFunctions(StandIn.cublasLt());
    MemorySegment cell = arena.allocate(ADDRESS);
    assertThat((int) lt.create.invokeExact(cell)).isZero();
    handle = cell.get(JAVA_LONG, 0);
    assertThat(
            (int)
                lt.productCreate.invokeExact(
                    cell, CublasLtFunctions.COMPUTE_F32, CublasLtFunctions.F32))
        .isZero();
    product = cell.get(JAVA_LONG, 0);
    assertThat(set(CublasLtFunctions.TRANSPOSE_A, CublasLtFunctions.TRANSPOSED)).isZero();
    assertThat((int) lt.preferenceCreate.invokeExact(cell)).isZero();
    preference = cell.get(JAVA_LONG, 0);
    MemorySegment most = arena.allocateFrom(JAVA_LONG, WORKSPACE);
    assertThat(
            (int)
                lt.preferenceSet.invokeExact(
                    preference, CublasLtFunctions.MOST_WORKSPACE, most, most.byteSize()))
        .isZero();
    ofWeight = layout(CublasLtFunctions.BF16, IN, OUT, IN);
    ofX = layout(CublasLtFunctions.BF16, IN, ROWS, IN);
    ofY = layout(CublasLtFunctions.BF16, OUT, ROWS, OUT);
    weight = CudaKernels.at(memory.allocate(DType.BF16, OUT, IN));
    x = CudaKernels.at(memory.allocate(DType.BF16, ROWS, IN));
    y = CudaKernels.at(memory.allocate(DType.BF16, ROWS, OUT));
    space = CudaKernels.at(memory.allocate(DType.BF16, (int) WORKSPACE / 2)) + 255 & -256L;
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.synchronize();
      memory.close();
      device.close();
    }
  }

  private int set(int attribute, int value) throws Throwable {
    return (int)
        lt.productSet.invokeExact(product, attribute, arena.allocateFrom(JAVA_INT, value), 4L);
  }

  private long layout(int type, long rows, long columns, long pitch) throws Throwable {
    MemorySegment cell = arena.allocate(ADDRESS);
    assertThat((int) lt.layoutCreate.invokeExact(cell, type, rows, columns, pitch)).isZero();
    return cell.get(JAVA_LONG, 0);
  }

  private int choose(MemorySegment result, long layoutOfX) throws Throwable {
    MemorySegment count = arena.allocate(JAVA_INT);
    return (int)
        lt.heuristic.invokeExact(
            handle, product, ofWeight, layoutOfX, ofY, ofY, preference, 1, result, count);
  }

  private MemorySegment algorithm() throws Throwable {
    MemorySegment result = arena.allocate(CublasLtFunctions.RESULT_BYTES, Long.BYTES);
    assertThat(choose(result, ofX)).isZero();
    assertThat(result.get(JAVA_LONG, CublasLtFunctions.RESULT_WORKSPACE)).isPositive();
    return result.asSlice(0, CublasLtFunctions.ALGORITHM_BYTES);
  }

  private int multiply(MemorySegment algorithm, long ofX, long x, long y, long bytes)
      throws Throwable {
    MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1);
    MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0);
    return (int)
        lt.multiply.invokeExact(
            handle,
            product,
            one,
            weight,
            ofWeight,
            x,
            ofX,
            zero,
            y,
            ofY,
            y,
            ofY,
            algorithm,
            space,
            bytes,
            ((CudaDevice) device).stream());
  }

  @Test
  void refusesShapesAndTypes() throws Throwable {
    MemorySegment cell = arena.allocate(ADDRESS);
    assertThat((int) lt.layoutCreate.invokeExact(cell, CublasLtFunctions.BF16, 8L, 8L, 7L))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(
            (int)
                lt.productCreate.invokeExact(
                    cell, CublasLtFunctions.COMPUTE_F32, CublasLtFunctions.BF16))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    MemorySegment result = arena.allocate(CublasLtFunctions.RESULT_BYTES, Long.BYTES);
    assertThat(choose(result, layout(CublasLtFunctions.BF16, IN + 1, ROWS, IN + 1)))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(choose(result, layout(CublasLtFunctions.F32, IN, ROWS, IN)))
        .isEqualTo(cublas.CUBLAS_STATUS_NOT_SUPPORTED);
    assertThat(set(cublas.CUBLASLT_MATMUL_DESC_EPILOGUE, cublas.CUBLASLT_EPILOGUE_GELU)).isZero();
    assertThat(choose(result, ofX)).isEqualTo(cublas.CUBLAS_STATUS_NOT_SUPPORTED);
  }

  @Test
  void refusesAlgorithmsAndWorkspacesThatDoNotGoWithTheProduct() throws Throwable {
    MemorySegment algorithm = algorithm();
    assertThat(multiply(algorithm, ofX, x, y, WORKSPACE / 2)).isZero();
    assertThat(multiply(MemorySegment.NULL, ofX, x, y, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(multiply(arena.allocate(64, 8), ofX, x, y, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(multiply(algorithm, ofX, x, y, 0)).isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
  }

  @Test
  void refusesAddresses() throws Throwable {
    MemorySegment algorithm = algorithm();
    assertThat(multiply(algorithm, ofX, x + 2, y, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(multiply(algorithm, ofX, x, x, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
    assertThat(multiply(algorithm, ofX, x, 1 << 12, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_EXECUTION_FAILED);
    assertThat((int) lt.layoutDestroy.invokeExact(ofX)).isZero();
    assertThat(multiply(algorithm, ofX, x, y, WORKSPACE / 2))
        .isEqualTo(cublas.CUBLAS_STATUS_INVALID_VALUE);
  }
}
