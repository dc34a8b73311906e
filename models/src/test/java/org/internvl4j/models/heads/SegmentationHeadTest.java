package org.internvl4j.models.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.heads.HeadFiles.Values;
import org.internvl4j.models.heads.ReferenceHeads.Map3;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Segmentation heads and their parts against plain loops in double, and those against PyTorch.
class SegmentationHeadTest {
  private static final int WIDTH = 80;

  @TempDir Path folder;

  /// What a head makes of maps.
  private static Map3 run(String device, Path file, int depth, List<Map3> levels) {
    try (Checkpoint checkpoint = Checkpoint.ofFile(file);
        Device d = Devices.open(device, 1);
        Workspace model = new Workspace(d, "model");
        PackedStore store = PackedStore.none(checkpoint, d, LoadListener.NONE);
        Workspace steps = new Workspace(d, "step")) {
      Weights w =
          Weights.of(checkpoint, SegmentationHead.weights(checkpoint), path -> model, store);
      SegmentationHead head = SegmentationHead.of(depth, WIDTH, false, w);
      assertThat(head.blocks()).hasSameSizeAs(levels);
      Tensor y = head.forward(levels.stream().map(m -> put(m, steps)).toList());
      assertThat(w.unread().stream().filter(n -> !n.endsWith("num_batches_tracked")))
          .allMatch(n -> n.startsWith("auxiliary_head."));
      assertThat(y.dim(2)).isEqualTo(head.classes());
      return Map3.ofPixels(y.toFloats(), y.dim(0), y.dim(1), y.dim(2));
    }
  }

  private static Tensor put(Map3 m, Workspace to) {
    float[] pixels = new float[m.v().length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) m.v()[i % m.c() * m.h() * m.w() + i / m.c()];
    }
    return to.activations(m.h(), m.w(), m.c()).copyFrom(to.of(pixels, m.h(), m.w(), m.c()));
  }

  private static Map3 random(int c, int h, int w, long seed) {
    Random random = new Random(seed);
    Map3 m = new Map3(c, h, w);
    for (int i = 0; i < m.v().length; i++) {
      m.v()[i] = (float) random.nextGaussian();
    }
    return m;
  }

  private static void assertNear(Map3 found, Map3 expected, double tolerance) {
    assertThat(List.of(found.c(), found.h(), found.w()))
        .isEqualTo(List.of(expected.c(), expected.h(), expected.w()));
    double square = 0;
    for (double v : expected.v()) {
      square += v * v / expected.v().length;
    }
    for (int i = 0; i < found.v().length; i++) {
      double error = Math.abs(found.v()[i] - expected.v()[i]) / Math.sqrt(square);
      assertThat(error).as("at %d", i).isLessThan(tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void theLinearHeadEqualsTheEquationsAndPyTorch(String device) {
    Map3 level = Map3.of(HeadFiles.golden("linear.level"));
    Map3 golden = Map3.of(HeadFiles.golden("linear.logits"));
    Map3 expected = ReferenceHeads.linear(level, HeadFiles.weights("linear.pth"));
    assertNear(expected, golden, 1e-6);
    assertNear(run(device, HeadFiles.file("linear.pth"), 48, List.of(level)), expected, 1e-5);
  }

  @Test
  void aLinearHeadLooksAtTheBlockThatItWasTrainedOn() {
    assertThat(LinearHead.block(48, false)).isEqualTo(44);
    assertThat(LinearHead.block(48, true)).isEqualTo(47);
    assertThat(LinearHead.block(3, false)).isEqualTo(2);
    assertThat(LinearHead.block(1, false)).isZero();
  }

  /// One of few digits: what the mean adds up to must not cost those of what differs.
  @Test
  void theMeanIsTakenOffBeforeTheProduct() {
    Map<String, Values> w = HeadFiles.weights("linear.pth");
    Map3 level = random(WIDTH, 2, 2, 1);
    for (int i = 0; i < WIDTH; i++) {
      w.get("decode_head.norm.running_mean").values()[i] = 3e6f;
      for (int p = 0; p < 4; p++) {
        level.v()[4 * i + p] = 3e6 + Math.rint(level.v()[4 * i + p]);
      }
    }
    Path file = HeadFiles.write(w, folder.resolve("far.safetensors"));
    assertNear(run("cpu", file, 48, List.of(level)), ReferenceHeads.linear(level, w), 1e-5);
  }

  private void assertRefused(Map<String, Values> weights, String message) {
    Path file = HeadFiles.write(weights, folder.resolve("head.safetensors"));
    assertThatThrownBy(() -> run("cpu", file, 48, List.of()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "norm.weight",
        "norm.bias",
        "norm.running_mean",
        "norm.running_var",
        "conv_seg.bias"
      })
  void namesAMissingWeightOfALinearHead(String name) {
    Map<String, Values> weights = HeadFiles.weights("linear.pth");
    weights.remove("decode_head." + name);
    assertRefused(weights, "decode_head." + name + ": not in this checkpoint (nearest: ");
  }

  @Test
  void namesAWeightOfALinearHeadThatHasAnotherShape() {
    Map<String, Values> weights = HeadFiles.weights("linear.pth");
    Values norm = weights.put("decode_head.norm.bias", new Values(new float[79], 79));
    assertRefused(weights, "head.safetensors: decode_head.norm.bias is [79], expected [80]");
    weights.put("decode_head.norm.bias", norm);
    weights.put("decode_head.conv_seg.bias", new Values(new float[6], 6));
    assertRefused(weights, "head.safetensors: decode_head.conv_seg.bias is [6], expected [5]");
    weights.put("decode_head.conv_seg.weight", new Values(new float[5 * 81], 5, 81, 1, 1));
    assertRefused(
        weights,
        "head.safetensors: decode_head.conv_seg.weight is [5, 81, 1, 1], expected [5, 80, 1, 1]");
  }

  @Test
  void saysWhatIsNoSegmentationHead() {
    assertRefused(
        HeadFiles.weights("probe.pth"), "head.safetensors: is no segmentation head: it has no");
  }
}
