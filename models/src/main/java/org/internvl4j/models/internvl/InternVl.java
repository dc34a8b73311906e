package org.internvl4j.models.internvl;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.internlm2.InternLm2;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.phi3.Phi3;
import org.internvl4j.models.qwen2.Qwen2;
import org.internvl4j.models.qwen3.Qwen3;
import org.internvl4j.models.qwen3.Qwen3Moe;

/// The three parts of an InternVL: it sees (tower), translates (projector) and speaks (decoder).
public record InternVl(
    InternVlConfig config, InternVit tower, Projector projector, Decoder decoder) {
  private static final SortedMap<String, BiFunction<LanguageConfig, Weights, Decoder>> DECODERS =
      new TreeMap<>(
          Map.of(
              "InternLM2ForCausalLM", InternLm2::load,
              "InternLM3ForCausalLM", Llama::load,
              "LlamaForCausalLM", Llama::load,
              "Phi3ForCausalLM", Phi3::load,
              "Qwen2ForCausalLM", Qwen2::load,
              "Qwen3ForCausalLM", Qwen3::load,
              "Qwen3MoeForCausalLM", Qwen3Moe::load));

  /// @param blocks how many blocks of the tower to load
  /// @param format what the matrices of the decoder are kept as
  /// @param w the checkpoint
  public static InternVl load(InternVlConfig c, int blocks, WeightFormat format, Weights w) {
    return new InternVl(
        c,
        new InternVit(c.vision(), c.forceImageSize(), blocks, w.at("vision_model")),
        new Projector(c, w.at("mlp1")),
        loader(c.language()).apply(c.language(), w.at("language_model").keeping(format)));
  }

  private static BiFunction<LanguageConfig, Weights, Decoder> loader(LanguageConfig c) {
    BiFunction<LanguageConfig, Weights, Decoder> loader = DECODERS.get(c.architecture());
    if (loader == null) {
      throw new UnsupportedModelException(
          "config.json: llm_config architecture "
              + c.architecture()
              + " is not supported yet; supported are "
              + String.join(", ", DECODERS.keySet()));
    }
    return loader;
  }
}
