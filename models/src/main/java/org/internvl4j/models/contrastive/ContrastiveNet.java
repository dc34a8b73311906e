package org.internvl4j.models.contrastive;

import java.util.List;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.internvl.InternVit;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// InternVL-14B (Chen et al. 2023, "InternVL: Scaling up Vision Foundation Models", section 3;
/// `modeling_internvl.py`): a tower that sees, a QLLaMA that reads and looks, and what brings both
/// into one space of width E.
public final class ContrastiveNet {
  private final ContrastiveConfig config;
  private final InternVit tower;
  private final AttentionPool poolC; // of what the tower sees
  private final AttentionPool poolG; // of what the queries found in it
  private final Qllama qllama;
  private final Tensor queries; // [Q, C], learnt
  private final Tensor textProjection; // [E, C]
  private final double logitScale;

  /// @param format what the matrices of QLLaMA are kept as
  /// @param w the checkpoint
  public ContrastiveNet(ContrastiveConfig c, WeightFormat format, Weights w) {
    int width = c.qllama().hiddenSize();
    int seen = c.vision().hiddenSize();
    config = c;
    tower =
        new InternVit(
            c.vision(), c.forceImageSize(), c.vision().numHiddenLayers(), w.at("vision_model"));
    poolC = new AttentionPool(c, seen, w.at("clip_projector"));
    poolG = new AttentionPool(c, width, w.at("clip_projector2"));
    qllama = new Qllama(c, w.at("qllama").keeping(format));
    queries = w.get("query_tokens", 1, c.numQueryToken(), width).view(c.numQueryToken(), width);
    textProjection = w.transposed("text_projection", width, c.clipEmbedDim());
    logitScale = Math.exp(w.get("logit_scale").toFloats()[0]);
  }

  public ContrastiveConfig config() {
    return config;
  }

  /// What cosines are multiplied by before a softmax.
  public double logitScale() {
    return logitScale;
  }

  // ---- pictures

  /// @param pixels `[1, 3, S, S]`
  /// @return `[1, 1 + P, Cv]`
  public Tensor see(Tensor pixels) {
    return tower.forward(pixels, tower.blocks(), x -> {});
  }

  /// InternVL-C of a picture.
  ///
  /// @param seen `[1, 1 + P, Cv]`
  /// @return E values, not normalised
  public float[] imageC(Tensor seen) {
    return poolC.forward(seen).toFloats();
  }

  /// InternVL-G of a picture: what the tower sees and what the queries find in it, each normalised,
  /// added up.
  ///
  /// @param seen `[1, 1 + P, Cv]`
  /// @return E values, not normalised
  public float[] imageG(Tensor seen) {
    int q = config.numQueryToken();
    Tensor x = queries(seen.workspace(), q);
    Tensor found = qllama.forward(x, Sights.open(q), view(seen), null);
    float[] g = Vectors.normalised(poolG.forward(found.view(1, q, found.dim(1))).toFloats());
    return Vectors.sum(Vectors.normalised(imageC(seen)), g);
  }

  /// The learnt queries in the first of `rows` rows.
  ///
  /// @return `[rows, C]`, the others undefined
  Tensor queries(Workspace steps, int rows) {
    Tensor x = steps.activations(rows, queries.dim(1));
    x.narrow(0, 0, queries.dim(0)).copyFrom(queries);
    return x;
  }

  /// What queries look at.
  Qllama.View view(Tensor seen) {
    return new Qllama.View(config.numQueryToken(), seen.view(seen.dim(1), seen.dim(2)));
  }

  // ---- texts

  /// Features of texts: what QLLaMA has read when it is at their last token.
  ///
  /// As in the reference, that is the token whose index is the number of tokens that are not 0,
  /// less one: another one if the vocabulary lacks a piece of the text.
  ///
  /// @param texts ids of each, without padding
  /// @return E values of each, not normalised
  public List<float[]> texts(List<int[]> texts, Workspace steps) {
    TextRows rows = TextRows.of(texts);
    Tensor hidden = read(rows, steps);
    int[] last = new int[texts.size()];
    for (int i = 0; i < last.length; i++) {
      int visible = 0;
      for (int id : texts.get(i)) {
        visible += id == 0 ? 0 : 1;
      }
      last[i] = rows.rows().get(i)[visible - 1];
    }
    float[] all =
        steps.of(last, last.length).gather(hidden).matMul(textProjection, null).toFloats();
    return Vectors.split(all, config.clipEmbedDim());
  }

  /// What QLLaMA has read at every token, after its final norm.
  ///
  /// @param ids T of them; padding has id 0
  /// @return `[T, C]`
  public float[] textStates(int[] ids, Workspace steps) {
    TextRows rows = TextRows.of(List.of(ids));
    int[] order = rows.rows().getFirst();
    return steps.of(order, order.length).gather(read(rows, steps)).toFloats();
  }

  private Tensor read(TextRows rows, Workspace steps) {
    Tensor x = qllama.embed(steps.of(rows.ids(), rows.ids().length));
    return qllama.forward(x, rows.sights(), null, null);
  }

  // ---- captions

  /// Continues a prompt about a picture.
  ///
  /// @param name of the model, for messages
  /// @param seen `[1, 1 + P, Cv]`
  /// @param prompt ids
  /// @param end the token that ends a caption; below 0 for none
  /// @return ids of the best caption found
  public int[] caption(
      String name, Tensor seen, int[] prompt, CaptionOptions options, int end, Workspace steps) {
    Captioner captioner =
        new Captioner(this, name, seen, prompt, options.beams(), options.maxNewTokens(), steps);
    BeamSearch.Options search =
        new BeamSearch.Options(
            options.beams(),
            options.minNewTokens(),
            options.maxNewTokens(),
            options.lengthPenalty(),
            end);
    return BeamSearch.search(captioner.first(), captioner, search).ids();
  }

  /// Logits after the queries and each token of a prompt about a picture.
  ///
  /// @param name of the model, for messages
  /// @param seen `[1, 1 + P, Cv]`
  /// @param prompt ids
  /// @return `[Q + T, V]`
  public float[] promptLogits(String name, Tensor seen, int[] prompt, Workspace steps) {
    return new Captioner(this, name, seen, prompt, 1, 1, steps).promptLogits();
  }

  Qllama qllama() {
    return qllama;
  }
}
