package org.internvl4j.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.ShapedCheckpoint;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// A language model in a true shape, opened by one of the engines and checked.
@State(Scope.Thread)
public abstract class Speaker {
  /// Who computes: `internvl4j`, or a rival on the class path.
  @Param("internvl4j")
  public String engine = "";

  /// The shape.
  @Param("INTERNVL2_1B")
  public ShapedCheckpoint.Model model = ShapedCheckpoint.Model.INTERNVL2_1B;

  /// How matrices are kept.
  @Param("bf16")
  public String weights = "";

  /// 0 for as many as there are cores.
  @Param("0")
  public int threads;

  final Rates rates = new Rates();
  private LanguageConfig config;
  private Engine opened;

  /// Opens the model and holds its first word against the reference's.
  final void openModel() {
    Path folder = ShapedModels.folder(model);
    config = config(folder);
    opened = Engines.open(engine, folder, weights, threadsInUse());
    Suite.tell(opened.description());
    int said = opened.prefill(prompt(2));
    if (weights.equals("bf16")) {
      requireSaid(said, Reference.word(folder));
    }
    int next = opened.next(1);
    int[] longer = prompt(3);
    longer[2] = 1;
    requireSaid(opened.prefill(longer), next); // a prompt at once says what its tokens say
  }

  static LanguageConfig config(Path folder) {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      return InternVlConfig.of(checkpoint).language();
    }
  }

  private void requireSaid(int said, int expected) {
    if (said != expected) {
      throw new AssertionError(
          "bench: " + opened.description() + " said " + said + ", expected " + expected);
    }
  }

  /// Some tokens all over the vocabulary.
  static int[] prompt(int tokens) {
    int[] ids = new int[tokens];
    Arrays.setAll(ids, i -> (7919 * i + 13) % 92_553);
    return ids;
  }

  Engine engine() {
    return opened;
  }

  LanguageConfig config() {
    return config;
  }

  int threadsInUse() {
    return KernelBenchmark.threadsInUse(threads);
  }

  DType dtype() {
    return DType.valueOf(weights.toUpperCase(Locale.ROOT));
  }

  /// Frees everything.
  @TearDown(Level.Trial)
  public void close() {
    opened.close();
  }
}
