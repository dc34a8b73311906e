package org.internvl4j.models.contrastive;

import java.util.List;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.models.nn.Rope;
import org.internvl4j.models.nn.Rotation;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// QLLaMA (Chen et al. 2023, section 3.2; `modeling_qllama.py`): a Llama some of whose blocks look
/// at a picture, too.
final class Qllama {
  private final LanguageConfig config;
  private final Tensor embeddings;
  private final List<Block> blocks;
  private final Norm norm;
  private final Linear head;
  private final Rope rope;

  /// @param w the path of QLLaMA
  Qllama(ContrastiveConfig c, Weights w) {
    config = c.qllama();
    embeddings = w.table("model.embed_tokens.weight", config.vocabSize(), config.hiddenSize());
    blocks = w.each("model.layers", config.numHiddenLayers(), layer -> new Block(c, layer));
    norm = Norm.rms(w.at("model.norm"), config.hiddenSize(), config.rmsNormEps());
    head = Linear.withoutBias(w.at("lm_head"), config.vocabSize(), config.hiddenSize());
    rope = new Rope(config.headDim(), config.ropeTheta(), config.ropeScaling());
  }

  /// What the first rows of a pass look at.
  ///
  /// @param queries how many rows look
  /// @param picture `[P, Cv]`, all that the vision tower says
  record View(int queries, Tensor picture) {}

  LanguageConfig config() {
    return config;
  }

  /// @param ids `[R]`, i32
  /// @return `[R, C]`
  Tensor embed(Tensor ids) {
    return ids.gather(embeddings);
  }

  /// @param x `[R, C]`, overwritten
  /// @param view what its first rows look at; null for nothing
  /// @param past gets keys and values, and is looked at; null if only these rows see each other
  /// @return `[R, C]`, after the final norm
  Tensor forward(Tensor x, Sights sights, @Nullable View view, @Nullable Past past) {
    Rotation rotation = rope.rotation(sights.positions(), x.workspace());
    for (int i = 0; i < blocks.size(); i++) {
      int layer = i;
      x = x.through(h -> blocks.get(layer).forward(h, layer, rotation, sights, view, past));
    }
    return norm.forward(x);
  }

  /// @param x `[R, C]`, after the final norm
  /// @return `[R, V]`
  Tensor logits(Tensor x) {
    return head.forward(x);
  }

  /// `x += attention(norm(x)); x += look(x)` for the first rows; `x += mlp(norm(x))`.
  private record Block(
      Norm.Rms norm1,
      SelfAttention attention,
      @Nullable CrossAttention look,
      Norm.Rms norm2,
      GatedMlp mlp) {
    Block(ContrastiveConfig c, Weights w) {
      this(
          rms(c, w.at("input_layernorm")),
          new SelfAttention(c.qllama(), w.at("self_attn")),
          w.has("cross_attn.q_proj.weight") ? new CrossAttention(c, w.at("cross_attn")) : null,
          rms(c, w.at("post_attention_layernorm")),
          Llama.mlp(c.qllama(), w.at("mlp")));
    }

    Tensor forward(
        Tensor x,
        int layer,
        Rotation rotation,
        Sights sights,
        @Nullable View view,
        @Nullable Past past) {
      attention.addTo(x, norm1.forward(x), layer, rotation, sights, past);
      if (look != null && view != null) {
        look.addTo(x.narrow(0, 0, view.queries()), view.picture());
      }
      return mlp.addTo(x, norm2);
    }
  }

  private record SelfAttention(int heads, Linear qkv, Linear out) {
    SelfAttention(LanguageConfig c, Weights w) {
      this(
          c.numAttentionHeads(),
          Linear.joinedWithoutBias(
              w,
              c.hiddenSize(),
              List.of(
                  new Part("q_proj", c.queryWidth()),
                  new Part("k_proj", c.queryWidth()),
                  new Part("v_proj", c.queryWidth()))),
          Linear.withoutBias(w.at("o_proj"), c.hiddenSize(), c.queryWidth()));
    }

    void addTo(
        Tensor x, Tensor h, int layer, Rotation rotation, Sights sights, @Nullable Past past) {
      int rows = x.dim(0);
      Tensor all = qkv.forward(h).view(rows, 3 * heads, qkv.out() / (3 * heads));
      Tensor q = rotation.rotate(all.narrow(1, 0, heads));
      Tensor k = rotation.rotate(all.narrow(1, heads, heads));
      Tensor v = all.narrow(1, 2 * heads, heads);
      Tensor y;
      if (past == null) {
        y = sights.attention(q, k, v);
      } else {
        past.put(layer, k, v);
        y = sights.attention(q, past.keys(layer), past.values(layer));
      }
      out.addTo(x, y.view(rows, heads * y.dim(2)));
    }
  }

  private record CrossAttention(
      int heads, Norm norm1, Norm norm2, Linear q, Linear kv, Linear out) {
    CrossAttention(ContrastiveConfig c, Weights w) {
      this(
          c.qllama().numAttentionHeads(),
          rms(c, w.at("norm1")),
          Norm.rms(w.at("norm2"), c.vision().hiddenSize(), c.qllama().rmsNormEps()),
          Linear.withoutBias(w.at("q_proj"), c.qllama().hiddenSize(), c.qllama().hiddenSize()),
          Linear.joinedWithoutBias(
              w,
              c.vision().hiddenSize(),
              List.of(
                  new Part("k_proj", c.qllama().hiddenSize()),
                  new Part("v_proj", c.qllama().hiddenSize()))),
          Linear.withoutBias(w.at("o_proj"), c.qllama().hiddenSize(), c.qllama().hiddenSize()));
    }

    /// @param x `[Q, C]`, overwritten
    /// @param picture `[P, Cv]`
    void addTo(Tensor x, Tensor picture) {
      int width = x.dim(1) / heads;
      int seen = picture.dim(0);
      Tensor query = q.forward(norm1.forward(x)).view(1, x.dim(0), heads, width);
      Tensor h = kv.forward(norm2.forward(picture)).view(1, seen, 2 * heads, width);
      Tensor keys = h.narrow(2, 0, heads);
      Tensor values = h.narrow(2, heads, heads);
      Tensor y = query.attention(keys, values, Mask.NONE).view(x.dim(0), x.dim(1));
      out.addTo(x, y);
    }
  }

  private static Norm.Rms rms(ContrastiveConfig c, Weights w) {
    return Norm.rms(w, c.qllama().hiddenSize(), c.qllama().rmsNormEps());
  }
}
