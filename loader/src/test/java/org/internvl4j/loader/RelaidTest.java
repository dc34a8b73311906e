package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.function.Function;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Tensors under other names, and several as one.
class RelaidTest {
  private static final Device DEVICE = Devices.open("reference", 1);

  private final Workspace model = new Workspace(DEVICE, "model tiny");
  private final Checkpoint checkpoint =
      Checkpoint.of(
          "tiny",
          Map.of(
              "config.json",
              "{}".getBytes(UTF_8),
              "model.safetensors",
              new SafeTensorsWriter()
                  .add("tower.q", DType.BF16, new float[] {0, 1, 2, 3}, 2, 2)
                  .add("tower.k", DType.BF16, new float[] {4, 5}, 1, 2)
                  .add("tower.v", DType.BF16, new float[] {6, 7}, 1, 2)
                  .add("tower.wide", DType.BF16, new float[] {6, 7, 8}, 1, 3)
                  .add("norm", DType.F32, new float[] {9}, 1)
                  .toBytes()));

  @AfterEach
  void close() {
    model.close();
    checkpoint.close();
  }

  private static Place qkv(String name) {
    return switch (name) {
      case "tower.q" -> new Place("vit.qkv", 0);
      case "tower.k" -> new Place("vit.qkv", 1);
      case "tower.v" -> new Place("vit.qkv", 2);
      default -> Place.of(name.replace("tower", "vit"));
    };
  }

  private Weights weights(WeightSource source) {
    return Weights.of(
        checkpoint, source, path -> model, PackedStore.none(checkpoint, DEVICE, LoadListener.NONE));
  }

  @Test
  void findsTensorsUnderTheirOtherNames() {
    WeightSource relaid = Relaid.of(checkpoint, RelaidTest::qkv);
    assertThat(relaid.names()).containsExactlyInAnyOrder("vit.qkv", "vit.wide", "norm");
    assertThat(relaid.has("tower.q")).isFalse();
    assertThat(relaid.stored("vit.qkv")).containsExactly("tower.q", "tower.k", "tower.v");
    assertThat(relaid.info("vit.qkv").bytes()).isEqualTo(16);
    Weights w = weights(relaid);
    assertThat(w.get("norm", 1).toFloats()).containsExactly(9);
    assertThat(w.at("vit").matrix("wide", 1, 3).toFloats()).containsExactly(6, 7, 8);
    assertThat(w.unread()).containsExactly("vit.qkv");
    try (LogCapture log = new LogCapture()) {
      w.warnUnread(name -> false);
      assertThat(log.lines())
          .containsExactly("WARNING tiny: 3 of 5 weights are not used: tower.q, tower.k, tower.v");
    }
  }

  @Test
  void putsPartsBelowEachOther() {
    Weights w = weights(Relaid.of(checkpoint, RelaidTest::qkv));
    Tensor qkv = w.matrix("vit.qkv", 4, 2);
    assertThat(qkv.shape()).isEqualTo(Shape.of(4, 2));
    assertThat(qkv.toFloats()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(w.rows("vit.qkv", 4, 2, 2, 1).toFloats()).containsExactly(4, 5);
    assertThat(w.unread()).containsExactlyInAnyOrder("vit.wide", "norm");
    assertThatThrownBy(() -> w.matrix("vit.qkv", 6, 2))
        .hasMessage("model.safetensors: vit.qkv is [4, 2], expected [6, 2]");
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    assertWrong(name -> new Place("all", name.equals("tower.q") ? 0 : 1), "is the same weight as ");
    assertWrong(
        name -> new Place(name, name.equals("tower.k") ? 2 : 0),
        "tower.k: is a part of tower.k, of which others are missing");
    WeightSource uneven =
        Relaid.of(
            checkpoint,
            name ->
                name.equals("tower.wide")
                    ? new Place("all", 1)
                    : name.equals("tower.q") ? new Place("all", 0) : Place.of(name));
    assertThatThrownBy(() -> uneven.info("all"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("tower.wide: is [1, 3] BF16, expected rows like those of tower.q [2, 2] BF16");
    assertThatThrownBy(() -> uneven.info("vit.qkv"))
        .hasMessageStartingWith("vit.qkv: not in this checkpoint");
  }

  private void assertWrong(Function<String, Place> layout, String message) {
    assertThatThrownBy(() -> Relaid.of(checkpoint, layout))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(message);
  }
}
