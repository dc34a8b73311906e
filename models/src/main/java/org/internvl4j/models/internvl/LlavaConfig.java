package org.internvl4j.models.internvl;

import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.internvl.InternVlConfig.Layout;
import org.internvl4j.models.nn.ConfigValues;
import org.internvl4j.models.nn.LanguageConfig;

/// config.json of a chat model of version 1.0 (`LlavaLlamaForCausalLM`: InternVL-Chat-13B and
/// -19B), in the words of `InternVLChatModel`. It says little about the vision tower, which its
/// code took from another repository: what is left out is read off the weights.
final class LlavaConfig {
  private static final String ARCHITECTURE = "LlavaLlamaForCausalLM";
  private static final String TOWER = "vision_model.";
  private static final int HEAD_WIDTH = 128; // of InternViT-6B

  private LlavaConfig() {}

  static boolean isOf(Json json) {
    return json.has("architectures") && new ConfigValues(json).architecture().equals(ARCHITECTURE);
  }

  static InternVlConfig of(Checkpoint checkpoint) {
    Json json = checkpoint.config();
    ConfigValues c = new ConfigValues(json);
    c.oneOf("mm_projector_type", "mlp2x_gelu");
    c.oneOf("mm_vision_select_feature", "patch");
    c.require(
        !json.getBoolean("mm_use_im_start_end", false),
        "mm_use_im_start_end",
        "false: pictures without tokens around them");
    boolean pads = c.oneOf("image_aspect_ratio", "pad", "square").equals("pad");
    VisionConfig vision =
        json.has("vision_config")
            ? VisionConfig.of(json.at("vision_config"))
            : tower(LlavaLayout.of(checkpoint));
    int side = side(c, vision);
    int layers = vision.numHiddenLayers();
    int select = json.getInt("mm_vision_select_layer", -4);
    c.require(
        select >= -1 - layers && select <= layers,
        "mm_vision_select_layer",
        "a layer of " + (-1 - layers) + " to " + layers);
    return new InternVlConfig(
        Layout.LLAVA,
        vision,
        LanguageConfig.of(json, "LlamaForCausalLM"),
        side,
        1,
        select,
        "none",
        "vicuna_v1.1",
        false,
        false,
        1,
        1,
        pads,
        Normalization.IMAGENET,
        null);
  }

  /// Side of pictures, which the reference's code decides by the name of the tower's repository.
  private static int side(ConfigValues c, VisionConfig vision) {
    String tower = c.json().getText("mm_vision_tower", "");
    int side = c.count("mm_vision_image_size", tower.contains("448") ? 448 : 336);
    if (side % vision.patchSize() != 0) {
      throw new UnsupportedModelException(
          "config.json: pictures of "
              + side
              + " pixels are no multiple of a patch, "
              + vision.patchSize());
    }
    return side;
  }

  /// What InternViT's weights say about it.
  private static VisionConfig tower(WeightSource source) {
    List<Long> patch = source.info(TOWER + "embeddings.patch_embedding.weight").shape();
    List<Long> positions = source.info(TOWER + "embeddings.position_embedding").shape();
    String block = TOWER + "encoder.layers.0.";
    int hidden = Math.toIntExact(patch.getFirst());
    int patchSize = Math.toIntExact(patch.getLast());
    int grid = (int) Math.round(Math.sqrt(positions.get(1) - 1.0));
    int layers = 0;
    while (source.has(TOWER + "encoder.layers." + layers + ".norm1.weight")) {
      layers++;
    }
    if (hidden % HEAD_WIDTH != 0 || layers == 0) {
      throw new CheckpointException(
          "config.json",
          "does not describe the vision tower, and its weights are not InternViT-6B's; add its"
              + " vision_config");
    }
    return new VisionConfig(
        grid * patchSize,
        patchSize,
        hidden,
        layers,
        hidden / HEAD_WIDTH,
        Math.toIntExact(source.info(block + "mlp.fc1.weight").shape().getFirst()),
        !source.has(block + "norm1.bias"),
        1e-6f,
        source.has(block + "attn.qkv.bias"),
        source.has(block + "attn.q_norm.weight"));
  }
}
