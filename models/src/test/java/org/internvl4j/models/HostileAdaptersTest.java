package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.RawTensors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Adapters that are wrong, of another kind, or of another model, and what is said of each.
class HostileAdaptersTest {
  private static final String MODULE = "language_model.model.layers.0.attention.wo";
  private static final String A = "base_model.model." + MODULE + ".lora_A.weight";
  private static final String B = "base_model.model." + MODULE + ".lora_B.weight";

  @TempDir private Path temp;
  private Path adapter;

  @BeforeEach
  void write() throws IOException {
    adapter = right().write(temp.resolve("style"), 8, "");
  }

  /// `wo` of the fixture is `[64, 64]`.
  private static LoraFiles right() {
    LoraFiles lora = new LoraFiles(4, 1);
    lora.module(MODULE, DequantisedTest.gaussian(64, 64, 1), 2);
    return lora;
  }

  private static void open(Path adapter) {
    open(adapter, 1);
  }

  private static void open(Path adapter, double weight) {
    OpenOptions options = OpenOptions.DEFAULT.withDevice("plain").withThreads(1).withoutCache();
    VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-2b")), options.withAdapter(adapter, weight))
        .close();
  }

  @Test
  void theRightOneIsOpened() {
    open(adapter);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"use_dora\": true; use_dora true is not supported, supported is plain LoRA",
        "\"fan_in_fan_out\": true; fan_in_fan_out true is not supported, supported is plain LoRA",
        "\"lora_bias\": true; lora_bias true is not supported, supported is plain LoRA",
        "\"target_parameters\": [\"experts\"]; target_parameters is not supported, supported is plain LoRA of modules",
        "\"trainable_token_indices\": [1, 2]; trainable_token_indices is not supported",
        "\"layer_replication\": [[0, 4], [2, 5]]; layer_replication is not supported",
        "\"init_lora_weights\": \"pissa_niter_16\"; init_lora_weights pissa_niter_16, which also changed the model's own weights, is not supported, supported is an adapter that was converted to plain LoRA when it was saved",
        "\"init_lora_weights\": \"olora\"; init_lora_weights olora, which also",
        "\"rank_pattern\": {\"layers\\\\.\\\\d+\": 4}; rank_pattern with the expression layers\\.\\d+ is not supported, supported is names of modules",
      })
  void refusesOtherKinds(String field, String message) throws IOException {
    right().write(temp.resolve("style"), 8, ", " + field);
    assertThatThrownBy(() -> open(adapter))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageStartingWith(
            "style/adapter_config.json: " + message.replace("supported, ", "supported; "));
  }

  private void config(UnaryOperator<String> change) throws IOException {
    Path file = adapter.resolve("adapter_config.json");
    String before = Files.readString(file);
    assertThat(change.apply(before)).isNotEqualTo(before);
    Files.writeString(file, change.apply(before));
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"LORA\"; \"IA3\"; style/adapter_config.json: peft_type IA3 is not supported; UnsupportedModelException",
        "\"none\"; \"lora_only\"; style/adapter_config.json: bias lora_only is not supported; UnsupportedModelException",
        "\"r\": 4; \"r\": 0; style/adapter_config.json: r is 0, expected a rank of 1 to 4096; CheckpointException",
        "\"r\": 4; \"r\": 5000000000; style/adapter_config.json: r is 5000000000, expected a rank; CheckpointException",
        "\"r\": 4; \"x\": 4; style/adapter_config.json: r is missing; CheckpointException",
        "\"r\": 4; \"r\": 8; style/adapter_model.safetensors: base_model.model.language_model.model.layers.0.attention.wo.lora_A.weight is [4, 64] F32, expected 8 rows, the rank in adapter_config.json; CheckpointException",
        "\"lora_alpha\": 8.0; \"lora_alpha\": \"much\"; style/adapter_config.json: lora_alpha is \"much\", expected a number; CheckpointException",
        "\"lora_alpha\": 8.0; \"lora_alpha\": 1e999; style/adapter_config.json: lora_alpha is 1e999, expected a number; CheckpointException",
        "\"r\": 4; \"r\": 4, \"r\": 4; style/adapter_config.json: line 1; CheckpointException",
        "\"r\": 4; \"r\": 4, \"alpha_pattern\": 3; style/adapter_config.json: alpha_pattern is 3, expected an object; CheckpointException",
      })
  void namesAWrongValue(String place, String value, String message, String type)
      throws IOException {
    config(text -> text.replace(place, value));
    assertThatThrownBy(() -> open(adapter))
        .hasMessageStartingWith(message)
        .satisfies(e -> assertThat(e.getClass().getSimpleName()).isEqualTo(type));
  }

  interface Change {
    void to(RawTensors tensors);
  }

  private static Arguments row(Change change, String message) {
    return Arguments.of(change, message);
  }

  static Stream<Arguments> tensors() {
    String file = "style/adapter_model.safetensors: ";
    float[] few = new float[4 * 64];
    return Stream.of(
        row(t -> t.remove(B), file + A + " has no " + B + " beside it"),
        row(t -> t.remove(A), file + B + " has no lora_A beside it"),
        row(t -> t.remove(A).remove(B), "style/adapter_model.safetensors: has no tensors"),
        row(
            t -> t.floats(A, new float[4 * 32], 4, 32),
            file
                + A
                + " is [4, 32] F32, expected rows like those of "
                + MODULE
                + ".weight [64, 64]; it is made for another model"),
        row(
            t -> t.floats(B, new float[32 * 4], 32, 4),
            file
                + B
                + " is [32, 4] F32, expected [64, 4] for "
                + MODULE
                + ".weight [64, 64]; it is made for another model"),
        row(
            t -> t.floats(B, new float[64 * 2], 64, 2),
            file + B + " is [64, 2] F32, expected [64, 4] for"),
        row(
            t -> t.floats(A, few, 4, 8, 8),
            file + A + " is [4, 8, 8] F32, expected two dimensions of F32, F16 or BF16"),
        row(
            t -> t.add(A, "I8", new byte[256], 4, 64),
            file + A + " is [4, 64] I8, expected two dimensions of F32, F16 or BF16"),
        row(
            t -> t.add(A, "F8_E4M3", new byte[256], 4, 64),
            file + A + " is [4, 64] F8_E4M3, expected two dimensions"),
        row(
            t ->
                t.floats(A.replace(".0.", ".7."), few, 4, 64)
                    .floats(B.replace(".0.", ".7."), few, 64, 4),
            "style: "
                + MODULE.replace(".0.", ".7.")
                + " changes "
                + MODULE.replace(".0.", ".7.")
                + ".weight, which this model does not have; the adapter is made for another one"),
        row(
            t -> t.floats(A.replace("lora_A", "lora_magnitude_vector"), few, 256),
            file + A.replace("lora_A", "lora_magnitude_vector") + " belongs to DoRA, which"),
        row(
            t -> t.floats("base_model.model.x.lora_embedding_A", few, 4, 64),
            file + "base_model.model.x.lora_embedding_A belongs to a change of embeddings, which"),
        row(
            t -> t.floats(B.replace(".weight", ".bias"), few, 256),
            file + B.replace(".weight", ".bias") + " belongs to a bias, which is not supported"),
        row(
            t -> t.floats(A.replace(".weight", ".second.weight"), few, 4, 64),
            MODULE + ".lora_A.second.weight: is of an adapter named second; supported is default"),
        row(
            t -> t.floats("base_model.model.mlp1.9.weight", few, 256),
            "style: mlp1.9.weight replaces mlp1.9.weight, which this model does not have"),
        row(
            t -> t.floats("base_model.model.mlp1.0.weight", few, 256),
            file
                + "base_model.model.mlp1.0.weight is [256] F32, expected [192] floats, as the"
                + " model's; it is made for another model"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("tensors")
  void saysWhatIsWrongWithATensor(Change change, String message) throws IOException {
    LoraFiles lora = right();
    change.to(lora.tensors());
    lora.write(temp.resolve("style"), 8, "");
    assertThatThrownBy(() -> open(adapter))
        .isInstanceOfAny(CheckpointException.class, UnsupportedModelException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void filesThatAreMissingOrCutOffAreNamed() throws IOException {
    Path tensors = adapter.resolve("adapter_model.safetensors");
    Files.write(tensors, Arrays.copyOf(Files.readAllBytes(tensors), 900));
    assertThatThrownBy(() -> open(adapter))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("style/adapter_model.safetensors: ")
        .hasMessageContaining("cut off");
    Files.delete(tensors);
    assertThatThrownBy(() -> open(adapter))
        .hasMessage("style/adapter_model.safetensors: not found");
    Files.writeString(adapter.resolve("adapter_model.bin"), "pickle");
    assertThatThrownBy(() -> open(adapter))
        .hasMessage(
            "style: has its tensors only as a PyTorch pickle, adapter_model.bin; save the adapter"
                + " again with safe_serialization=True");
    Files.delete(adapter.resolve("adapter_config.json"));
    assertThatThrownBy(() -> open(adapter)).hasMessage("style/adapter_config.json: not found");
    Path nowhere = temp.resolve("nowhere");
    assertThatThrownBy(() -> open(nowhere)).hasMessage(nowhere + ": no such folder");
  }

  @Test
  void weightsAreNumbersAndOneOfThemReplaces() throws IOException {
    assertThatThrownBy(() -> open(adapter, Double.NaN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("style is NaN, expected a finite number");
    LoraFiles lora = right();
    lora.tensors().floats("base_model.model.mlp1.0.weight", new float[192], 192);
    lora.write(temp.resolve("style"), 8, "");
    open(adapter);
    assertThatThrownBy(() -> open(adapter, 0.5))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("style: replaces mlp1.0.weight, so its weight must be 1, not 0.5");
    OpenOptions twice = OpenOptions.DEFAULT.withAdapter(adapter).withAdapter(adapter);
    assertThatThrownBy(
            () -> VisionLanguageModel.open(Checkpoint.open(Fixtures.folder("internvl2-2b")), twice))
        .hasMessage("style: replaces mlp1.0.weight, which another adapter replaces, too");
  }

  @Test
  void anUnmergedCheckpointOfAnotherKindIsRefused() throws IOException {
    String wo = "language_model.base_model.model.model.layers.0.attention.wo.";
    for (String[] more :
        new String[][] {
          {wo + "lora_A.default.weight", "has no "},
          {wo + "lora_magnitude_vector.default.weight", "belongs to DoRA, which"},
          {wo + "lora_A.vision.weight", "is of an adapter named vision; supported is default"},
        }) {
      RawTensors tensors = new RawTensors().floats(more[0], new float[256], 4, 64);
      Path folder =
          LoraFiles.model(
              "internvl2-2b",
              temp.resolve("model" + more[1].length()),
              QuantisedModel.BLOCKS,
              name -> name.replaceFirst("^language_model\\.", "language_model.base_model.model."),
              (name, w) -> w,
              tensors);
      assertThatThrownBy(() -> VisionLanguageModel.open(folder))
          .isInstanceOfAny(CheckpointException.class, UnsupportedModelException.class)
          .hasMessageContaining(more[1]);
    }
  }

  @Test
  void anUnmergedCheckpointHasNoGiantRank() throws IOException {
    String wo = "language_model.base_model.model.model.layers.0.attention.wo.";
    RawTensors tensors =
        new RawTensors()
            .floats(wo + "lora_A.default.weight", new float[5000 * 64], 5000, 64)
            .floats(wo + "lora_B.default.weight", new float[64 * 5000], 64, 5000);
    Path folder =
        LoraFiles.model(
            "internvl2-2b",
            temp.resolve("model"),
            QuantisedModel.BLOCKS,
            name -> name.replaceFirst("^language_model\\.", "language_model.base_model.model."),
            (name, w) -> w,
            tensors);
    assertThatThrownBy(() -> VisionLanguageModel.open(folder))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "model.safetensors: "
                + wo
                + "lora_A.default.weight is [5000, 64] F32, expected a rank of at most 4096");
  }
}
