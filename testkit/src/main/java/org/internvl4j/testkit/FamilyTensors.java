package org.internvl4j.testkit;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;

/// The names and shapes of a published model's tensors, written from its architecture and not from
/// the code that reads them.
final class FamilyTensors {
  /// A tensor.
  record Named(String name, int... dims) {}

  private final Family.Model model;
  private final Json family;
  private final List<Named> all = new ArrayList<>();

  FamilyTensors(Family.Model model, Json family) {
    this.model = model;
    this.family = family;
  }

  List<Named> all() {
    if (all.isEmpty()) {
      switch (model.kind()) {
        case "chat" -> {
          tower("vision_model.");
          projector();
          decoder("language_model.model.", "language_model.");
        }
        case "transformers" -> {
          transformersTower("model.vision_tower.");
          transformersProjector();
          decoder("model.language_model.", "");
        }
        case "llava" -> {
          tower("model.vision_tower.vision_tower.");
          linear("model.mm_projector.0", width(), seen(), true);
          linear("model.mm_projector.2", width(), width(), true);
          decoder("model.", "");
        }
        case "contrastive" -> contrastive();
        case "tower" -> tower("");
        default -> throw new IllegalArgumentException(model.kind());
      }
    }
    return all;
  }

  private void add(String name, int... dims) {
    all.add(new Named(name, dims));
  }

  private void linear(String name, int out, int in, boolean bias) {
    add(name + ".weight", out, in);
    if (bias) {
      add(name + ".bias", out);
    }
  }

  private void norm(String name, int width, boolean bias) {
    add(name + ".weight", width);
    if (bias) {
      add(name + ".bias", width);
    }
  }

  private Json v() {
    return family.at("vision").at(model.vision());
  }

  private Json l() {
    return family.at("language").at(model.language());
  }

  private int seen() {
    return Family.count(v(), "hidden");
  }

  private int width() {
    return Family.count(l(), "hidden");
  }

  private int positions() {
    int grid = Family.count(v(), "size") / 14;
    return 1 + grid * grid;
  }

  // ---- the tower

  private void tower(String p) {
    int c = seen();
    int f = Family.count(v(), "mlp");
    boolean layerNorm = v().getText("norm").equals("layer_norm");
    boolean bias = v().getBoolean("bias", false);
    add(p + "embeddings.class_embedding", 1, 1, c);
    add(p + "embeddings.patch_embedding.weight", c, 3, 14, 14);
    add(p + "embeddings.patch_embedding.bias", c);
    add(p + "embeddings.position_embedding", 1, positions(), c);
    for (int i = 0; i < Family.count(v(), "layers"); i++) {
      String b = p + "encoder.layers." + i + ".";
      norm(b + "norm1", c, layerNorm);
      norm(b + "norm2", c, layerNorm);
      linear(b + "attn.qkv", 3 * c, c, bias);
      linear(b + "attn.proj", c, c, true);
      if (v().getBoolean("qk", false)) {
        norm(b + "attn.q_norm", c, false);
        norm(b + "attn.k_norm", c, false);
      }
      linear(b + "mlp.fc1", f, c, true);
      linear(b + "mlp.fc2", c, f, true);
      add(b + "ls1", c);
      add(b + "ls2", c);
    }
  }

  private void transformersTower(String p) {
    int c = seen();
    int f = Family.count(v(), "mlp");
    boolean layerNorm = v().getText("norm").equals("layer_norm");
    boolean bias = v().getBoolean("bias", false);
    add(p + "embeddings.cls_token", 1, 1, c);
    add(p + "embeddings.patch_embeddings.projection.weight", c, 3, 14, 14);
    add(p + "embeddings.patch_embeddings.projection.bias", c);
    add(p + "embeddings.position_embeddings", 1, positions(), c);
    for (int i = 0; i < Family.count(v(), "layers"); i++) {
      String b = p + "encoder.layer." + i + ".";
      norm(b + "layernorm_before", c, layerNorm);
      norm(b + "layernorm_after", c, layerNorm);
      for (String part : List.of("q_proj", "k_proj", "v_proj")) {
        linear(b + "attention." + part, c, c, bias);
      }
      linear(b + "attention.projection_layer", c, c, true);
      if (v().getBoolean("qk", false)) {
        norm(b + "attention.q_norm", c, false);
        norm(b + "attention.k_norm", c, false);
      }
      linear(b + "mlp.fc1", f, c, true);
      linear(b + "mlp.fc2", c, f, true);
      add(b + "lambda_1", c);
      add(b + "lambda_2", c);
    }
  }

  // ---- between

  private void projector() {
    norm("mlp1.0", 4 * seen(), true);
    linear("mlp1.1", width(), 4 * seen(), true);
    linear("mlp1.3", width(), width(), true);
  }

  private void transformersProjector() {
    norm("model.multi_modal_projector.layer_norm", 4 * seen(), true);
    linear("model.multi_modal_projector.linear_1", width(), 4 * seen(), true);
    linear("model.multi_modal_projector.linear_2", width(), width(), true);
  }

  // ---- the decoder

  private void decoder(String p, String head) {
    int vocabulary = Family.count(l(), "vocabulary");
    boolean isInternLm2 = l().getText("architecture").equals("InternLM2ForCausalLM");
    add(p + (isInternLm2 ? "tok_embeddings" : "embed_tokens") + ".weight", vocabulary, width());
    add(head + (isInternLm2 ? "output" : "lm_head") + ".weight", vocabulary, width());
    norm(p + "norm", width(), false);
    for (int i = 0; i < Family.count(l(), "layers"); i++) {
      String b = p + "layers." + i + ".";
      switch (l().getText("architecture")) {
        case "InternLM2ForCausalLM" -> internLm2(b);
        case "Phi3ForCausalLM" -> phi3(b);
        default -> llama(b);
      }
    }
  }

  private int headWidth() {
    return l().getInt("head_width", width() / Family.count(l(), "heads"));
  }

  private int queries() {
    return Family.count(l(), "heads") * headWidth();
  }

  private int keys() {
    return Family.count(l(), "kv_heads") * headWidth();
  }

  private int mlp() {
    return Family.count(l(), "mlp");
  }

  private void internLm2(String b) {
    norm(b + "attention_norm", width(), false);
    norm(b + "ffn_norm", width(), false);
    linear(b + "attention.wqkv", queries() + 2 * keys(), width(), false);
    linear(b + "attention.wo", width(), queries(), false);
    linear(b + "feed_forward.w1", mlp(), width(), false);
    linear(b + "feed_forward.w3", mlp(), width(), false);
    linear(b + "feed_forward.w2", width(), mlp(), false);
  }

  private void phi3(String b) {
    norm(b + "input_layernorm", width(), false);
    norm(b + "post_attention_layernorm", width(), false);
    linear(b + "self_attn.qkv_proj", queries() + 2 * keys(), width(), false);
    linear(b + "self_attn.o_proj", width(), queries(), false);
    linear(b + "mlp.gate_up_proj", 2 * mlp(), width(), false);
    linear(b + "mlp.down_proj", width(), mlp(), false);
  }

  private void llama(String b) {
    String architecture = l().getText("architecture");
    boolean bias = architecture.equals("Qwen2ForCausalLM");
    norm(b + "input_layernorm", width(), false);
    norm(b + "post_attention_layernorm", width(), false);
    linear(b + "self_attn.q_proj", queries(), width(), bias);
    linear(b + "self_attn.k_proj", keys(), width(), bias);
    linear(b + "self_attn.v_proj", keys(), width(), bias);
    linear(b + "self_attn.o_proj", width(), queries(), false);
    if (architecture.startsWith("Qwen3")) {
      norm(b + "self_attn.q_norm", headWidth(), false);
      norm(b + "self_attn.k_norm", headWidth(), false);
    }
    if (!l().has("experts")) {
      gated(b + "mlp.", mlp());
      return;
    }
    linear(b + "mlp.gate", Family.count(l(), "experts"), width(), false);
    for (int e = 0; e < Family.count(l(), "experts"); e++) {
      gated(b + "mlp.experts." + e + ".", Family.count(l(), "expert_mlp"));
    }
  }

  private void gated(String b, int f) {
    linear(b + "gate_proj", f, width(), false);
    linear(b + "up_proj", f, width(), false);
    linear(b + "down_proj", width(), f, false);
  }

  // ---- InternVL-14B

  private void contrastive() {
    tower("vision_model.");
    add("query_tokens", 1, 96, width());
    add("text_projection", width(), 768);
    add("logit_scale");
    linear("itm_head", 2, width(), true);
    pool("clip_projector.", seen());
    pool("clip_projector2.", width());
    decoder("qllama.model.", "qllama.");
    for (int i = 0; i < Family.count(l(), "layers"); i += 2) {
      String b = "qllama.model.layers." + i + ".cross_attn.";
      norm(b + "norm1", width(), false);
      norm(b + "norm2", seen(), false);
      linear(b + "q_proj", width(), width(), false);
      linear(b + "k_proj", width(), seen(), false);
      linear(b + "v_proj", width(), seen(), false);
      linear(b + "o_proj", width(), width(), false);
    }
  }

  private void pool(String p, int c) {
    for (String part : List.of("q", "k", "v")) {
      norm(p + "norm1_" + part, c, true);
      add(p + "cross_attn." + part + ".weight", c, c);
      add(p + "cross_attn." + part + "_bias", c);
    }
    linear(p + "cross_attn.proj", 768, c, true);
  }
}
