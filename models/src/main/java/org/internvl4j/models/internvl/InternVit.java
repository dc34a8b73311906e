package org.internvl4j.models.internvl;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Layer;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// InternViT, the vision tower (Chen et al. 2023, section 3.1; `modeling_intern_vit.py`).
public final class InternVit {
  private final Embeddings embeddings;
  private final List<Block> blocks;

  /// @param side of a tile in pixels; where the position table was made for another, it is
  ///   interpolated
  /// @param blocks how many blocks to load, the first ones
  public InternVit(VisionConfig c, int side, int blocks, Weights w) {
    this.embeddings = new Embeddings(c, side, w.at("embeddings"));
    this.blocks = w.each("encoder.layers", blocks, layer -> new Block(c, layer));
  }

  /// How many blocks are loaded.
  public int blocks() {
    return blocks.size();
  }

  /// Rows of a tile: its patches and the class token.
  public int rows() {
    return embeddings.places().dim(1);
  }

  /// @param pixels `[N, 3, S, S]`, normalised tiles, on the device of the embeddings
  /// @param depth how many blocks to run, the first ones
  /// @param tap hears of the embeddings and of each block's output before the last
  /// @return `[N, 1 + P, C]`, class token first; no final norm
  public Tensor forward(Tensor pixels, int depth, Consumer<Tensor> tap) {
    Tensor x = embeddings.forward(pixels);
    for (Block block : blocks.subList(0, depth)) {
      tap.accept(x);
      x = x.to(block.device()).through(block::forward);
    }
    return x;
  }

  /// What [#forward] computes, part by part: the embeddings, then each block. A block overwrites
  /// what goes into it.
  ///
  /// @param depth how many blocks, the first ones
  public List<Layer> layers(int depth) {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(embeddings.device(), embeddings::forward));
    for (Block block : blocks.subList(0, depth)) {
      layers.add(new Layer(block.device(), x -> x.through(block::forward)));
    }
    return layers;
  }

  /// @param places `[1, 1 + P, C]`: where each patch is, added to what it looks like; of the class
  ///   token, which looks the same in every tile, the sum
  private record Embeddings(Linear patch, int patchSize, Tensor places) {
    Embeddings(VisionConfig c, int side, Weights w) {
      this(patch(c, w.at("patch_embedding")), c.patchSize(), places(c, side / c.patchSize(), w));
    }

    /// A convolution whose stride is its size is a product with flattened patches.
    private static Linear patch(VisionConfig c, Weights w) {
      int p = c.patchSize();
      return new Linear(
          w.filters("weight", c.hiddenSize(), 3, p, p), w.get("bias", c.hiddenSize()));
    }

    /// @param grid patches along a side
    private static Tensor places(VisionConfig c, int grid, Weights w) {
      int stored = c.storedGrid();
      int width = c.hiddenSize();
      Tensor table = w.get("position_embedding", 1, 1 + stored * stored, width).in(w.workspace());
      Tensor patches = table.narrow(1, 1, stored * stored);
      if (grid != stored) {
        patches = patches.view(stored, stored, width).resizeBicubic(grid, grid);
      }
      Tensor places = w.workspace().activations(1, 1 + grid * grid, width);
      Tensor first = places.narrow(1, 0, 1).copyFrom(w.get("class_embedding", 1, 1, width));
      first.copyFrom(first.add(table.narrow(1, 0, 1)));
      places.narrow(1, 1, grid * grid).copyFrom(patches.view(1, grid * grid, width));
      return places;
    }

    Tensor forward(Tensor pixels) {
      int n = pixels.dim(0);
      Tensor x = pixels.workspace().activations(n, places.dim(1), places.dim(2));
      for (int i = 0; i < n; i++) {
        x.narrow(0, i, 1).copyFrom(places);
      }
      patch.addTo(x.narrow(1, 1, places.dim(1) - 1), pixels.patches(patchSize));
      return x;
    }

    Device device() {
      return places.device();
    }
  }

  private record Block(
      Norm norm1, Attention attention, Tensor ls1, Norm norm2, Mlp mlp, Tensor ls2) {
    Block(VisionConfig c, Weights w) {
      this(
          norm(c, w.at("norm1")),
          new Attention(c, w.at("attn")),
          w.get("ls1", c.hiddenSize()),
          norm(c, w.at("norm2")),
          new Mlp(c, w.at("mlp")),
          w.get("ls2", c.hiddenSize()));
    }

    Tensor forward(Tensor x) {
      x = attention.addTo(x, ls1, norm1.forward(x));
      return mlp.addTo(x, ls2, norm2.forward(x));
    }

    Device device() {
      return ls1.device();
    }
  }

  /// RMSNorm of queries and of keys, each over all heads.
  private record QkNorm(Tensor q, Tensor k, float eps) {
    QkNorm(VisionConfig c, Weights w) {
      this(
          w.get("q_norm.weight", c.hiddenSize()),
          w.get("k_norm.weight", c.hiddenSize()),
          c.layerNormEps());
    }
  }

  private record Attention(Linear qkv, @Nullable QkNorm norm, Linear proj, int heads) {
    Attention(VisionConfig c, Weights w) {
      this(
          c.qkvBias()
              ? Linear.of(w.at("qkv"), 3 * c.hiddenSize(), c.hiddenSize())
              : Linear.withoutBias(w.at("qkv"), 3 * c.hiddenSize(), c.hiddenSize()),
          c.qkNormalization() ? new QkNorm(c, w) : null,
          Linear.of(w.at("proj"), c.hiddenSize(), c.hiddenSize()),
          c.numAttentionHeads());
    }

    Tensor addTo(Tensor residual, Tensor scale, Tensor x) {
      int n = x.dim(0);
      int t = x.dim(1);
      int c = x.dim(2);
      Tensor h = qkv.forward(x);
      if (norm != null) {
        h.narrow(2, 0, c).qkRmsNorm(h.narrow(2, c, c), norm.q(), norm.k(), norm.eps());
      }
      Tensor q = h.narrow(2, 0, c).view(n, t, heads, c / heads);
      Tensor k = h.narrow(2, c, c).view(n, t, heads, c / heads);
      Tensor v = h.narrow(2, 2 * c, c).view(n, t, heads, c / heads);
      return proj.addTo(residual, scale, q.attention(k, v, Mask.NONE).view(n, t, c));
    }
  }

  private record Mlp(Linear fc1, Linear fc2) {
    Mlp(VisionConfig c, Weights w) {
      this(
          Linear.of(w.at("fc1"), c.intermediateSize(), c.hiddenSize()),
          Linear.of(w.at("fc2"), c.hiddenSize(), c.intermediateSize()));
    }

    Tensor addTo(Tensor residual, Tensor scale, Tensor x) {
      return fc2.addTo(residual, scale, fc1.forwardGelu(x));
    }
  }

  private static Norm norm(VisionConfig c, Weights w) {
    return c.rmsNorm()
        ? Norm.rms(w, c.hiddenSize(), c.layerNormEps())
        : Norm.layer(w, c.hiddenSize(), c.layerNormEps());
  }
}
