package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Fixtures.fixture;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightsTest {
  private static final String FILE = "model.safetensors";

  private final Workspace model = new Workspace(DEVICE, "model tiny");
  private final Checkpoint checkpoint =
      Checkpoint.of(
          "tiny",
          Map.of(
              "config.json",
              "{}".getBytes(UTF_8),
              FILE,
              new SafeTensorsWriter()
                  .add("vit.layers.0.norm.weight", DType.BF16, counting(4), 4)
                  .add("vit.layers.1.norm.weight", DType.BF16, counting(4), 4)
                  .add("vit.layers.1.norm.bias", DType.BF16, counting(4), 4)
                  .add("vit.patch.weight", DType.BF16, counting(24), 2, 3, 2, 2)
                  .add("vit.cls", DType.BF16, counting(4), 1, 1, 4)
                  .add("llm.qkv.weight", DType.BF16, counting(18), 6, 3)
                  .add("llm.embed.weight", counting(10), 5, 2)
                  .add("llm.qweight", new int[] {1, 2}, 1, 2)
                  .toBytes()));
  private final Weights weights = Weights.of(checkpoint, model);

  private static float[] counting(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i;
    }
    return values;
  }

  @AfterEach
  void close() {
    model.close();
    checkpoint.close();
  }

  @Test
  void followsPathsAndRoles() {
    Weights vit = weights.at("vit");
    assertThat(vit.path()).isEqualTo("vit");
    assertThat(vit.at("layers.1").path()).isEqualTo("vit.layers.1");
    assertThat(vit.has("cls")).isTrue();
    assertThat(vit.has("layers")).isFalse();
    assertThat(vit.shape("cls")).containsExactly(1L, 1L, 4L);
    Tensor cls = vit.get("cls", 1, 1, 4);
    assertThat(cls.dtype()).isEqualTo(DType.F32); // a vector, as this device wants it
    assertThat(cls.toFloats()).containsExactly(0, 1, 2, 3);
    Tensor qkv = weights.matrix("llm.qkv.weight", 6, 3);
    assertThat(qkv.dtype()).isEqualTo(DType.BF16); // in place
    assertThat(qkv.narrow(0, 2, 2).toFloats()).containsExactly(6, 7, 8, 9, 10, 11);
    assertThat(weights.table("llm.embed.weight", 5, 2).shape()).isEqualTo(Shape.of(5, 2));
    Tensor patch = vit.filters("patch.weight", 2, 3, 2, 2);
    assertThat(patch.shape()).isEqualTo(Shape.of(2, 12));
    assertThat(patch.toFloats()).isEqualTo(counting(24));
  }

  @Test
  void makesOneOfEachLayer() {
    List<Tensor> norms = weights.each("vit.layers", 2, layer -> layer.at("norm").get("weight", 4));
    assertThat(norms).hasSize(2);
    assertThatThrownBy(() -> norms.add(norms.getFirst()))
        .isInstanceOf(UnsupportedOperationException.class);
    List<Boolean> biased =
        weights.each("vit.layers", 2, layer -> layer.find("norm.bias", 4) != null);
    assertThat(biased).containsExactly(false, true);
    assertThat(weights.each("vit.layers", 0, layer -> 1)).isEmpty();
  }

  @Test
  void cutsFusedMatricesIntoRows() {
    Tensor middle = weights.rows("llm.qkv.weight", 6, 3, 2, 2);
    assertThat(middle.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(middle.toFloats()).containsExactly(6, 7, 8, 9, 10, 11);
    Tensor odd = weights.rows("llm.qkv.weight", 6, 3, new int[] {5, 0, 3});
    assertThat(odd.dtype()).isEqualTo(DType.BF16);
    assertThat(odd.toFloats()).containsExactly(15, 16, 17, 0, 1, 2, 9, 10, 11);
    assertThatThrownBy(() -> weights.rows("llm.qkv.weight", 6, 3, new int[] {0, 6}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights: row 6 is outside llm.qkv.weight [6, 3]");
    model.close();
    assertThatThrownBy(odd::toFloats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: model tiny is closed");
  }

  @Test
  void joinsMatricesThatAreStoredApart() {
    List<Part> parts = List.of(new Part("q", 2), new Part("k", 1), new Part("v", 1));
    byte[] file =
        new SafeTensorsWriter()
            .add("v.weight", DType.BF16, new float[] {9, 10, 11}, 1, 3)
            .add("q.weight", DType.BF16, counting(6), 2, 3)
            .add("k.weight", DType.BF16, new float[] {6, 7, 8}, 1, 3)
            .add("k.scale", DType.F32, new float[] {6, 7, 8}, 1, 3)
            .add("q.scale", DType.BF16, counting(6), 2, 3)
            .add("v.scale", DType.BF16, counting(3), 1, 3)
            .add("q.bias", DType.BF16, new float[] {-1, -2}, 2)
            .add("k.bias", DType.F32, new float[] {-3}, 1)
            .add("v.bias", DType.BF16, new float[] {-4}, 1)
            .toBytes();
    Map<String, byte[]> files = Map.of("config.json", "{}".getBytes(UTF_8), FILE, file);
    try (Checkpoint apart = Checkpoint.of("apart", files)) {
      Weights w = Weights.of(apart, model);
      Tensor joined = w.matrix("weight", 3, parts);
      assertThat(joined.shape()).isEqualTo(Shape.of(4, 3));
      assertThat(joined.dtype()).isEqualTo(DType.BF16);
      assertThat(joined.toFloats()).isEqualTo(counting(12));
      assertThat(w.get("bias", parts).toFloats()).containsExactly(-1, -2, -3, -4);
      assertThat(w.unread()).containsExactlyInAnyOrder("q.scale", "k.scale", "v.scale");
      assertThatThrownBy(() -> w.matrix("scale", 3, parts))
          .isInstanceOf(CheckpointException.class)
          .hasMessage(FILE + ": k.scale is [1, 3] f32, expected bf16 as q.scale");
      assertThatThrownBy(() -> w.matrix("weight", 3, List.of(parts.get(1), new Part("q", 3))))
          .hasMessage(FILE + ": q.weight is [2, 3], expected [3, 3]");
      assertThatThrownBy(() -> w.matrix("weight", 3, List.of(new Part("o", 3))))
          .hasMessageStartingWith("o.weight: not in this checkpoint");
    }
  }

  @Test
  void leavesGatheredRowsToADeviceThatCopiesThem() {
    Device copying = new CopyingDevice(DEVICE);
    try (Workspace copies = new Workspace(copying, "model copied")) {
      Tensor odd = Weights.of(checkpoint, copies).rows("llm.qkv.weight", 6, 3, new int[] {5, 0});
      checkpoint.close();
      assertThat(odd.toFloats()).containsExactly(15, 16, 17, 0, 1, 2);
    }
  }

  /// Keeps every weight in memory of its own, as a device without access to files does.
  private record CopyingDevice(Device device) implements Device {
    @Override
    public String name() {
      return "copying";
    }

    @Override
    public String description() {
      return device.description();
    }

    @Override
    public Kernels kernels() {
      return device.kernels();
    }

    @Override
    public DType activations() {
      return device.activations();
    }

    @Override
    public Memory allocate(long bytes, String owner) {
      return device.allocate(bytes, owner);
    }

    @Override
    public Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
      return model.allocate(weight.dtype(), weight.shape().toArray()).copyFrom(weight);
    }

    @Override
    public @Nullable String packing() {
      return null;
    }

    @Override
    public Runnable record(Runnable step) {
      return device.record(step);
    }

    @Override
    public void synchronize() {
      device.synchronize();
    }

    @Override
    public void close() {}
  }

  @Test
  void multipliesByARowRangeAsByTheWholeMatrix() {
    Tensor x = model.of(new float[] {1, -2, 0.5f}, 1, 3);
    float[] whole = x.matMul(weights.matrix("llm.qkv.weight", 6, 3), null).toFloats();
    for (int from = 0; from < 6; from += 2) {
      Tensor part = weights.rows("llm.qkv.weight", 6, 3, from, 2);
      assertThat(x.matMul(part, null).toFloats()).containsExactly(whole[from], whole[from + 1]);
    }
    float[] reversed =
        x.matMul(weights.rows("llm.qkv.weight", 6, 3, new int[] {5, 4, 3, 2, 1, 0}), null)
            .toFloats();
    IntStream.range(0, 6).forEach(i -> assertThat(reversed[i]).isEqualTo(whole[5 - i]));
  }

  @Test
  void namesTheNearestWeight() {
    assertThatThrownBy(() -> weights.at("vit.layers.0").get("norm.bias", 4))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "vit.layers.0.norm.bias: not in this checkpoint (nearest: vit.layers.1.norm.bias)");
    assertThatThrownBy(() -> weights.shape("vit.clss"))
        .hasMessage("vit.clss: not in this checkpoint (nearest: vit.cls)");
  }

  @Test
  void refusesAnotherShapeEvenByALeadingOne() {
    assertThatThrownBy(() -> weights.get("vit.cls", 4))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("model.safetensors: vit.cls is [1, 1, 4], expected [4]");
    assertThatThrownBy(() -> weights.at("vit.layers").at("0").get("norm.weight", 1, 4))
        .hasMessage("model.safetensors: vit.layers.0.norm.weight is [4], expected [1, 4]");
    assertThatThrownBy(() -> weights.matrix("llm.qkv.weight", 3, 6))
        .hasMessage("model.safetensors: llm.qkv.weight is [6, 3], expected [3, 6]");
    assertThatThrownBy(() -> weights.rows("llm.qkv.weight", 5, 3, 0, 1))
        .hasMessage("model.safetensors: llm.qkv.weight is [6, 3], expected [5, 3]");
  }

  @Test
  void refusesIntegersAsWeights() {
    assertThatThrownBy(() -> weights.matrix("llm.qweight", 1, 2))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "model.safetensors: llm.qweight is [1, 2] i32, expected bf16, f16 or f32; quantised"
                + " weights need a reader of their own");
  }

  @Test
  void namesTheShardOfAWrongShape() {
    try (Checkpoint sharded = Checkpoint.open(fixture("internvl3-1b-hf"))) {
      String name =
          sharded.names().stream()
              .filter(n -> sharded.fileOf(n).equals("model-00002-of-00002.safetensors"))
              .findFirst()
              .orElseThrow();
      assertThatThrownBy(() -> Weights.of(sharded, model).get(name, 7, 7, 7))
          .hasMessage(
              "model-00002-of-00002.safetensors: %s is %s, expected [7, 7, 7]"
                  .formatted(name, sharded.info(name).shape()));
    }
  }

  @Test
  void reportsWhatNobodyAskedFor() {
    weights.get("vit.cls", 1, 1, 4);
    weights.at("llm").matrix("qkv.weight", 6, 3);
    assertThat(weights.has("llm.embed.weight")).isTrue();
    assertThat(weights.find("llm.none", 3)).isNull();
    assertThat(weights.unread())
        .containsExactlyInAnyOrder(
            "vit.layers.0.norm.weight",
            "vit.layers.1.norm.weight",
            "vit.layers.1.norm.bias",
            "vit.patch.weight",
            "llm.embed.weight",
            "llm.qweight");
    try (LogCapture log = new LogCapture()) {
      weights.warnUnread(name -> name.startsWith("vit.layers.1."));
      weights.warnUnread(name -> true);
      assertThat(log.lines())
          .containsExactly(
              "WARNING tiny: 4 of 8 weights are not used: llm.embed.weight, llm.qweight,"
                  + " vit.layers.0.norm.weight, …");
    }
  }
}
