package org.internvl4j.models;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// What a model makes of a question about a tile of noise.
///
/// @param prompt all logits of the prompt
/// @param next those of some tokens behind it, from one recorded pass
record Reply(float[] prompt, float[] next) {
  private static final int TOKENS = 4;

  static Reply of(VisionLanguageModel model) {
    Prompt prompt =
        Prompt.single(model, Question.ofTiles("Please describe the image.", List.of(tile(model))));
    int rows = prompt.length();
    try (Workspace steps = new Workspace(model.device(), "test");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("test")) {
      cache.reserve(rows + TOKENS);
      generator.see(prompt, AnswerListener.NONE);
      Step step = model.net().decoder().step(List.of(new Step.Span(rows, cache, rows)), steps);
      Tensor x = generator.embed(prompt, 0, rows);
      Tensor y = model.net().decoder().forward(x, step.begin(), h -> {});
      step.advance();
      float[] logits = model.net().decoder().logits(y).toFloats();
      int vocabulary = model.config().language().vocabSize();
      float[] next = new float[TOKENS * vocabulary];
      int best =
          Logits.likeliest(Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length));
      DecodeStep decode =
          new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, rows)), false);
      for (int i = 0; i < TOKENS; i++) {
        decode.put(0, best);
        Logits said = decode.run();
        best = said.chosen(0);
        System.arraycopy(said.values(0), 0, next, i * vocabulary, vocabulary);
      }
      return new Reply(logits, next);
    }
  }

  private static Tiles tile(VisionLanguageModel model) {
    int side = model.config().forceImageSize();
    float[] pixels = new float[3 * side * side];
    Random random = new Random(5);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return Tiles.ofPixels(pixels, 1, side);
  }
}
