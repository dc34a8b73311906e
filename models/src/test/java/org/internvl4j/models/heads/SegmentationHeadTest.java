package org.internvl4j.models.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
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
import org.junit.jupiter.params.provider.CsvSource;
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
      SegmentationHead head = SegmentationHead.of(depth, WIDTH, -1, false, w);
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

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void uperNetEqualsTheEquationsAndPyTorch(String device) {
    Map3[] levels = new Map3[4];
    Arrays.setAll(levels, i -> Map3.of(HeadFiles.golden("upernet.level" + i)));
    Map3 golden = Map3.of(HeadFiles.golden("upernet.logits"));
    Map3 expected = ReferenceHeads.uperNet(levels, HeadFiles.weights("upernet.pth"));
    assertNear(expected, golden, 1e-6);
    Map3 found = run(device, HeadFiles.file("upernet.pth"), 4, List.of(levels));
    assertNear(found, expected, 2e-5);
  }

  @Test
  void uperNetLooksAtTheEndsOfTheQuartersOfATower() {
    assertThat(UperNetHead.blocks(48)).containsExactly(11, 23, 35, 47);
    assertThat(UperNetHead.blocks(4)).containsExactly(0, 1, 2, 3);
    assertThatThrownBy(() -> UperNetHead.blocks(3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("num_hidden_layers: is 3, expected at least 4 for UperNet");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "backbone.up1.0.weight",
        "backbone.up1.1.bias",
        "backbone.up2.0.bias",
        "decode_head.psp_modules.3.1.bn.running_var",
        "decode_head.bottleneck.conv.weight",
        "decode_head.lateral_convs.1.bn.weight",
        "decode_head.fpn_convs.2.conv.weight",
        "decode_head.conv_seg.bias",
      })
  void namesAMissingOrMisshapenWeightOfUperNet(String name) {
    Map<String, Values> weights = HeadFiles.weights("upernet.pth");
    Values was = weights.remove(name);
    assertRefused(weights, name + ": not in this checkpoint (nearest: ");
    int[] shape = was.shape().clone();
    shape[0]++;
    int size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    weights.put(name, new Values(new float[size], shape));
    assertRefused(weights, "head.safetensors: " + name + " is " + Arrays.toString(shape));
  }

  // ---- parts

  private static Map3 out(Tensor y) {
    return Map3.ofPixels(y.toFloats(), y.dim(0), y.dim(1), y.dim(2));
  }

  @ParameterizedTest
  @CsvSource({"5, 6, 10, 12", "4, 4, 4, 4", "3, 7, 9, 5", "1, 1, 6, 6", "2, 9, 36, 36"})
  void resizesPoolsAndAveragesAsTheEquationsSay(int h, int w, int toH, int toW) {
    Map3 m = random(3, h, w, 31 * h + w);
    double error = Math.max(Math.max(h, w), Math.max(toH, toW)) * 0x1p-22; // of places, in f32
    try (Device d = Devices.open("cpu", 1);
        Workspace steps = new Workspace(d, "step")) {
      Tensor x = put(m, steps);
      assertNear(out(HostMaps.resize(x, toH, toW)), ReferenceHeads.resize(m, toH, toW), error);
      for (int bins : new int[] {1, 2, 3, 6}) {
        Map3 expected = ReferenceHeads.adaptiveMean(m, bins);
        assertNear(out(HostMaps.adaptiveMean(x, bins)), expected, 1e-6);
      }
      if (h > 1 && w > 1) {
        assertThat(out(HostMaps.maxPool(x)).v()).isEqualTo(ReferenceHeads.maxPool(m).v());
      }
      double[] positive = Arrays.stream(m.v()).map(v -> Math.max(0, v)).toArray();
      assertThat(out(HostMaps.relu(x)).v()).isEqualTo(positive);
    }
  }

  /// Lines are convolved a few at a time where a map is large.
  @Test
  void convolvesALargeMapInParts() {
    int in = 3000;
    int out = 2;
    Map<String, Values> w = new TreeMap<>();
    w.put("c.conv.weight", new Values(floats(random(out, in, 9, 1)), out, in, 3, 3));
    for (String name : BatchNorm.NAMES) {
      float[] values = {0.5f, 1.5f};
      w.put("c.bn." + name, new Values(values, out));
    }
    Map3 m = random(in, 40, 30, 2);
    try (Checkpoint file = Checkpoint.ofFile(HeadFiles.write(w, folder.resolve("c.safetensors")));
        Device d = Devices.open("cpu", 2);
        Workspace steps = new Workspace(d, "step");
        Workspace model = new Workspace(d, "model");
        PackedStore store = PackedStore.none(file, d, LoadListener.NONE)) {
      Weights weights = Weights.of(file, SegmentationHead.weights(file), path -> model, store);
      Convolution c = Convolution.of(weights.at("c"), out, in, 3);
      assertNear(out(c.forward(put(m, steps))), ReferenceHeads.module(m, w, "c"), 1e-4);
    }
  }

  private static float[] floats(Map3 m) {
    float[] y = new float[m.v().length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (float) m.v()[i];
    }
    return y;
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
        HeadFiles.weights("probe.pth"),
        "head.safetensors: is no segmentation head: it has neither");
  }
}
