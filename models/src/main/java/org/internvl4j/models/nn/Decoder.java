package org.internvl4j.models.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.internvl4j.loader.Weights;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.KvPool;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A pre-norm decoder: embeddings, blocks, final norm, head. The families differ in names and in
/// how they store weights, which is all their own files say.
///
/// @param embeddings `[V, C]`
/// @param norm after the last block
/// @param head `[V, C]`, no bias
public record Decoder(
    LanguageConfig config,
    Tensor embeddings,
    List<Block> blocks,
    Norm norm,
    Linear head,
    Rope rope) {

  /// `x += attention(norm(x)); x += mlp(norm(x))`.
  public record Block(Norm.Rms norm1, CausalAttention attention, Norm.Rms norm2, Mlp mlp) {
    Tensor forward(Tensor x, int layer, Step step) {
      x = attention.addTo(x, norm1, layer, step);
      return mlp.addTo(x, norm2);
    }

    Device device() {
      return mlp.device();
    }
  }

  /// Blocks `from … to - 1`, which follow each other on one device. The embeddings are where the
  /// first stage is, norm and head where the last one is.
  public record Stage(Device device, int from, int to) {}

  /// All blocks, one stage a device.
  @SuppressWarnings("ReferenceEquality") // a device is itself
  public List<Stage> stages() {
    List<Stage> stages = new ArrayList<>();
    for (int from = 0, to = 1; to <= blocks.size(); to++) {
      Device device = blocks.get(from).device();
      if (to == blocks.size() || blocks.get(to).device() != device) {
        stages.add(new Stage(device, from, to));
        from = to;
      }
    }
    return stages;
  }

  /// Whether a pass may be recorded ([Device#record]): whether what it computes with is always the
  /// same.
  public boolean isRecordable() {
    return blocks.stream().allMatch(block -> block.mlp().isRecordable());
  }

  /// Where ids and embeddings are.
  public Device device() {
    return embeddings.device();
  }

  /// @param ids `[T]`, i32, on [#device]
  /// @return `[T, C]`
  public Tensor embed(Tensor ids) {
    return ids.gather(embeddings);
  }

  /// A pass for new rows of some sequences, to be begun once.
  ///
  /// @param spans the sequences, in the order of their rows
  /// @param workspace where the angles of the positions go
  public Step step(List<Step.Span> spans, Workspace workspace) {
    return step(spans, 1, workspace);
  }

  /// A pass for as many new rows of the same sequences each time, to be begun again and again.
  ///
  /// @param spans the sequences, in the order of their rows
  /// @param workspace where the angles of the positions go
  public Step repeatedStep(List<Step.Span> spans, Workspace workspace) {
    return step(spans, 64, workspace);
  }

  private Step step(List<Step.Span> spans, int times, Workspace workspace) {
    List<Workspace> workspaces =
        stages().stream().map(stage -> workspace.on(stage.device())).toList();
    return new Step(rope, spans, times, workspaces);
  }

  /// Runs all blocks over new rows and writes their keys and values behind those that the caches
  /// hold.
  ///
  /// @param x `[T, C]`, embeddings; overwritten
  /// @param step has begun; advances afterwards
  /// @param tap hears of the residual stream before each block
  /// @return `[T, C]`, after the final norm
  public Tensor forward(Tensor x, Step step, Consumer<Tensor> tap) {
    for (Stage stage : stages()) {
      x = forward(x.to(stage.device()), stage, step, tap);
    }
    return norm.forward(x);
  }

  /// Runs the blocks of one stage and counts the rows as held there.
  ///
  /// @param x `[T, C]`, on the stage's device; overwritten
  /// @return `[T, C]`, before the final norm
  public Tensor forward(Tensor x, Stage stage, Step step, Consumer<Tensor> tap) {
    for (int i = stage.from(); i < stage.to(); i++) {
      tap.accept(x);
      x = forward(x, i, step);
    }
    step.count(stage.from());
    return x;
  }

  private Tensor forward(Tensor x, int layer, Step step) {
    return x.through(h -> blocks.get(layer).forward(h, layer, step));
  }

  /// What [#forward] does up to the final norm, block by block; the last one on a device counts the
  /// rows as held there.
  ///
  /// @param step has begun before the first one; advances after the last one
  public List<Layer> layers(Step step) {
    List<Layer> layers = new ArrayList<>();
    for (Stage stage : stages()) {
      for (int i = stage.from(); i < stage.to(); i++) {
        int layer = i;
        boolean isLast = layer + 1 == stage.to();
        layers.add(
            new Layer(
                stage.device(),
                x -> {
                  Tensor y = forward(x, layer, step);
                  if (isLast) {
                    step.count(layer);
                  }
                  return y;
                }));
      }
    }
    return layers;
  }

  /// @param x `[R, C]`, after the final norm
  /// @return `[R, V]`
  public Tensor logits(Tensor x) {
    return head.forward(x);
  }

  /// An empty cache that fits this decoder; the caller closes it.
  public KvCache newCache(String owner) {
    return new KvCache(
        blocks.stream().map(Block::device).toList(),
        config.numKeyValueHeads(),
        config.headDim(),
        owner);
  }

  /// Pools for the caches of several sequences, one a stage; the caller closes them.
  ///
  /// @param pageTokens tokens of a page
  /// @param pages how many there are in each
  /// @param owner who closes them, for messages
  public List<KvPool> newPools(int pageTokens, int pages, String owner) {
    int kvHeads = config.numKeyValueHeads();
    int width = config.headDim();
    return stages().stream()
        .map(s ->
            new KvPool(s.device(), s.to() - s.from(), kvHeads, width, pageTokens, pages, owner))
        .toList();
  }

  /// Reads a decoder whose outer weights have the names of transformers: `model.embed_tokens`,
  /// `model.layers`, `model.norm`, `lm_head`.
  ///
  /// @param w the path of the causal language model
  /// @param block reads one block
  public static Decoder load(LanguageConfig c, Weights w, Function<Weights, Block> block) {
    Weights embeddings = w.at("model.embed_tokens");
    return new Decoder(
        c,
        embeddings.table("weight", c.vocabSize(), c.hiddenSize()),
        w.each("model.layers", c.numHiddenLayers(), block),
        Norm.rms(w.at("model.norm"), c.hiddenSize(), c.rmsNormEps()),
        head(c, w.at("lm_head"), embeddings),
        new Rope(c.headDim(), c.ropeTheta(), c.ropeScaling()));
  }

  /// The head of its own, or the embeddings where the checkpoint ties them: read as a matrix, where
  /// the head would be, while the table that tokens are looked up in stays in its file.
  public static Linear head(LanguageConfig c, Weights head, Weights embeddings) {
    Weights w = head.has("weight") ? head : embeddings.beside(head);
    return Linear.withoutBias(w, c.vocabSize(), c.hiddenSize());
  }
}
