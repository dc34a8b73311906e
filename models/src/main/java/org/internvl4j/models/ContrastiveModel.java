package org.internvl4j.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.contrastive.CaptionOptions;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.contrastive.ContrastiveNet;
import org.internvl4j.models.image.ClipPreprocess;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Specials;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.models.text.Tokenizers;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// InternVL-14B: pictures and texts as vectors of one space, where what belongs together is near,
/// and captions of pictures.
///
/// Several threads may use one model at a time: their kernels take turns. The caller closes it.
public final class ContrastiveModel implements AutoCloseable {
  /// Tokens of a text, padding included; a longer text is cut.
  public static final int TEXT_TOKENS = 80;

  static final String INSTRUCTION = "summarize:"; // of the training
  private static final String END = "</s>";
  private static final int ROWS = 512; // of texts that are read together

  /// How a picture becomes a vector.
  public enum Mode {
    /// InternVL-C: what the vision tower sees. Faster.
    C,
    /// InternVL-G: and what QLLaMA's queries find in it. A little better at retrieval.
    G
  }

  private final Resources resources;
  private final ContrastiveNet net;
  private final Tokenizer tokenizer;
  private final ClipPreprocess processor;
  private final int end;

  private ContrastiveModel(
      Resources resources, ContrastiveNet net, Tokenizer tokenizer, ClipPreprocess processor) {
    this.resources = resources;
    this.net = net;
    this.tokenizer = tokenizer;
    this.processor = processor;
    this.end =
        tokenizer
            .id(END)
            .orElseThrow(
                () -> new CheckpointException(name(), "its tokenizer has no token " + END));
  }

  /// Opens a model on the best device there is.
  ///
  /// @param folder config.json, tokenizer files and `*.safetensors`
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is another kind of model
  public static ContrastiveModel open(Path folder) {
    return open(Checkpoint.open(folder), OpenOptions.DEFAULT);
  }

  /// Opens a model, on one device.
  ///
  /// @param checkpoint belongs to the model from now on, also if opening fails
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is another kind of model
  public static ContrastiveModel open(Checkpoint checkpoint, OpenOptions options) {
    Resources resources = new Resources(checkpoint);
    try {
      ContrastiveConfig config = ContrastiveConfig.of(checkpoint.config());
      Tokenizer tokenizer = Tokenizers.load(checkpoint::file);
      ClipPreprocess processor =
          Processors.of(checkpoint.json(Processors.FILE), config.forceImageSize());
      WeightSource source = resources.numbers(options);
      resources.openOne(options, source);
      Weights w = resources.weights(source, path -> 0);
      ContrastiveNet net = new ContrastiveNet(config, options.weights(), w);
      resources.finish();
      w.warnUnread(name -> name.startsWith("itm_head.") || name.endsWith("rotary_emb.inv_freq"));
      return new ContrastiveModel(resources, net, tokenizer, processor);
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  /// Name of the checkpoint, for people.
  public String name() {
    return resources.checkpoint().name();
  }

  public ContrastiveConfig config() {
    return net.config();
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// What computes.
  public Device device() {
    return resources.devices().getFirst();
  }

  /// What cosines of pictures and texts are multiplied by before a softmax.
  public double logitScale() {
    return net.logitScale();
  }

  // ---- pictures

  /// The middle of a picture, as for classification: what is at the ends of its long side is lost.
  public Tiles cropped(Picture picture) {
    return processor.apply(picture);
  }

  /// A whole picture squeezed into a square, as for retrieval and captions.
  public Tiles squeezed(Picture picture) {
    return Tiling.squeeze(config().forceImageSize()).cut(picture, processor.normalization());
  }

  /// Features of pictures.
  ///
  /// @param tiles one a picture, of the model's side
  /// @return E values of each, not normalised
  public List<float[]> imageFeatures(Tiles tiles, Mode mode) {
    List<float[]> features = new ArrayList<>();
    try (Workspace steps = new Workspace(device(), "image features")) {
      for (int i = 0; i < tiles.count(); i++) {
        steps.reset();
        Tensor seen = see(tiles, i, steps);
        features.add(
            switch (mode) {
              case C -> net.imageC(seen);
              case G -> net.imageG(seen);
            });
      }
    }
    return Computed.numbers(features, name(), "features");
  }

  private Tensor see(Tiles tiles, int index, Workspace steps) {
    int side = config().forceImageSize();
    if (tiles.side() != side) {
      throw new IllegalArgumentException(
          name() + ": tiles have " + tiles.side() + " pixels a side, expected " + side);
    }
    return net.see(steps.of(tiles.pixels(index), 1, 3, side, side));
  }

  // ---- texts

  /// Features of texts, whatever the mode of the pictures that they are compared with.
  ///
  /// @return E values of each, not normalised
  public List<float[]> textFeatures(List<String> texts) {
    return textFeatures(texts, done -> {});
  }

  /// As [#textFeatures(List)].
  ///
  /// @param progress hears how many texts are done
  public List<float[]> textFeatures(List<String> texts, IntConsumer progress) {
    List<float[]> features = new ArrayList<>();
    try (Workspace steps = new Workspace(device(), "text features")) {
      List<int[]> batch = new ArrayList<>();
      int rows = 0;
      for (String text : texts) {
        int[] ids = textIds(text);
        if (rows + ids.length > ROWS && !batch.isEmpty()) {
          steps.reset();
          features.addAll(net.texts(batch, steps));
          progress.accept(features.size());
          batch.clear();
          rows = 0;
        }
        batch.add(ids);
        rows += ids.length;
      }
      if (!batch.isEmpty()) {
        steps.reset();
        features.addAll(net.texts(batch, steps));
        progress.accept(features.size());
      }
    }
    return Computed.numbers(features, name(), "features");
  }

  /// What the text encoder makes of every token of a text, after its final norm: what diffusion
  /// models are conditioned on.
  ///
  /// @return `[80, C]`, padding included
  public Features textStates(String text) {
    try (Workspace steps = new Workspace(device(), "text states")) {
      float[] states = net.textStates(Arrays.copyOf(textIds(text), TEXT_TOKENS), steps);
      return new Features(List.of(states), TEXT_TOKENS, config().qllama().hiddenSize());
    }
  }

  /// The ids of a text, its first and its last token included, without padding; what is too long is
  /// cut before the last one.
  public int[] textIds(String text) {
    int[] ids = promptIds(INSTRUCTION + text);
    int[] cut = Arrays.copyOf(ids, Math.min(ids.length, TEXT_TOKENS - 1) + 1);
    cut[cut.length - 1] = end;
    return cut;
  }

  /// Without the token that ends a text, whether the tokenizer's files add it or not.
  int[] promptIds(String text) {
    int[] ids = tokenizer.encode(PromptText.literal(text));
    boolean ends = ids.length > 0 && ids[ids.length - 1] == end;
    return ends ? Arrays.copyOf(ids, ids.length - 1) : ids;
  }

  // ---- captions

  /// What is on a picture, in a sentence.
  ///
  /// @param tiles one of the model's side
  /// @throws IllegalArgumentException if the options ask for more tokens than the context has
  public String caption(Tiles tiles, CaptionOptions options) {
    int[] prompt = promptIds(options.prompt());
    requireFits(prompt.length, options.maxNewTokens());
    try (Workspace steps = new Workspace(device(), "caption")) {
      Tensor seen = see(tiles, 0, steps);
      int[] ids = net.caption(name(), seen, prompt, options, end, steps);
      return tokenizer.decode(ids, Specials.SKIP).strip();
    }
  }

  private void requireFits(int prompt, int most) {
    int context = config().qllama().context();
    int queries = config().numQueryToken();
    if ((long) queries + prompt + most > context) {
      throw new IllegalArgumentException(
          "caption: %d queries, a prompt of %d tokens and %d new ones are more than the context of %d; at most %d new ones fit"
              .formatted(queries, prompt, most, context, Math.max(0, context - queries - prompt)));
    }
  }

  // ---- for those who verify

  ContrastiveNet net() {
    return net;
  }

  @Override
  public void close() {
    resources.close();
  }
}
