package org.internvl4j.models.internvl;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// From patches to image tokens: pixel shuffle, then a two-layer MLP (Chen et al. 2024, "How far
/// are we to GPT-4V", section 3.1; `mlp1` of `modeling_internvl_chat.py`). In the first chat models
/// each patch is a token: there is the MLP alone (`mlp2x_gelu` of LLaVA).
public final class Projector {
  private static final float EPS = 1e-5f; // PyTorch's default; not in config.json

  private final boolean byColumns;
  private final Norm.@Nullable Layer norm; // of what the shuffle joins; null without one
  private final Linear fc1;
  private final Linear fc2;

  /// @param w the path of `mlp1`
  public Projector(InternVlConfig c, Weights w) {
    boolean shuffles = !c.psVersion().equals("none");
    int cell = (shuffles ? 4 : 1) * c.vision().hiddenSize();
    int width = c.language().hiddenSize();
    this.byColumns = c.psVersion().equals("v1");
    this.norm = shuffles ? Norm.layer(w.at("0"), cell, EPS) : null;
    this.fc1 = Linear.of(w.at("1"), width, cell);
    this.fc2 = Linear.of(w.at("3"), width, width);
  }

  /// @param x `[N, 1 + P, Cv]`, output of the vision tower; the class token is dropped
  /// @return `[N, P/4, Cl]`; `[N, P, Cl]` without a shuffle
  public Tensor forward(Tensor x) {
    int grid = (int) Math.sqrt(x.dim(1) - 1.0);
    Tensor patches = x.to(device()).narrow(1, 1, grid * grid);
    Tensor tokens = norm == null ? patches.contiguous() : shuffled(patches, grid, norm);
    return fc2.forward(fc1.forwardGelu(tokens));
  }

  private Tensor shuffled(Tensor patches, int grid, Norm.Layer norm) {
    return patches
        .view(patches.dim(0), grid, grid, patches.dim(2))
        .pixelShuffleLayerNorm(norm.weight(), norm.bias(), norm.eps(), byColumns);
  }

  /// Where it computes.
  public Device device() {
    return fc1.weight().device();
  }
}
