package org.internvl4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;

/// Memory of kernels whose blocks each leave a part that the last one to arrive puts together: the
/// parts, and zeroed counters of who has arrived. It grows; what is outgrown stays, since recorded
/// steps name it.
final class Partials implements AutoCloseable {
  private final CudaDevice device;
  private final List<Long> held = new ArrayList<>();
  private long parts;
  private long partBytes;
  private long arrived;
  private long arrivedBytes;

  Partials(CudaDevice device) {
    this.device = device;
  }

  /// Adds both addresses to a launch.
  ///
  /// @param wantedParts bytes
  /// @param counters how many
  CudaKernel addTo(CudaKernel kernel, long wantedParts, long counters) {
    if (wantedParts > partBytes) {
      partBytes = Math.max(wantedParts, 2 * partBytes);
      parts = allocate(partBytes);
    }
    if (4 * counters > arrivedBytes) {
      arrivedBytes = Math.max(4 * counters, 2 * arrivedBytes);
      arrived = allocate(arrivedBytes);
    }
    return kernel.add(parts).add(arrived);
  }

  private long allocate(long bytes) {
    long address = device.allocate(bytes);
    held.add(address);
    return address;
  }

  @Override
  public void close() {
    held.forEach(device::free);
  }
}
