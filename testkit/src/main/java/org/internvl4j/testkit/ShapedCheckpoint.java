package org.internvl4j.testkit;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SplittableRandom;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Shape;

/// Checkpoints in the true shapes of published models, with weights of no meaning: for rates,
/// memory and loading.
///
/// Random weights are uniform with the variance `1 / inputs`, so that activations neither die nor
/// explode. Empty ones are holes in the file and cost no disk. The tokenizer is a fixture's.
public final class ShapedCheckpoint {
  /// A published model's decoder; the tower is InternViT-300M in all of them.
  public enum Model {
    /// Qwen2-0.5B.
    INTERNVL2_1B("internvl2-1b", "Hermes-2", "Qwen2ForCausalLM", 24, 896, 14, 2, 4864, 151655),
    /// InternLM2-1.8B.
    INTERNVL2_2B(
        "internvl2-2b", "internlm2-chat", "InternLM2ForCausalLM", 24, 2048, 16, 8, 8192, 92553);

    private final String fixture;
    private final String template;
    private final String architecture;
    private final int layers;
    private final int hidden;
    private final int heads;
    private final int kvHeads;
    private final int mlp;
    private final int vocabulary;

    Model(
        String fixture,
        String template,
        String architecture,
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int mlp,
        int vocabulary) {
      this.fixture = fixture;
      this.template = template;
      this.architecture = architecture;
      this.layers = layers;
      this.hidden = hidden;
      this.heads = heads;
      this.kvHeads = kvHeads;
      this.mlp = mlp;
      this.vocabulary = vocabulary;
    }
  }

  private static final int TOWER_LAYERS = 24;
  private static final int TOWER = 1024;
  private static final int TOWER_MLP = 4096;

  private final Model model;
  private final boolean empty;
  private final SafeTensorsWriter writer = new SafeTensorsWriter();
  private final SplittableRandom random = new SplittableRandom(1);

  private ShapedCheckpoint(Model model, boolean empty) {
    this.model = model;
    this.empty = empty;
  }

  /// Writes a checkpoint with random weights: 1.9 GB for the 1B, 4.4 GB for the 2B.
  ///
  /// @return `folder`
  public static Path random(Model model, Path folder) throws IOException {
    return new ShapedCheckpoint(model, false).write(folder);
  }

  /// Writes a checkpoint whose weights are zeros that take no space.
  ///
  /// @return `folder`
  public static Path empty(Model model, Path folder) throws IOException {
    return new ShapedCheckpoint(model, true).write(folder);
  }

  private Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (String file :
        List.of(
            "added_tokens.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "vocab.json",
            "merges.txt",
            "tokenizer.model")) {
      Path from = Fixtures.folder(model.fixture).resolve(file);
      if (Files.exists(from)) {
        Files.copy(from, folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.writeString(folder.resolve("config.json"), config());
    tower();
    projector();
    if (model == Model.INTERNVL2_1B) {
      qwen2();
    } else {
      internLm2();
    }
    writer.write(folder.resolve("model.safetensors"));
    return folder;
  }

  private String config() {
    return """
    {"architectures": ["InternVLChatModel"], "model_type": "internvl_chat", "template": "%s",
     "downsample_ratio": 0.5, "select_layer": -1, "ps_version": "v2", "force_image_size": 448,
     "dynamic_image_size": true, "use_thumbnail": true, "min_dynamic_patch": 1, "max_dynamic_patch": 12,
     "torch_dtype": "bfloat16",
     "vision_config": {"image_size": 448, "patch_size": 14, "hidden_size": %d, "num_hidden_layers": %d,
       "num_attention_heads": 16, "intermediate_size": %d, "norm_type": "layer_norm", "qkv_bias": true,
       "qk_normalization": false, "layer_norm_eps": 1e-06},
     "llm_config": {"architectures": ["%s"], "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d,
       "num_attention_heads": %d, "num_key_value_heads": %d, "intermediate_size": %d,
       "max_position_embeddings": 32768, "rope_theta": 1000000.0, "rms_norm_eps": 1e-06,
       "tie_word_embeddings": false}}
    """
        .formatted(
            model.template,
            TOWER,
            TOWER_LAYERS,
            TOWER_MLP,
            model.architecture,
            model.vocabulary,
            model.hidden,
            model.layers,
            model.heads,
            model.kvHeads,
            model.mlp);
  }

  private void tower() {
    String v = "vision_model.embeddings.";
    matrix(v + "patch_embedding.weight", TOWER, 3, 14, 14);
    constant(v + "patch_embedding.bias", 0, TOWER);
    constant(v + "class_embedding", 0.02f, 1, 1, TOWER);
    matrix(v + "position_embedding", 1, 1025, TOWER);
    for (int i = 0; i < TOWER_LAYERS; i++) {
      String p = "vision_model.encoder.layers." + i + ".";
      for (String norm : List.of("norm1", "norm2")) {
        constant(p + norm + ".weight", 1, TOWER);
        constant(p + norm + ".bias", 0, TOWER);
      }
      constant(p + "ls1", 0.1f, TOWER);
      constant(p + "ls2", 0.1f, TOWER);
      linear(p + "attn.qkv", 3 * TOWER, TOWER);
      linear(p + "attn.proj", TOWER, TOWER);
      linear(p + "mlp.fc1", TOWER_MLP, TOWER);
      linear(p + "mlp.fc2", TOWER, TOWER_MLP);
    }
  }

  private void projector() {
    constant("mlp1.0.weight", 1, 4 * TOWER);
    constant("mlp1.0.bias", 0, 4 * TOWER);
    linear("mlp1.1", model.hidden, 4 * TOWER);
    linear("mlp1.3", model.hidden, model.hidden);
  }

  private void qwen2() {
    String l = "language_model.model.";
    int kv = model.hidden / model.heads * model.kvHeads;
    matrix(l + "embed_tokens.weight", model.vocabulary, model.hidden);
    matrix("language_model.lm_head.weight", model.vocabulary, model.hidden);
    constant(l + "norm.weight", 1, model.hidden);
    for (int i = 0; i < model.layers; i++) {
      String p = l + "layers." + i + ".";
      constant(p + "input_layernorm.weight", 1, model.hidden);
      constant(p + "post_attention_layernorm.weight", 1, model.hidden);
      linear(p + "self_attn.q_proj", model.hidden, model.hidden);
      linear(p + "self_attn.k_proj", kv, model.hidden);
      linear(p + "self_attn.v_proj", kv, model.hidden);
      matrix(p + "self_attn.o_proj.weight", model.hidden, model.hidden);
      matrix(p + "mlp.gate_proj.weight", model.mlp, model.hidden);
      matrix(p + "mlp.up_proj.weight", model.mlp, model.hidden);
      matrix(p + "mlp.down_proj.weight", model.hidden, model.mlp);
    }
  }

  private void internLm2() {
    String l = "language_model.model.";
    int head = model.hidden / model.heads;
    matrix(l + "tok_embeddings.weight", model.vocabulary, model.hidden);
    matrix("language_model.output.weight", model.vocabulary, model.hidden);
    constant(l + "norm.weight", 1, model.hidden);
    for (int i = 0; i < model.layers; i++) {
      String p = l + "layers." + i + ".";
      constant(p + "attention_norm.weight", 1, model.hidden);
      constant(p + "ffn_norm.weight", 1, model.hidden);
      matrix(p + "attention.wqkv.weight", (model.heads + 2 * model.kvHeads) * head, model.hidden);
      matrix(p + "attention.wo.weight", model.hidden, model.hidden);
      matrix(p + "feed_forward.w1.weight", model.mlp, model.hidden);
      matrix(p + "feed_forward.w3.weight", model.mlp, model.hidden);
      matrix(p + "feed_forward.w2.weight", model.hidden, model.mlp);
    }
  }

  private void linear(String name, int out, int in) {
    matrix(name + ".weight", out, in);
    constant(name + ".bias", 0, out);
  }

  private void matrix(String name, int... dims) {
    if (empty) {
      writer.zeros(name, DType.BF16, dims);
      return;
    }
    Shape shape = Shape.of(dims);
    float reach =
        (float) Math.sqrt(3.0 * dims[0] / shape.size()); // uniform in ±reach: variance 1 / inputs
    writer.add(name, DType.BF16, shape, () -> uniform(shape.size(), reach));
  }

  private MemorySegment uniform(long size, float reach) {
    short[] values = new short[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i += 2) { // two values a draw
      long bits = random.nextLong();
      values[i] = Elements.floatToBf16((int) bits * 0x1p-31f * reach);
      if (i + 1 < values.length) {
        values[i + 1] = Elements.floatToBf16((int) (bits >> 32) * 0x1p-31f * reach);
      }
    }
    return MemorySegment.ofArray(values);
  }

  private void constant(String name, float value, int... dims) {
    Shape shape = Shape.of(dims);
    short[] values = new short[Math.toIntExact(shape.size())];
    java.util.Arrays.fill(values, Elements.floatToBf16(value));
    writer.add(name, DType.BF16, shape, () -> MemorySegment.ofArray(values));
  }
}
