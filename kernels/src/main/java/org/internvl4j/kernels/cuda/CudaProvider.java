package org.internvl4j.kernels.cuda;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceProvider;
import org.jspecify.annotations.Nullable;

/// Offers NVIDIA GPUs, from compute capability 8.0 on, through the driver's own library.
///
/// Names no class that needs the driver in its fields: those are first touched when somebody asks.
public final class CudaProvider implements DeviceProvider {
  @Override
  public String name() {
    return "cuda";
  }

  /// `auto` takes a GPU before anything else, but never the stand-in that tests run on.
  @Override
  public int preference() {
    return CudaLibrary.isNamed(CudaLibrary.PROPERTY) && CudaPlatform.get().isStandIn() ? -100 : 100;
  }

  @Override
  public @Nullable String unavailable() {
    return CudaPlatform.get().unavailable();
  }

  @Override
  public int count() {
    return CudaPlatform.get().driver().deviceCount();
  }

  @Override
  public Device open(int threads) {
    return CudaDevice.open(CudaPlatform.get(), 0, name());
  }

  @Override
  public Device open(int threads, int index) {
    return CudaDevice.open(CudaPlatform.get(), index, name() + ":" + index);
  }
}
