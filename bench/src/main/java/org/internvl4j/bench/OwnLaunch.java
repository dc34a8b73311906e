package org.internvl4j.bench;

import java.util.Arrays;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// This project's launch as a model makes it: a call of `Kernels`, through the Foreign Function and
/// Memory API.
final class OwnLaunch implements LaunchEngine {
  private final Device device = Devices.open("cuda", 0);
  private final Workspace workspace = new Workspace(device, "benchmark");
  private final Tensor y = workspace.of(new float[COLUMNS], COLUMNS);
  private final Tensor a = workspace.of(counted(), COLUMNS);
  private final Tensor b = workspace.of(ones(), COLUMNS);

  private static float[] counted() {
    float[] values = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      values[i] = i;
    }
    return values;
  }

  private static float[] ones() {
    float[] values = new float[COLUMNS];
    Arrays.fill(values, 1);
    return values;
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements LaunchEngine.Provider {
    @Override
    public String name() {
      return "internvl4j";
    }

    @Override
    public LaunchEngine open() {
      return new OwnLaunch();
    }
  }

  @Override
  public String description() {
    return "internvl4j, " + device.description();
  }

  @Override
  public void launch() {
    device.kernels().add(y, a, b);
  }

  @Override
  public void synchronize() {
    device.synchronize();
  }

  @Override
  public float[] result() {
    return y.toFloats();
  }

  @Override
  public void close() {
    workspace.close();
    device.close();
  }
}
