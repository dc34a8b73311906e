package org.internvl4j.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.chat.ChatTemplate;
import org.internvl4j.models.chat.Marks;
import org.internvl4j.models.constraint.TokenTrie;
import org.internvl4j.models.image.Padding;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.internvl.Adapters;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.Stages;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.models.text.Tokenizers;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// An InternVL that looks at pictures and answers questions about them.
///
/// Weights are mapped, not read: tables in the checkpoint's files, matrices in one that keeps them
/// as the device wants them, which is made the first time ([OpenOptions#cache]). Several threads
/// may use one model at a time, each with its own [Conversation]: their kernels take turns. The
/// caller closes it, after its conversations.
public final class VisionLanguageModel implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(VisionLanguageModel.class.getName());
  private static final Pattern TOWER_BLOCK =
      Pattern.compile("vision_model\\.encoder\\.layers\\.(\\d+)\\..*");

  private final Resources resources;
  private final InternVl net;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final long parameters;
  private final PicturePlaces places;
  private @Nullable TokenTrie tokens; // made when the first constraint comes

  private VisionLanguageModel(
      Resources resources,
      InternVl net,
      Tokenizer tokenizer,
      ChatTemplate template,
      long parameters) {
    this.resources = resources;
    this.net = net;
    this.tokenizer = tokenizer;
    this.template = template;
    this.parameters = parameters;
    this.places = places(net.config(), tokenizer, resources.checkpoint());
  }

  private static PicturePlaces places(
      InternVlConfig config, Tokenizer tokenizer, Checkpoint checkpoint) {
    return switch (config.layout()) {
      case CHAT_MODEL, TRANSFORMERS ->
          new PicturePlaces.Tokens(tokenizer, imageToken(tokenizer, checkpoint));
      case LLAVA -> new PicturePlaces.Gaps(tokenizer);
    };
  }

  /// The token that a tile is many of; config.json need not say it, but must not contradict.
  private static int imageToken(Tokenizer tokenizer, Checkpoint checkpoint) {
    int id =
        tokenizer
            .id(Marks.CONTEXT)
            .orElseThrow(() ->
                new CheckpointException(
                    checkpoint.name(), "its tokenizer has no token " + Marks.CONTEXT));
    if (checkpoint.config().getInt("image_token_id", id) != id) {
      throw checkpoint
          .config()
          .at("image_token_id")
          .wrong(id + ", which is " + Marks.CONTEXT + " in the tokenizer's files");
    }
    return id;
  }

  /// Opens a model on the best device there is.
  ///
  /// @param folder config.json, tokenizer files and `*.safetensors` or `pytorch_model*.bin`
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is a kind of model that is not supported
  public static VisionLanguageModel open(Path folder) {
    return open(Checkpoint.open(folder), OpenOptions.DEFAULT);
  }

  /// Opens a model.
  ///
  /// @param checkpoint belongs to the model from now on, also if opening fails
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is a kind of model that is not supported
  public static VisionLanguageModel open(Checkpoint checkpoint, OpenOptions options) {
    Resources resources = new Resources(checkpoint);
    try (Adapters adapters = new Adapters(options.adapters())) {
      InternVlConfig config = InternVlConfig.of(checkpoint);
      ChatTemplate template = template(config, checkpoint);
      Tokenizer tokenizer = Tokenizers.load(checkpoint::file);
      WeightSource source = source(resources, config, adapters, options);
      List<Device> devices =
          resources.open(adapters.merges() ? options.withoutCache() : options, source);
      int blocks = options.wholeTower() ? config.vision().numHiddenLayers() : config.visionBlocks();
      Stages stages = Stages.of(source, config, blocks, devices.size());
      Weights w = resources.weights(source, stages::of);
      InternVl net = InternVl.load(config, blocks, options.weights(), w);
      resources.finish();
      w.warnUnread(name -> behind(name, blocks));
      VisionLanguageModel model =
          new VisionLanguageModel(resources, net, tokenizer, template, parameters(source));
      LOG.log(
          System.Logger.Level.DEBUG,
          "{0} on {1}; layers: {2}",
          model.name(),
          model.description(),
          stages);
      return model;
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private static long parameters(WeightSource source) {
    return source.names().stream().mapToLong(name -> source.info(name).elements()).sum();
  }

  /// The numbers of the weights, by the names that a model asks for.
  private static WeightSource source(
      Resources resources, InternVlConfig config, Adapters adapters, OpenOptions options) {
    WeightSource plain = resources.numbers(options);
    WeightSource model = config.layout().relaid(Adapters.unwrapped(plain));
    Predicate<String> fewerBits =
        name ->
            !model.reading(name).isEmpty()
                || (options.weights() != WeightFormat.STORED && name.startsWith("language_model."));
    return adapters.over(resources.checkpoint(), model, config, fewerBits, options.threads());
  }

  private static ChatTemplate template(InternVlConfig config, Checkpoint checkpoint) {
    ChatTemplate named = ChatTemplate.of(config.template());
    ChatTemplate template =
        switch (config.layout()) {
          case CHAT_MODEL -> named.withSystemMessageOf(checkpoint.file("conversation.py"));
          case TRANSFORMERS -> named.adaptedTo(checkpoint::file);
          case LLAVA -> named;
        };
    String message = config.systemMessage();
    return message == null ? template : template.withSystemMessage(message);
  }

  /// Whether a weight belongs to a tower block that feeds nothing, or to a table that is computed.
  private static boolean behind(String weight, int blocks) {
    Matcher m = TOWER_BLOCK.matcher(weight);
    return (m.matches() && Integer.parseInt(m.group(1)) >= blocks)
        || weight.endsWith("rotary_emb.inv_freq");
  }

  /// Name of the checkpoint, for people.
  public String name() {
    return resources.checkpoint().name();
  }

  /// Numbers of its weights, whatever bits they are stored in; those of adapters beside them are
  /// not counted.
  public long parameters() {
    return parameters;
  }

  /// Bytes of its weights, as the checkpoint stores them.
  public long weightBytes() {
    return resources.checkpoint().tensorBytes();
  }

  /// What most of its weights are stored as, by bytes: `BF16`.
  public String weightType() {
    Checkpoint checkpoint = resources.checkpoint();
    Map<String, Long> bytes = new TreeMap<>();
    for (String name : checkpoint.names()) {
      SafeTensors.TensorInfo weight = checkpoint.info(name);
      bytes.merge(weight.dtype(), weight.bytes(), Long::sum);
    }
    return bytes.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse("");
  }

  public InternVlConfig config() {
    return net.config();
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Where pictures go in: the first of [#devices].
  public Device device() {
    return devices().getFirst();
  }

  /// What computes, in the order in which activations pass.
  public List<Device> devices() {
    return resources.devices();
  }

  /// What was found and chosen to compute on, in one line for people.
  public String description() {
    return devices().stream().map(Device::description).collect(Collectors.joining("; "));
  }

  /// How this model cuts pictures.
  public Tiling tiling() {
    return config().tiling();
  }

  /// Tokens that a conversation may have, answers included.
  public int context() {
    return config().language().context();
  }

  /// Asks one question, greedy.
  public Answer ask(String question, Picture... pictures) {
    return ask(Question.of(question, pictures), Generation.GREEDY, AnswerListener.NONE);
  }

  /// Asks one question; see [Conversation#ask(Question, Generation, AnswerListener)].
  public Answer ask(Question question, Generation options, AnswerListener listener) {
    try (Conversation conversation = conversation()) {
      return conversation.ask(question, options, listener);
    }
  }

  /// Asks several questions that have nothing to do with each other; all answers grow together, one
  /// pass over the weights a token. [Generation#lookup] is for single answers and not used.
  ///
  /// @return the answers in the order of the questions; their timings are those of the whole batch
  /// @throws PromptTooLongException if one of them does not fit the context; none is answered then
  public List<Answer> askAll(List<Question> questions, Generation options) {
    try (Batch batch = new Batch(this)) {
      return batch.ask(questions, options);
    }
  }

  /// A new conversation; the caller closes it before the model.
  public Conversation conversation() {
    return new Conversation(this);
  }

  /// What answers that are made at the same time share; the caller closes it before the model.
  public Session session(SessionOptions options) {
    return new Session(this, options);
  }

  /// What the vision tower makes of tiles: output of its last block, `[N, 1 + P, C]`, class token
  /// first.
  ///
  /// @throws IllegalStateException if the model was opened without [OpenOptions#wholeTower] and
  ///   lacks blocks for it
  public Features visionFeatures(Tiles tiles) {
    int blocks = config().vision().numHiddenLayers();
    if (blocks > net.tower().blocks()) {
      throw new IllegalStateException(
          "features: only "
              + net.tower().blocks()
              + " of "
              + blocks
              + " blocks are loaded; open the model with OpenOptions.DEFAULT.withWholeTower()");
    }
    return features(tiles, blocks, false);
  }

  /// What the decoder gets to see of tiles: projected image tokens, `[N, P/4, C]`.
  public Features imageTokens(Tiles tiles) {
    return features(tiles, config().visionBlocks(), true);
  }

  private Features features(Tiles tiles, int blocks, boolean projected) {
    try (Workspace steps = new Workspace(device(), "features")) {
      List<float[]> values = new ArrayList<>();
      int rows = 0;
      int columns = 0;
      for (int i = 0; i < tiles.count(); i++) {
        steps.reset();
        Tensor pixels = steps.of(tiles.pixels(i), 1, 3, tiles.side(), tiles.side());
        Tensor x = net.tower().forward(pixels, blocks, h -> {});
        x = projected ? net.projector().forward(x) : x;
        rows = x.dim(1);
        columns = x.dim(2);
        values.add(x.toFloats());
      }
      return new Features(values, rows, columns);
    }
  }

  @Override
  public void close() {
    resources.close();
  }

  // ---- for conversations

  InternVl net() {
    return net;
  }

  ChatTemplate template() {
    return template;
  }

  PicturePlaces places() {
    return places;
  }

  /// The id at every place that an image token goes to.
  int imageToken() {
    return places.id();
  }

  long regime(int length) {
    return net.decoder().rope().regime(length);
  }

  Sequence sequence(Prompt prompt, KvCache cache, Generation options, AnswerListener listener) {
    return sequence(prompt, cache, options, context(), listener);
  }

  /// @param context tokens that prompt and answer may have together
  Sequence sequence(
      Prompt prompt, KvCache cache, Generation options, int context, AnswerListener listener) {
    return new Sequence(
        name(),
        prompt,
        cache,
        options,
        context,
        template.stop(),
        tokenizer,
        this::tokens,
        listener);
  }

  /// @throws IllegalArgumentException if its answers cannot be held to a constraint, saying why
  void requireTokens() {
    tokens();
  }

  /// What constraints are checked with.
  private synchronized TokenTrie tokens() {
    TokenTrie made = tokens;
    if (made == null) {
      made = TokenTrie.of(tokenizer, net.decoder().head().out());
      tokens = made;
    }
    return made;
  }

  /// Tokens that a prompt and its answer may need.
  int room(Prompt prompt, Generation options) {
    return (int) Math.min(context(), (long) prompt.length() + options.maxNewTokens());
  }

  /// The pictures of a question, cut.
  List<Tiles> tiles(Question question) {
    List<Tiles> tiles = new ArrayList<>();
    for (Question.Image image : question.images()) {
      tiles.add(
          switch (image) {
            case Question.Image.Whole(Picture picture, OptionalInt own) ->
                tiling(own.isPresent() ? own : question.maxTiles())
                    .cut(padded(picture), config().normalization());
            case Question.Image.Cut cut -> cut.tiles();
          });
    }
    return tiles;
  }

  private Tiling tiling(OptionalInt maxTiles) {
    return maxTiles.isPresent() ? tiling().withMaxTiles(maxTiles.getAsInt()) : tiling();
  }

  private Picture padded(Picture picture) {
    return config().pad2square() ? Padding.toSquare(picture, config().normalization()) : picture;
  }

  void requireFits(Prompt prompt) {
    if (prompt.length() < context()) {
      return;
    }
    int pictures = prompt.tiles().size() * prompt.tokensPerTile();
    int room = (context() - 1 - (prompt.length() - pictures)) / prompt.tokensPerTile();
    String advice =
        prompt.tiles().isEmpty()
            ? "shorten it"
            : room < 1
                ? "shorten the text, " + (prompt.length() - pictures) + " tokens without pictures"
                : "at most " + room + " tiles fit, use a lower tile limit or fewer pictures";
    String share =
        prompt.tiles().isEmpty()
            ? ""
            : ", "
                + pictures
                + " of them "
                + prompt.tiles().size()
                + (prompt.tiles().size() == 1 ? " tile" : " tiles");
    throw new PromptTooLongException(
        "prompt: is "
            + prompt.length()
            + " tokens"
            + share
            + ", but the context is "
            + context()
            + "; "
            + advice,
        prompt.length(),
        context());
  }
}
