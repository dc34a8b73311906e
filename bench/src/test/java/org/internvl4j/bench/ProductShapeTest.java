package org.internvl4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Param;

class ProductShapeTest {
  /// Of so many rows that one copy of its weights is enough.
  private static final ProductShape SMALL = new ProductShape("small", 64, 40, 7);

  @Test
  void theBenchmarkRunsThemAll() throws NoSuchFieldException {
    String[] params =
        ProductBenchmark.Operands.class.getField("shape").getAnnotation(Param.class).value();

    assertThat(List.of(params))
        .isEqualTo(ProductShape.ALL.stream().map(ProductShape::name).toList());
  }

  @Test
  void namesWhatThereIs() {
    assertThatThrownBy(() -> ProductShape.named("vit"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "bench: no product is called vit; there are vit-300m.fc1, qwen2-0.5b.up.prefill, "
                + "qwen2-0.5b.head.decode");
    assertThatThrownBy(() -> Engines.openProduct("nobody", SMALL, DType.F32, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("bench: no engine is called nobody; there are internvl4j");
  }

  @Test
  void anEngineIsHeldAgainstTheReference() {
    for (DType weights : List.of(DType.F32, DType.BF16)) {
      try (ProductEngine engine = Engines.openProduct("internvl4j", SMALL, weights, 2)) {
        OwnProduct.check(engine, SMALL, weights);
      }
    }
    ProductShape other = new ProductShape("other", 64, 41, 7);
    try (ProductEngine engine = Engines.openProduct("internvl4j", SMALL, DType.F32, 2)) {
      assertThatThrownBy(() -> OwnProduct.check(engine, other, DType.F32))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("other of internvl4j, cpu");
    }
  }

  @Test
  void withoutARivalNoProductIsMeasuredAlone() {
    assertThat(products(Set.of("internvl4j"))).isEmpty();
    assertThat(products(Set.of("internvl4j", "onnxruntime"))).hasSize(11);
  }

  private static List<Plan.Run> products(Set<String> engines) {
    return Plan.of("quick", engines).stream()
        .flatMap(group -> group.runs().stream())
        .filter(run -> run.benchmark().startsWith("ProductBenchmark"))
        .toList();
  }
}
