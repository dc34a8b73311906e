package org.internvl4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A pass through a network that is recorded once ([Device#record]) and only run again after that:
/// each device records what it computes, activations go over between two. Running it again
/// allocates nothing. What cannot be recorded is computed anew each time, in the same memory.
final class RecordedPass {
  private record Part(Device device, UnaryOperator<Tensor> forward) {}

  private final boolean isRecordable;
  private final List<Part> parts = new ArrayList<>();
  private List<Runnable> pieces = List.of();

  /// @param isRecordable whether each run calls the same kernels with the same numbers
  RecordedPass(boolean isRecordable) {
    this.isRecordable = isRecordable;
  }

  /// Adds what comes next: to what is recorded before it, if that is on the same device.
  @SuppressWarnings("ReferenceEquality") // a device is itself
  void add(Device device, UnaryOperator<Tensor> forward) {
    if (!parts.isEmpty() && parts.getLast().device == device) {
      UnaryOperator<Tensor> before = parts.removeLast().forward;
      parts.add(new Part(device, x -> forward.apply(before.apply(x))));
    } else {
      parts.add(new Part(device, forward));
    }
  }

  boolean isRecorded() {
    return !pieces.isEmpty();
  }

  /// Runs all parts for the first time.
  ///
  /// @param x what goes in, always in the same place
  /// @return what comes out, always in the same place
  /// @throws java.util.concurrent.CancellationException as the workspace says; nothing is recorded
  ///   then
  Tensor record(Tensor x) {
    List<Runnable> recorded = new ArrayList<>();
    Tensor y = x;
    for (Part part : parts) {
      Tensor from = y;
      Tensor in = from.to(part.device);
      if (in != from) {
        recorded.add(() -> in.copyFrom(from));
      }
      y = record(part, in, recorded);
    }
    pieces = recorded;
    return y;
  }

  private Tensor record(Part part, Tensor x, List<Runnable> recorded) {
    Workspace here = x.workspace();
    long start = here.position();
    Tensor[] y = {x};
    Runnable compute =
        () -> {
          here.rewind(start);
          y[0] = part.forward.apply(x);
        };
    if (isRecordable) {
      recorded.add(part.device.record(compute));
    } else {
      compute.run();
      recorded.add(compute);
    }
    return y[0];
  }

  /// Runs all parts again.
  void run() {
    for (int i = 0; i < pieces.size(); i++) {
      pieces.get(i).run();
    }
  }
}
