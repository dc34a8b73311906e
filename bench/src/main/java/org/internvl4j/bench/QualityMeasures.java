package org.internvl4j.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Verifier;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;

/// What [Quality] puts together: each of its numbers for one way to keep weights.
///
/// @param name for people
/// @param format what the language part is kept as
/// @param roundsTower whether tower and projector are rounded to 8 bits too
record QualityMeasures(String name, WeightFormat format, boolean roundsTower) {
  /// Bytes that a matrix takes, of all its weights.
  double bytesPerWeight() {
    int side = 1024;
    DType keep = (roundsTower ? WeightFormat.Q8 : format).keep(DType.BF16);
    try (Device device = Devices.open("cpu", 1);
        Workspace model = new Workspace(device, "model")) {
      Tensor stored = model.allocate(DType.BF16, side, side);
      Tensor kept = device.prepare(stored, Device.Role.MATRIX, keep, model);
      return (double) kept.byteSize() / side / side;
    }
  }

  private VisionLanguageModel open(Path folder, int threads) {
    Checkpoint checkpoint = Checkpoint.open(folder);
    OpenOptions options =
        OpenOptions.DEFAULT
            .withDevice("cpu")
            .withThreads(threads)
            .withWholeTower()
            .withWeights(format)
            .withoutCache();
    if (!roundsTower) {
      return VisionLanguageModel.open(checkpoint, options);
    }
    try (checkpoint;
        Device device = Devices.open("cpu", 1)) {
      return VisionLanguageModel.open(RoundedTower.of(checkpoint, device), options);
    }
  }

  /// The demo model's answers to its held-out questions: `asked`, `right`, `equal` (to those of the
  /// reference implementation). On one thread, which changes no answer.
  Map<String, Double> demoScore() {
    Path file = Fixtures.folder("demo-eval").resolve("eval.json");
    Path folder = Fixtures.home().resolve("demo/src/main/resources/org/internvl4j/demo/model");
    Json eval = Fixtures.json(file);
    List<Map<String, Double>> figures = new ArrayList<>();
    try (VisionLanguageModel model = open(folder, 1)) {
      new Verifier(model, check -> figures.add(check.figures()))
          .eval(eval, name -> Pictures.read(file.resolveSibling(name)));
    }
    return figures.getFirst();
  }

  /// NMSE of a result of a fixture against what the reference implementation computed with all of
  /// bf16, the whole prompt at once.
  ///
  /// @param results names in the golden file: `vision.features`, `logits`
  double[] promptNmse(String fixture, String... results) {
    double[] nmse = new double[results.length];
    Path folder = Fixtures.folder(fixture);
    try (VisionLanguageModel model = open(folder, 1);
        SafeTensors golden = SafeTensors.open(folder.resolve("golden.safetensors"))) {
      new Verifier(
              model,
              check -> {
                int i = Arrays.asList(results).indexOf(check.name());
                if (i >= 0) {
                  nmse[i] = check.figures().getOrDefault("nmse", Double.NaN);
                }
              })
          .golden(golden);
    }
    return nmse;
  }

  /// Whether a fixture has what [#tokenNmse] reads.
  static boolean tellsInputs(String fixture) {
    try (SafeTensors golden =
        SafeTensors.open(Fixtures.folder(fixture).resolve("golden.safetensors"))) {
      return golden.names().contains("inputs_embeds");
    }
  }

  /// As [#promptNmse] of the logits, the prompt read token by token, as answers are made.
  double tokenNmse(String fixture) {
    Path folder = Fixtures.folder(fixture);
    try (Device device = Devices.open("cpu", 1);
        Workspace model = new Workspace(device, "model");
        Workspace steps = new Workspace(device, "steps");
        Checkpoint checkpoint = Checkpoint.open(folder);
        SafeTensors golden = SafeTensors.open(folder.resolve("golden.safetensors"))) {
      InternVlConfig config = InternVlConfig.of(checkpoint);
      WeightSource source = config.layout().relaid(checkpoint);
      PackedStore store = PackedStore.none(checkpoint, device, LoadListener.NONE);
      Weights w = Weights.of(checkpoint, source, path -> model, store);
      Decoder decoder = InternVl.load(config, config.visionBlocks(), format, w).decoder();
      float[] embedded = golden.tensor("inputs_embeds", device).toFloats();
      float[] expected = golden.tensor("logits", device).toFloats();
      int width = config.language().hiddenSize();
      int rows = embedded.length / width;
      float[] found = new float[expected.length];
      try (KvCache cache = decoder.newCache("quality")) {
        cache.reserve(rows);
        for (int i = 0; i < rows; i++) {
          Workspace.Mark mark = steps.mark();
          Tensor x = steps.of(Arrays.copyOfRange(embedded, i * width, (i + 1) * width), 1, width);
          Step step = decoder.step(List.of(new Step.Span(1, cache, rows)), steps).begin();
          Tensor y = decoder.forward(x, step, h -> {});
          step.advance();
          float[] logits = decoder.logits(y).toFloats();
          System.arraycopy(logits, 0, found, i * logits.length, logits.length);
          steps.reset(mark);
        }
      }
      return TensorAssert.nmse(found, expected);
    }
  }

  /// Tokens that a model says after some prompts, each the likeliest: what it would say after the
  /// tokens of `said`, or after its own where there are none.
  ///
  /// @param folder a model
  /// @param said `[prompts][tokens]`, or of no prompts
  /// @return `[prompts][tokens]`
  int[][] greedy(Path folder, int[][] prompts, int tokens, int[][] said) {
    DType weights = format.keep(DType.BF16);
    int[][] all = new int[prompts.length][tokens];
    try (OwnEngine engine = new OwnEngine(folder, weights, Devices.open("cpu", 0))) {
      for (int p = 0; p < prompts.length; p++) {
        int[] found = all[p];
        found[0] = engine.prefill(prompts[p]);
        for (int i = 1; i < tokens; i++) {
          found[i] = engine.next(said.length == 0 ? found[i - 1] : said[p][i - 1]);
        }
      }
    }
    return all;
  }
}
