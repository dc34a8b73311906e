package org.internvl4j.testkit;

import org.internvl4j.loader.json.Json;

/// config.json of a published model, as far as it decides shapes.
record FamilyConfig(Family.Model model, Json family) {
  String text() {
    return switch (model.kind()) {
      case "chat" -> chat();
      case "transformers" -> transformers();
      case "llava" -> llava();
      case "contrastive" -> contrastive();
      case "tower" -> vision("\"architectures\": [\"InternVisionModel\"], ");
      default -> throw new IllegalArgumentException(model.kind());
    };
  }

  private String chat() {
    boolean tiles = !model.row().getBoolean("dynamic_off", false);
    return """
    {"architectures": ["InternVLChatModel"], "model_type": "internvl_chat", "template": "%s",
     "downsample_ratio": 0.5, "select_layer": %d, "ps_version": "%s", "force_image_size": 448,
     "dynamic_image_size": %s, "use_thumbnail": %s, "min_dynamic_patch": 1, "max_dynamic_patch": 12,
     "vision_config": %s, "llm_config": %s}
    """
        .formatted(
            model.row().getText("template"),
            model.row().getInt("select_layer", -1),
            model.row().getText("ps_version", "v2"),
            tiles,
            tiles,
            vision(""),
            language("\"architectures\": [\"" + decoder().getText("architecture") + "\"], "));
  }

  private String transformers() {
    Json v = tower();
    String vision =
        """
        {"model_type": "internvl_vision", "hidden_size": %d, "num_hidden_layers": %d,
         "num_attention_heads": %d, "intermediate_size": %d, "image_size": [448, 448],
         "patch_size": [14, 14], "norm_type": "%s", "attention_bias": %s, "use_qk_norm": %s,
         "layer_norm_eps": 1e-06, "use_mean_pooling": true}\
        """
            .formatted(
                Family.count(v, "hidden"),
                Family.count(v, "layers"),
                Family.count(v, "heads"),
                Family.count(v, "mlp"),
                v.getText("norm"),
                v.at("bias"),
                v.at("qk"));
    return """
    {"architectures": ["InternVLForConditionalGeneration"], "model_type": "internvl",
     "image_token_id": 151667, "image_seq_length": 256, "downsample_ratio": 0.5,
     "vision_feature_layer": -1, "vision_feature_select_strategy": "default",
     "vision_config": %s, "text_config": %s}
    """
        .formatted(vision, language("\"model_type\": \"qwen2\", "));
  }

  private String llava() {
    String language = language("\"architectures\": [\"LlavaLlamaForCausalLM\"], ");
    return language.substring(0, language.length() - 1)
        + """
        , "mm_projector_type": "mlp2x_gelu", "mm_vision_select_layer": -4,
        "mm_vision_select_feature": "patch", "image_aspect_ratio": "pad", "mm_hidden_size": 3200,
        "mm_vision_tower": "OpenGVLab/%s"}
        """
            .formatted(model.vision());
  }

  private String contrastive() {
    return """
    {"architectures": ["InternVLModel"], "model_type": "internvl", "clip_embed_dim": 768,
     "attn_pool_num_heads": 16, "num_query_token": 96, "cross_attention_frequency": 2,
     "force_image_size": %d, "vision_config": %s, "qllama_config": %s}
    """
        .formatted(
            model.row().getInt("side", 224), vision(""), language("\"model_type\": \"llama\", "));
  }

  private Json tower() {
    return family.at("vision").at(model.vision());
  }

  private Json decoder() {
    return family.at("language").at(model.language());
  }

  private String vision(String first) {
    Json v = tower();
    return """
    {%s"model_type": "intern_vit_6b", "hidden_size": %d, "num_hidden_layers": %d,
     "num_attention_heads": %d, "intermediate_size": %d, "image_size": %d, "patch_size": 14,
     "norm_type": "%s", "qkv_bias": %s, "qk_normalization": %s, "layer_norm_eps": 1e-06}\
    """
        .formatted(
            first,
            Family.count(v, "hidden"),
            Family.count(v, "layers"),
            Family.count(v, "heads"),
            Family.count(v, "mlp"),
            Family.count(v, "size"),
            v.getText("norm"),
            v.at("bias"),
            v.at("qk"));
  }

  private String language(String first) {
    Json l = decoder();
    StringBuilder text =
        new StringBuilder(
            """
            {%s"hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
             "num_key_value_heads": %d, "intermediate_size": %d, "vocab_size": %d,
             "max_position_embeddings": %d, "rope_theta": %s, "rms_norm_eps": %s,
             "tie_word_embeddings": false\
            """
                .formatted(
                    first,
                    Family.count(l, "hidden"),
                    Family.count(l, "layers"),
                    Family.count(l, "heads"),
                    Family.count(l, "kv_heads"),
                    Family.count(l, "mlp"),
                    Family.count(l, "vocabulary"),
                    Family.count(l, "positions"),
                    l.at("theta"),
                    l.at("eps")));
    if (l.has("head_width")) {
      text.append(", \"head_dim\": ").append(l.at("head_width"));
    }
    if (l.has("dynamic")) {
      text.append(", \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": ")
          .append(l.at("dynamic"))
          .append("}");
    }
    if (l.has("original")) {
      int half = Family.count(l, "hidden") / Family.count(l, "heads") / 2;
      String ones = "[" + "1.0, ".repeat(half - 1) + "1.0]";
      text.append(", \"original_max_position_embeddings\": ")
          .append(l.at("original"))
          .append(", \"rope_scaling\": {\"type\": \"su\", \"short_factor\": ")
          .append(ones)
          .append(", \"long_factor\": ")
          .append(ones)
          .append("}");
    }
    if (l.has("experts")) {
      text.append(", \"num_experts\": ")
          .append(l.at("experts"))
          .append(", \"num_experts_per_tok\": ")
          .append(l.at("per_token"))
          .append(", \"moe_intermediate_size\": ")
          .append(l.at("expert_mlp"))
          .append(", \"norm_topk_prob\": true");
    }
    return text.append('}').toString();
  }
}
