package org.internvl4j.models.internvl;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.internlm2.InternLm2;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.phi3.Phi3;
import org.internvl4j.models.qwen2.Qwen2;

/// The three parts of an InternVL: it sees (tower), translates (projector) and speaks (decoder).
public record InternVl(
    InternVlConfig config, InternVit tower, Projector projector, Decoder decoder) {
  /// @param blocks how many blocks of the tower to load
  /// @param w the checkpoint
  public static InternVl load(InternVlConfig c, int blocks, Weights w) {
    return new InternVl(
        c,
        new InternVit(c.vision(), c.forceImageSize(), blocks, w.at("vision_model")),
        new Projector(c, w.at("mlp1")),
        decoder(c.language(), w.at("language_model")));
  }

  private static Decoder decoder(LanguageConfig c, Weights w) {
    return switch (c.architecture()) {
      case "Qwen2ForCausalLM" -> Qwen2.load(c, w);
      case "InternLM2ForCausalLM" -> InternLm2.load(c, w);
      case "LlamaForCausalLM" -> Llama.load(c, w);
      case "Phi3ForCausalLM" -> Phi3.load(c, w);
      default ->
          throw new UnsupportedModelException(
              "config.json: llm_config architecture "
                  + c.architecture()
                  + " is not supported yet; supported are Qwen2ForCausalLM, InternLM2ForCausalLM,"
                  + " LlamaForCausalLM, Phi3ForCausalLM");
    };
  }
}
