package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Inputs;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A recorded step is the same kernels again, on what memory holds by then.
final class RecordedStepTest {
  private static final List<KernelCase> CASES =
      KernelCases.all().stream().filter(c -> !c.name().contains("in place")).toList();

  static IntStream widestAndNone() {
    return IntStream.of(Lanes.WIDEST, 0);
  }

  @ParameterizedTest
  @MethodSource("widestAndNone")
  void everyKernelComputesItsResultAgain(int bits) {
    try (Device device = Widths.open(bits, 3)) {
      for (KernelCase c : CASES) {
        try (Workspace step = new Workspace(device, "step");
            Workspace model = new Workspace(device, "weights")) {
          Tensor[] y = new Tensor[1];
          Runnable again =
              device.record(
                  () -> y[0] = c.body().run(new Inputs(c.name().hashCode(), step, model)));
          float[] expected = y[0].toFloats();
          if (!c.name().contains("into")) {
            overwrite(y[0]);
          }
          again.run();
          TensorAssert.assertSameBits(c.name(), y[0].toFloats(), expected);
        }
      }
    }
  }

  private static void overwrite(Tensor y) {
    y.segment()
        .asSlice(y.byteOffset(), y.shape().size() * y.dtype().bytes())
        .fill((byte) 0xff); // NaN, or -1
  }

  @ParameterizedTest
  @MethodSource("widestAndNone")
  void readsIdsPlacesAndPastsWhenItRuns(int bits) {
    try (Device device = Widths.open(bits, 2);
        Workspace w = new Workspace(device, "step")) {
      Inputs in = new Inputs(1, w, w);
      Tensor table = in.weight(DType.BF16, Role.TABLE, 50, 32);
      Tensor cache = in.activations(40, 2, 16);
      Tensor ids = w.of(new int[] {3}, 1);
      Tensor at = w.of(new int[] {10}, 1);
      Tensor[] y = new Tensor[1];
      Runnable step =
          () -> {
            Tensor x = ids.gather(table).view(1, 2, 16);
            cache.putRows(x, at);
            y[0] =
                x.view(1, 1, 2, 16)
                    .attention(
                        cache.view(1, 40, 2, 16), cache.view(1, 40, 2, 16), Mask.past(at), 1);
          };
      Runnable again = device.record(step);
      Tensor result = y[0];
      for (int i = 0; i < 30; i++) {
        ids.copyFrom(w.of(new int[] {(7 * i) % 50}, 1));
        at.copyFrom(w.of(new int[] {10 + i}, 1));
        again.run();
        float[] recorded = result.toFloats();
        step.run();
        TensorAssert.assertSameBits("step " + i, recorded, y[0].toFloats());
      }
      at.copyFrom(w.of(new int[] {40}, 1));
      assertThatThrownBy(again::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("putRows: row 40 is outside 0 … 39 for [1, 2, 16] f32");
    }
  }

  @Test
  void runsAllJobsInTheirOrderAndNoOthers() throws InterruptedException {
    try (Pool pool = new Pool(3)) {
      AtomicInteger sum = new AtomicInteger();
      AtomicInteger others = new AtomicInteger();
      CountDownLatch recording = new CountDownLatch(1);
      Thread other =
          Thread.ofPlatform()
              .start(() -> {
                awaitQuietly(recording);
                pool.run(1, share -> others.incrementAndGet());
              });
      Runnable recorded =
          pool.record(() -> {
            pool.run(1, share -> sum.addAndGet(1));
            recording.countDown();
            pool.run(1L << 40, share -> sum.addAndGet(10));
            pool.run(1, share -> sum.set(2 * sum.get()));
          });
      other.join();
      assertThat(sum.get()).isEqualTo(62);
      recorded.run();
      assertThat(sum.get()).isEqualTo(186);
      assertThat(others.get()).isEqualTo(1);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aStepThatFailsLeavesNothingRecorded() {
    try (Pool pool = new Pool(2)) {
      AtomicInteger runs = new AtomicInteger();
      assertThatThrownBy(() ->
              pool.record(() -> {
                pool.run(1, share -> runs.incrementAndGet());
                throw new IllegalArgumentException("no");
              }))
          .hasMessage("no");
      pool.record(() -> pool.run(1, share -> runs.addAndGet(10))).run();
      assertThat(runs.get()).isEqualTo(21);
    }
  }

  @Test
  void refusesToRecordWithinARecording() {
    try (Pool pool = new Pool(1)) {
      assertThatThrownBy(() -> pool.record(() -> pool.record(() -> {})))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("cpu: a step is being recorded already");
    }
  }

  @Test
  void doesNotRunOnAClosedDeviceNorOnClosedMemory() {
    Pool pool = new Pool(2);
    Runnable recorded = pool.record(() -> pool.run(1, share -> {}));
    pool.close();
    assertThatThrownBy(recorded::run)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("cpu: the device is closed");
    try (Device device = Widths.open(Lanes.WIDEST, 2)) {
      Workspace step = new Workspace(device, "step");
      Inputs in = new Inputs(1, step, step);
      Runnable sum = device.record(() -> in.activations(8).add(in.activations(8)));
      step.close();
      assertThatThrownBy(sum::run).isInstanceOf(IllegalStateException.class);
    }
  }
}
