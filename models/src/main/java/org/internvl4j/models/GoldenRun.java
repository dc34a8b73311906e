package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.nn.Step;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// One comparison with a golden file, in the order in which a network computes.
final class GoldenRun {
  private static final float NEAR_TIE = 0.1f; // of logits, which bf16 may decide either way
  private static final String QUESTION = "请描述这张图片。";

  private final VisionLanguageModel model;
  private final GoldenFile file;
  private final @Nullable PromptText prompt;

  /// @param prompt what `input_ids` are of, or null for the picture and question that most files
  ///   are about
  GoldenRun(
      VisionLanguageModel model,
      SafeTensors golden,
      @Nullable PromptText prompt,
      Consumer<Verifier.Check> out) {
    this.model = model;
    this.prompt = prompt;
    this.file = new GoldenFile(golden, model.device(), out);
  }

  void run() {
    float[][] pixels = file.pixels(model.config().forceImageSize());
    vision(pixels);
    int[] ids = file.ids("input_ids");
    inputIds(ids, pixels.length);
    language(ids, pixels);
    file.tellTheRest();
  }

  private void vision(float[][] pixels) {
    int side = model.config().forceImageSize();
    int blocks = model.config().vision().numHiddenLayers();
    List<List<float[]>> states = new ArrayList<>();
    List<float[]> features = new ArrayList<>();
    try (Workspace steps = new Workspace(model.device(), "verify")) {
      for (float[] tile : pixels) {
        steps.reset();
        List<float[]> ofTile = new ArrayList<>();
        Tensor x = steps.of(tile, 1, 3, side, side);
        Tensor last = model.net().tower().forward(x, blocks, h -> ofTile.add(h.toFloats()));
        ofTile.add(last.toFloats());
        states.add(ofTile);
        Tensor seen = model.net().tower().forward(x, model.config().visionBlocks(), h -> {});
        features.add(model.net().projector().forward(seen).toFloats());
      }
    }
    for (int i = 0; i <= blocks; i++) {
      int layer = i;
      file.compare(
          "vision.hidden_states." + i, concat(states.stream().map(s -> s.get(layer)).toList()));
    }
    file.compare(
        "vision.last_hidden_state", concat(states.stream().map(s -> s.get(blocks)).toList()));
    file.compare("vision.features", concat(features));
  }

  private void inputIds(int[] expected, int tiles) {
    int[] found = prompt == null ? asked(tiles) : model.tokenizer().encode(prompt);
    file.compareIds("input_ids", expected, found);
  }

  /// The prompt of one picture of all tiles and one question.
  private int[] asked(int tiles) {
    int side = model.config().forceImageSize();
    Question question =
        Question.ofTiles(
            QUESTION, List.of(Tiles.ofPixels(new float[tiles * 3 * side * side], tiles, side)));
    return Prompt.single(model, question).ids();
  }

  private void language(int[] ids, float[][] pixels) {
    int side = model.config().forceImageSize();
    List<Prompt.Tile> tiles = new ArrayList<>();
    for (int i = 0; i < pixels.length; i++) {
      tiles.add(new Prompt.Tile(Tiles.ofPixels(pixels[i], 1, side), 0, "tile " + i));
    }
    long places = Arrays.stream(ids).filter(id -> id == model.imageToken()).count();
    int needed = tiles.size() * model.config().tokensPerTile();
    if (places != needed) {
      throw new CheckpointException(
          file.name(),
          "input_ids has "
              + places
              + " places for image tokens but its tiles make "
              + needed
              + "; the file is of another checkpoint");
    }
    Prompt prompt = new Prompt(ids, model.imageToken(), tiles, model.config().tokensPerTile());
    try (Workspace steps = new Workspace(model.device(), "verify");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("verify")) {
      generator.see(prompt, AnswerListener.NONE);
      int[] greedy = file.has("greedy_ids") ? file.ids("greedy_ids") : new int[0];
      cache.reserve(ids.length + greedy.length);
      Tensor x = generator.embed(prompt, 0, ids.length);
      file.compare("inputs_embeds", x.toFloats());
      List<float[]> states = new ArrayList<>();
      Step step =
          model
              .net()
              .decoder()
              .step(List.of(new Step.Span(ids.length, cache, ids.length)), steps)
              .begin();
      Tensor y = model.net().decoder().forward(x, step, h -> states.add(h.toFloats()));
      step.advance();
      states.add(y.toFloats());
      for (int i = 0; i < states.size(); i++) {
        file.compare("llm.hidden_states." + i, states.get(i));
      }
      float[] logits = model.net().decoder().logits(y).toFloats();
      file.compare("logits", logits);
      int vocabulary = model.config().language().vocabSize();
      greedy(
          greedy,
          Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length),
          ids.length,
          cache,
          steps);
    }
  }

  /// Continues with the likeliest token each time: freely, or in bf16, which near ties would lead
  /// astray, along what is expected.
  private void greedy(int[] expected, float[] first, int prompt, KvCache cache, Workspace steps) {
    if (expected.length == 0) {
      return;
    }
    int[] ids = new int[expected.length];
    float[] margins = new float[expected.length];
    float[] logits = first;
    int likeliest = Logits.likeliest(first);
    DecodeStep step =
        new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, prompt)), false);
    for (int i = 0; i < ids.length; i++) {
      ids[i] = likeliest;
      margins[i] = margin(logits, ids[i]);
      if (i + 1 < ids.length) {
        step.put(0, file.inBf16() ? expected[i] : ids[i]);
        Logits next = step.run();
        likeliest = next.chosen(0);
        logits = next.values(0);
      }
    }
    if (file.inBf16()) {
      compareClearIds(expected, ids);
    } else {
      file.compareIds("greedy_ids", expected, ids);
      file.compare("greedy_margin", margins);
    }
  }

  /// Compares where the likeliest token is clear.
  private void compareClearIds(int[] expected, int[] found) {
    file.used("greedy_margin");
    float[] margins = file.values("greedy_margin");
    int clear = 0;
    int equal = 0;
    for (int i = 0; i < expected.length; i++) {
      if (margins[i] > NEAR_TIE) {
        clear++;
        equal += expected[i] == found[i] ? 1 : 0;
      }
    }
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("equal", (double) equal);
    figures.put("clear", (double) clear);
    file.tell(
        new Verifier.Check(
            "greedy_ids",
            equal == clear,
            "%d of %d ids equal, each after the expected ones, where the margin is above %s; %d are nearer ties"
                .formatted(equal, clear, NEAR_TIE, expected.length - clear),
            figures));
  }

  private static float margin(float[] logits, int best) {
    float second = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      if (i != best) {
        second = Math.max(second, logits[i]);
      }
    }
    return logits[best] - second;
  }

  private static float[] concat(List<float[]> parts) {
    float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
