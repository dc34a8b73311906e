package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.Verifier.Check;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.CpuTier;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole models with plain loops and with vectors of every width, on one thread and on several.
class TiersTest {
  private static final String DEMO = "demo";
  private static final List<String> DECODERS =
      List.of("internvl2-1b", "internvl2-2b", "internvl2-4b", "internvl2-76b");
  private static final int TOKENS = 12;

  /// Every fixture on every tier; widths that this machine lacks take their time, so without
  /// `-Psweep` they see one fixture only.
  static Stream<Arguments> fixtures() {
    return CpuTier.ALL.stream()
        .flatMap(tier ->
            (Effort.isWhole() || tier.isNative() ? Fixtures.MODELS : DECODERS.subList(0, 1))
                .stream().map(fixture -> Arguments.of(fixture, tier)));
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("fixtures")
  void equalsTheReference(String fixture, CpuTier tier) {
    List<Check> checks = new ArrayList<>();
    OpenOptions options = OpenOptions.DEFAULT.withWholeTower();
    try (VisionLanguageModel model = open(fixture, tier, 2, options);
        SafeTensors golden = SafeTensors.open(folder(fixture).resolve("golden.safetensors"))) {
      new Verifier(model, checks::add).golden(golden, Fixtures.cases(fixture));
    }
    assertThat(checks)
        .hasSizeGreaterThan(8)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  /// Without `-Psweep`, only the widest vectors of this machine see all of them.
  private static List<WeightFormat> formats(CpuTier tier) {
    boolean wider = CpuTier.ALL.stream().anyMatch(t -> t.bits() > tier.bits() && t.isNative());
    return wider && !Effort.isWhole()
        ? List.of(WeightFormat.STORED)
        : List.of(WeightFormat.values());
  }

  /// One fixture a decoder on every tier, and the demo model, which takes seconds, on the widest
  /// vectors of this machine. With `-Psweep` the fixtures also on widths that it lacks, and the
  /// demo model on all that it has.
  static Stream<Arguments> shared() {
    List<CpuTier> here = CpuTier.ALL.stream().filter(CpuTier::isNative).toList();
    boolean whole = Effort.isWhole();
    Stream<Arguments> fixtures =
        DECODERS.stream()
            .flatMap(model ->
                (whole ? CpuTier.ALL : here).stream().map(tier -> Arguments.of(model, tier)));
    Stream<Arguments> demo =
        (whole ? here : List.of(here.getLast())).stream().map(tier -> Arguments.of(DEMO, tier));
    return Stream.concat(fixtures, demo);
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("shared")
  void oneTwoThreeAndEightThreadsGiveTheSameBits(String fixture, CpuTier tier) {
    for (WeightFormat format : formats(tier)) {
      OpenOptions options = OpenOptions.DEFAULT.withWeights(format);
      List<float[]> expected = everything(fixture, tier, 1, options);
      for (int threads : new int[] {2, 3, 8}) {
        List<float[]> found = everything(fixture, tier, threads, options);
        assertThat(found).hasSameSizeAs(expected).hasSize(2 + 2 * TOKENS);
        for (int i = 0; i < found.size(); i++) {
          TensorAssert.assertSameBits(
              "%s, array %d with %d threads".formatted(format, i, threads),
              found.get(i),
              expected.get(i));
        }
      }
    }
  }

  /// Image tokens of a tile, all logits of a prompt about it, and of some tokens more the likeliest
  /// and the logits.
  private static List<float[]> everything(
      String fixture, CpuTier tier, int threads, OpenOptions options) {
    try (VisionLanguageModel model = open(fixture, tier, threads, options)) {
      assertThat(model.device().description()).contains(", " + threads + " thread");
      return everything(model);
    }
  }

  private static List<float[]> everything(VisionLanguageModel model) {
    List<float[]> all = new ArrayList<>();
    Tiles tiles = tiles(model);
    Features seen = model.imageTokens(tiles);
    all.addAll(seen.tiles());
    Prompt prompt =
        Prompt.single(model, Question.ofTiles("Please describe the image.", List.of(tiles)));
    int rows = prompt.length();
    try (Workspace steps = new Workspace(model.device(), "test");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("test")) {
      cache.reserve(rows + TOKENS);
      generator.see(prompt, AnswerListener.NONE);
      Step step = model.net().decoder().step(List.of(new Step.Span(rows, cache, rows)), steps);
      Tensor y =
          model.net().decoder().forward(generator.embed(prompt, 0, rows), step.begin(), h -> {});
      step.advance();
      float[] logits = model.net().decoder().logits(y).toFloats();
      all.add(logits);
      int vocabulary = model.config().language().vocabSize();
      int best =
          Logits.likeliest(Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length));
      DecodeStep next =
          new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, rows)), false);
      for (int i = 0; i < TOKENS; i++) {
        next.put(0, best);
        Logits said = next.run();
        best = said.chosen(0);
        all.add(new float[] {best});
        all.add(said.values(0).clone());
      }
    }
    return all;
  }

  private static Tiles tiles(VisionLanguageModel model) {
    int side = model.config().forceImageSize();
    float[] pixels = new float[3 * side * side];
    Random random = new Random(5);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return Tiles.ofPixels(pixels, 1, side);
  }

  private static VisionLanguageModel open(
      String fixture, CpuTier tier, int threads, OpenOptions options) {
    return VisionLanguageModel.open(
        Checkpoint.open(folder(fixture)),
        options.withDevice(tier.device()).withThreads(threads).withoutCache());
  }

  private static Path folder(String fixture) {
    return fixture.equals(DEMO)
        ? Fixtures.home().resolve("demo/src/main/resources/org/internvl4j/demo/model")
        : Fixtures.folder(fixture);
  }
}
