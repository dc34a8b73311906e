package org.internvl4j.bench;

import java.util.List;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A product `y = x · wᵀ` as it stands in a real model, alone: no bias, nothing afterwards, so that
/// any library can be asked for it. Named like [KernelShapes].
///
/// @param rows of `x` and `y`
/// @param in columns of `x` and of the weights
/// @param out columns of `y`, rows of the weights
public record ProductShape(String name, int rows, int in, int out) {
  /// All of them.
  static final List<ProductShape> ALL =
      List.of(
          new ProductShape("vit-300m.fc1", 1025, 1024, 4096),
          new ProductShape("qwen2-0.5b.up.prefill", 512, 896, 4864),
          new ProductShape("qwen2-0.5b.head.decode", 1, 896, 151_655));

  /// @throws IllegalArgumentException if there is no such shape
  static ProductShape named(String name) {
    return ALL.stream()
        .filter(shape -> shape.name.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "bench: no product is called "
                    + name
                    + "; there are "
                    + String.join(", ", ALL.stream().map(ProductShape::name).toList())));
  }

  /// Floating-point operations, a fused multiply-add being two.
  long flops() {
    return 2L * rows * in * out;
  }

  /// Bytes that a call has to read and write at least where weights are f32.
  public long floatBytes() {
    return 4L * in * out + 4L * rows * (in + out);
  }

  /// `[rows, in]`, f32.
  public Tensor activations(Workspace w) {
    return KernelCall.activations(w, rows, in);
  }

  /// `[out, in]`, f32.
  public Tensor weights(Workspace w) {
    return KernelCall.matrix(w, out, in);
  }
}
