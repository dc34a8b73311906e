package org.internvl4j.bench.rivals;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import org.internvl4j.bench.ProductEngine;
import org.internvl4j.bench.ProductShape;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// ONNX Runtime with a model of one `MatMul`, on the processor: native code, f32 throughout, since
/// it has no bf16 product there.
///
/// Its own settings, but for the number of threads. Operands and result stay where they are from
/// call to call, so nothing is copied or allocated.
public final class OnnxProduct implements ProductEngine {
  private static final int ALIGNMENT = 64;

  private final ProductShape shape;
  private final int threads;
  private final String version;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment result;
  private final OrtSession session;
  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;

  private OnnxProduct(ProductShape shape, int threads) throws OrtException {
    this.shape = shape;
    this.threads = threads;
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    this.version = environment.getVersion();
    this.result = arena.allocate(4L * shape.rows() * shape.out(), ALIGNMENT);
    MemorySegment activations = arena.allocate(4L * shape.rows() * shape.in(), ALIGNMENT);
    try (Device reference = Devices.open("reference", 1);
        Workspace workspace = new Workspace(reference, "operands");
        Arena file = Arena.ofConfined();
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      Tensor x = shape.activations(workspace);
      activations.copyFrom(x.segment().asSlice(x.byteOffset(), x.byteSize()));
      MemorySegment model = OnnxModel.matMul(shape, shape.weights(workspace), file);
      this.session = environment.createSession(model.asByteBuffer(), options);
    }
    this.inputs = Map.of("x", tensor(environment, activations, shape.rows(), shape.in()));
    this.outputs = Map.of("y", tensor(environment, result, shape.rows(), shape.out()));
  }

  private static OnnxTensor tensor(OrtEnvironment environment, MemorySegment memory, long... dims)
      throws OrtException {
    return OnnxTensor.createTensor(
        environment, memory.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer(), dims);
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements ProductEngine.Provider {
    @Override
    public String name() {
      return "onnxruntime";
    }

    @Override
    public ProductEngine open(ProductShape shape, DType weights, int threads) {
      if (weights != DType.F32) {
        throw new IllegalArgumentException(
            "onnxruntime: is asked for f32 weights only, not " + weights);
      }
      try {
        return new OnnxProduct(shape, threads);
      } catch (OrtException e) {
        throw new IllegalStateException("onnxruntime: opens no " + shape, e);
      }
    }
  }

  @Override
  public String description() {
    return "ONNX Runtime "
        + version
        + ", MatMul on the CPU, "
        + threads
        + (threads == 1 ? " thread" : " threads")
        + ", weights f32, activations f32";
  }

  @Override
  public long bytes() {
    return shape.floatBytes();
  }

  @Override
  public void run() {
    try {
      session.run(inputs, outputs).close(); // closes no tensor of ours
    } catch (OrtException e) {
      throw new IllegalStateException("onnxruntime: computes no " + shape, e);
    }
  }

  @Override
  public float[] firstRow() {
    float[] row = new float[shape.out()];
    MemorySegment.copy(result, ValueLayout.JAVA_FLOAT, 0, row, 0, row.length);
    return row;
  }

  @Override
  public void close() {
    inputs.values().forEach(OnnxTensor::close);
    outputs.values().forEach(OnnxTensor::close);
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("onnxruntime: does not close", e);
    }
    arena.close();
  }
}
