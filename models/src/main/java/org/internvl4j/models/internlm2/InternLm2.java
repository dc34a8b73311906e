package org.internvl4j.models.internlm2;

import java.util.stream.IntStream;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.models.nn.Rope;

/// InternLM2 (Cai et al. 2024, `modeling_internlm2.py`): Llama with other names, and `wqkv` grouped
/// by kv head.
public final class InternLm2 {
  private InternLm2() {}

  /// @param w the path of the causal language model, above `model` and `output`
  public static Decoder load(LanguageConfig c, Weights w) {
    Weights embeddings = w.at("model.tok_embeddings");
    return new Decoder(
        c,
        embeddings.table("weight", c.vocabSize(), c.hiddenSize()),
        w.each("model.layers", c.numHiddenLayers(), layer -> block(c, layer)),
        Norm.rms(w.at("model.norm"), c.hiddenSize(), c.rmsNormEps()),
        Decoder.head(c, w.at("output"), embeddings),
        new Rope(c.headDim(), c.ropeTheta(), c.ropeScaling()));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w) {
    return new Decoder.Block(
        Norm.rms(w.at("attention_norm"), c.hiddenSize(), c.rmsNormEps()),
        attention(c, w.at("attention")),
        Norm.rms(w.at("ffn_norm"), c.hiddenSize(), c.rmsNormEps()),
        new GatedMlp(
            Linear.withoutBias(w.at("feed_forward.w1"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("feed_forward.w3"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("feed_forward.w2"), c.hiddenSize(), c.intermediateSize())));
  }

  private static CausalAttention attention(LanguageConfig c, Weights w) {
    int[] order = order(c);
    return new CausalAttention(
        c,
        new Linear(
            w.rows("wqkv.weight", order.length, c.hiddenSize(), order),
            null,
            w.beside("wqkv.weight", order.length, c.hiddenSize(), order)),
        Linear.withoutBias(w.at("wo"), c.hiddenSize(), c.queryWidth()));
  }

  /// Where `wqkv` has all queries, all keys and all values: for each kv head it has the H/K query
  /// heads that read it, then its key, then its value.
  ///
  /// @return the row of `wqkv` for each row of all queries, all keys and all values
  public static int[] order(LanguageConfig c) {
    int d = c.headDim();
    int queries = c.numAttentionHeads() / c.numKeyValueHeads() * d;
    IntStream keys = rows(c, queries + 2 * d, queries, d);
    IntStream values = rows(c, queries + 2 * d, queries + d, d);
    IntStream all = IntStream.concat(rows(c, queries + 2 * d, 0, queries), keys);
    return IntStream.concat(all, values).toArray();
  }

  /// Rows `from … from + count - 1` of what belongs to a kv head, for all of them.
  private static IntStream rows(LanguageConfig c, int group, int from, int count) {
    return IntStream.range(0, c.numKeyValueHeads() * count)
        .map(i -> i / count * group + from + i % count);
  }
}
