package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.ContrastiveModel.Mode;
import org.internvl4j.models.contrastive.CaptionOptions;
import org.internvl4j.models.contrastive.Vectors;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Proves a port of InternVL-14B right, as [Verifier] does for chat models: tower, texts, pictures
/// in both modes, their scores, captions.
///
/// One thread at a time.
public final class ContrastiveVerifier {
  private final ContrastiveModel model;
  private final Consumer<Verifier.Check> out;

  /// @param out hears of each comparison as it is made
  public ContrastiveVerifier(ContrastiveModel model, Consumer<Verifier.Check> out) {
    this.model = model;
    this.out = out;
  }

  /// Compares every tensor of a golden file that the model can produce, with the limits of
  /// [Verifier#golden].
  ///
  /// @param golden holds `pixel_values` and `text_ids`
  /// @param cases `{texts: […]}`: with the word that the model was trained to read before each
  public void golden(SafeTensors golden, Json cases) {
    GoldenFile file = new GoldenFile(golden, model.device(), out);
    int side = model.config().forceImageSize();
    float[][] pixels = file.pixels(side);
    Tiles tiles = Tiles.ofPixels(concat(List.of(pixels)), pixels.length, side);
    file.compare("vision.last_hidden_state", seen(tiles));
    List<float[]> texts = texts(file, cases);
    file.compare("text_features", concat(texts));
    for (Mode mode : Mode.values()) {
      List<float[]> pictures = model.imageFeatures(tiles, mode);
      file.compare("image_features." + mode, concat(pictures));
      file.compare("logits_per_image." + mode, scores(pictures, texts));
    }
    caption(file, tiles);
    file.tellTheRest();
  }

  private float[] seen(Tiles tiles) {
    List<float[]> seen = new ArrayList<>();
    try (Workspace steps = new Workspace(model.device(), "verify")) {
      for (int i = 0; i < tiles.count(); i++) {
        steps.reset();
        seen.add(see(tiles, i, steps).toFloats());
      }
    }
    return concat(seen);
  }

  private Tensor see(Tiles tiles, int i, Workspace steps) {
    int side = tiles.side();
    return model.net().see(steps.of(tiles.pixels(i), 1, 3, side, side));
  }

  private List<float[]> texts(GoldenFile file, Json cases) {
    List<String> texts = new ArrayList<>();
    int[] ids = new int[0];
    for (Json text : cases.at("texts").items()) {
      String instructed = text.asText();
      if (!instructed.startsWith(ContrastiveModel.INSTRUCTION)) {
        throw text.wrong("a text that begins with " + ContrastiveModel.INSTRUCTION);
      }
      texts.add(instructed.substring(ContrastiveModel.INSTRUCTION.length()));
      int[] padded = Arrays.copyOf(model.textIds(texts.getLast()), ContrastiveModel.TEXT_TOKENS);
      ids = Arrays.copyOf(ids, ids.length + padded.length);
      System.arraycopy(padded, 0, ids, ids.length - padded.length, padded.length);
    }
    file.compareIds("text_ids", file.ids("text_ids"), ids);
    return model.textFeatures(texts);
  }

  private float[] scores(List<float[]> pictures, List<float[]> texts) {
    float[] scores = new float[pictures.size() * texts.size()];
    int at = 0;
    for (float[] picture : pictures) {
      for (float[] text : texts) {
        double cosine = Vectors.dot(Vectors.normalised(picture), Vectors.normalised(text));
        scores[at++] = (float) (model.logitScale() * cosine);
      }
    }
    return scores;
  }

  /// Of the first picture, the likeliest token each time and as many as the file has.
  private void caption(GoldenFile file, Tiles tiles) {
    if (!file.has("caption.input_ids")) {
      return;
    }
    int[] prompt = model.promptIds(CaptionOptions.DEFAULT.prompt());
    file.compareIds("caption.input_ids", file.ids("caption.input_ids"), prompt);
    try (Workspace steps = new Workspace(model.device(), "verify")) {
      Tensor seen = see(tiles, 0, steps);
      file.compare("caption.logits", model.net().promptLogits(model.name(), seen, prompt, steps));
      int[] expected = file.ids("caption.greedy_ids");
      CaptionOptions greedy =
          CaptionOptions.DEFAULT.withBeams(1).withNewTokens(expected.length, expected.length);
      int[] found = model.net().caption(model.name(), seen, prompt, greedy, -1, steps);
      file.compareIds("caption.greedy_ids", expected, found);
    }
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
