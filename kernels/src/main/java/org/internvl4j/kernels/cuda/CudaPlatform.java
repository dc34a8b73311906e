package org.internvl4j.kernels.cuda;

import java.io.UncheckedIOException;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// What this process can say about CUDA: found once, when it is first asked for.
final class CudaPlatform {
  private final @Nullable CudaDriver driver;
  private final @Nullable String unavailable;

  private CudaPlatform(@Nullable CudaDriver driver, @Nullable String unavailable) {
    this.driver = driver;
    this.unavailable = unavailable;
  }

  static CudaPlatform get() {
    return Holder.FOUND;
  }

  private static final class Holder {
    static final CudaPlatform FOUND = find();
  }

  private static CudaPlatform find() {
    if (!CudaPlatform.class.getModule().isNativeAccessEnabled()) {
      return new CudaPlatform(
          null, "native access is not enabled; start java with --enable-native-access=ALL-UNNAMED");
    }
    CudaLibrary library = CudaLibrary.find();
    if (library.lookup() == null) {
      return new CudaPlatform(
          null, library.where() + "; install the NVIDIA driver or use --device cpu");
    }
    try {
      CudaDriver driver = CudaDriver.open(library.lookup(), library.where());
      if (driver.deviceCount() == 0) {
        return new CudaPlatform(null, library.where() + " is there but shows no GPU");
      }
      CudaImages.of(driver, driver.device(0)); // whether there is code for it
      return new CudaPlatform(driver, null);
    } catch (DeviceException | UncheckedIOException e) {
      return new CudaPlatform(null, String.valueOf(e.getMessage()).replaceFirst("^cuda: ", ""));
    }
  }

  /// Why there is no device, in one sentence; null if there is one.
  @Nullable String unavailable() {
    return unavailable;
  }

  /// Whether what was found is the emulator.
  boolean isStandIn() {
    return driver != null && driver.isStandIn();
  }

  /// @throws DeviceException if there is none
  CudaDriver driver() {
    if (driver == null || unavailable != null) {
      throw new DeviceException("cuda: " + unavailable);
    }
    return driver;
  }
}
