package org.internvl4j.bench;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.TensorAssert;

/// This project's product, on one of its devices.
final class OwnProduct implements ProductEngine {
  private final Device device;
  private final Workspace workspace;
  private final KernelCall call;
  private final DType weights;
  private int variant;

  OwnProduct(ProductShape shape, DType weights, Device device) {
    this.device = device;
    this.weights = weights;
    this.workspace = new Workspace(device, "benchmark");
    this.call =
        KernelCall.product(
            workspace,
            weights,
            shape.rows(),
            shape.in(),
            shape.out(),
            0,
            (k, y, x, m) -> k.matMul(y, x, m, null));
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements ProductEngine.Provider {
    @Override
    public String name() {
      return "internvl4j";
    }

    @Override
    public ProductEngine open(ProductShape shape, DType weights, int threads) {
      Device device = Devices.open("cpu", threads);
      if (!device.name().equals("cpu")) {
        throw new AssertionError("bench: got the device " + device.name());
      }
      return new OwnProduct(shape, weights, device);
    }
  }

  /// Holds the first row of an engine's result against the reference device's.
  ///
  /// @throws AssertionError if they differ by more than roundings
  static void check(ProductEngine engine, ProductShape shape, DType weights) {
    engine.run();
    try (OwnProduct expected = new OwnProduct(shape, weights, Devices.open("reference", 1))) {
      expected.call.body().run(KernelCall.CHECKED_ROWS, 0); // all of them would take minutes
      TensorAssert.assertClose(
          shape.name() + " of " + engine.description(),
          engine.firstRow(),
          expected.firstRow(),
          expected.call.tolerance());
    }
  }

  @Override
  public String description() {
    return "internvl4j, " + device.description() + ", weights " + weights + ", activations f32";
  }

  @Override
  public long bytes() {
    return call.bytes();
  }

  @Override
  public void run() {
    variant = variant + 1 == call.variants() ? 0 : variant + 1;
    call.run(variant);
  }

  @Override
  public float[] firstRow() {
    return call.result(KernelCall.CHECKED_ROWS);
  }

  @Override
  public void close() {
    workspace.close();
    device.close();
  }
}
