package org.internvl4j.models.nn;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Cosines and sines of consecutive positions of a sequence, in the memory of every device that
/// looks them up: those of position `p` are row `p mod R`.
final class Angles {
  private final Rope rope;
  private final int length;
  private final List<Table> tables; // the same on each device
  private final int rows;
  private final float[] cosines;
  private final float[] sines;
  private final MemorySegment cosineMemory;
  private final MemorySegment sineMemory;
  private final float[] frequencies;
  private int first;
  private int end; // of the positions that are there

  /// On one device, `[R, D/2]`.
  record Table(Tensor cos, Tensor sin) {}

  /// @param length tokens of the whole prompt; decides the regime of scaled positions
  /// @param rows R, how many positions are there at a time
  /// @param workspaces where they go, one a device
  Angles(Rope rope, int length, int rows, List<Workspace> workspaces) {
    int width = rope.width();
    this.rope = rope;
    this.length = length;
    this.rows = rows;
    this.tables =
        workspaces.stream()
            .map(w ->
                new Table(w.allocate(DType.F32, rows, width), w.allocate(DType.F32, rows, width)))
            .toList();
    this.cosines = new float[rows * width];
    this.sines = new float[rows * width];
    this.cosineMemory = MemorySegment.ofArray(cosines);
    this.sineMemory = MemorySegment.ofArray(sines);
    this.frequencies = new float[width];
  }

  /// Makes sure that the angles of `count` positions from `position` on are there; computes R of
  /// them where they are not.
  void require(int position, int count) {
    if (position >= first && position + count <= end) {
      return;
    }
    first = position;
    end = position + rows;
    long regime = 0;
    for (int p = first; p < end; p++) {
      // A position's frequencies are those that it would have if its token came alone.
      int known = Math.max(length, p + 1);
      if (p == first || rope.regime(known) != regime) {
        regime = rope.regime(known);
        rope.frequencies(frequencies, known);
      }
      rope.angles(cosines, sines, p % rows * frequencies.length, p, frequencies);
    }
    for (int i = 0; i < tables.size(); i++) {
      tables.get(i).cos.fromHost(cosineMemory);
      tables.get(i).sin.fromHost(sineMemory);
    }
  }

  @SuppressWarnings("ReferenceEquality") // a device is itself
  Table on(Device device) {
    for (Table table : tables) {
      if (table.cos.device() == device) {
        return table;
      }
    }
    throw new AssertionError("angles: none on " + device.name());
  }
}
