package org.internvl4j.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineOptions;
import org.jspecify.annotations.Nullable;

/// Builds a chat model. It needs one of [#modelFolder], [#model] and [#engine]; all else may be
/// left out, and is then as in the published examples: the likeliest token each time, 1,024 at
/// most, as many tiles as the checkpoint says.
///
/// Who opens closes: [#modelFolder] is opened, and closed, by the chat model. A [#model] stays the
/// application's, the chat model makes and closes only its engine. An [#engine] stays the
/// application's altogether: several chat models over one engine share the weights, the memory and
/// each other's passes over the weights.
///
/// @param <M> what is built
public final class InternVlModelBuilder<M> {
  private final Function<Chat, M> result;
  private final InternVlChatRequestParameters.Builder parameters =
      InternVlChatRequestParameters.builder();
  private @Nullable Path folder;
  private OpenOptions openOptions = OpenOptions.DEFAULT;
  private EngineOptions engineOptions = EngineOptions.DEFAULT;
  private @Nullable VisionLanguageModel model;
  private @Nullable Engine engine;
  private String engineName = "";
  private PictureOptions pictureOptions = PictureOptions.DEFAULT;
  private @Nullable PictureLoader pictureLoader;
  private @Nullable Duration timeout;
  private List<ChatModelListener> listeners = List.of();

  InternVlModelBuilder(Function<Chat, M> result) {
    this.result = result;
  }

  /// @param folder config.json, tokenizer files and weights; opened by [#build]
  public InternVlModelBuilder<M> modelFolder(Path folder) {
    this.folder = folder;
    return this;
  }

  /// How [#modelFolder] is opened: device, threads, fewer bits, adapters.
  public InternVlModelBuilder<M> openOptions(OpenOptions options) {
    this.openOptions = options;
    return this;
  }

  /// What the engine over [#modelFolder] or [#model] may take.
  public InternVlModelBuilder<M> engineOptions(EngineOptions options) {
    this.engineOptions = options;
    return this;
  }

  /// @param model the application's, which closes it after the chat model
  public InternVlModelBuilder<M> model(VisionLanguageModel model) {
    this.model = model;
    return this;
  }

  /// @param engine the application's, which closes it when no chat model needs it any longer
  /// @param modelName what its model is called: [VisionLanguageModel#name()]
  public InternVlModelBuilder<M> engine(Engine engine, String modelName) {
    this.engine = engine;
    this.engineName = modelName;
    return this;
  }

  /// @param temperature 0 takes the likeliest token; above 0 draws, the higher the wilder
  public InternVlModelBuilder<M> temperature(Double temperature) {
    parameters.temperature(temperature);
    return this;
  }

  /// @param topP draw among the fewest likeliest tokens whose probabilities reach it
  public InternVlModelBuilder<M> topP(Double topP) {
    parameters.topP(topP);
    return this;
  }

  /// @param topK draw among so many likeliest tokens; 0 for all
  public InternVlModelBuilder<M> topK(Integer topK) {
    parameters.topK(topK);
    return this;
  }

  /// @param maxTokens most tokens of an answer
  public InternVlModelBuilder<M> maxTokens(Integer maxTokens) {
    parameters.maxOutputTokens(maxTokens);
    return this;
  }

  /// @param stop texts that end an answer where they begin
  public InternVlModelBuilder<M> stopSequences(List<String> stop) {
    parameters.stopSequences(stop);
    return this;
  }

  /// @param seed 0 if it is left out: the same request gets the same answer
  public InternVlModelBuilder<M> seed(Long seed) {
    parameters.seed(seed);
    return this;
  }

  /// @param penalty above 1 makes tokens of an answer less likely to come again
  public InternVlModelBuilder<M> repetitionPenalty(Double penalty) {
    parameters.repetitionPenalty(penalty);
    return this;
  }

  /// @param penalty taken from tokens for each time that an answer has said them
  public InternVlModelBuilder<M> frequencyPenalty(Double penalty) {
    parameters.frequencyPenalty(penalty);
    return this;
  }

  /// @param penalty taken from tokens that an answer has said, however often
  public InternVlModelBuilder<M> presencePenalty(Double penalty) {
    parameters.presencePenalty(penalty);
    return this;
  }

  /// @param format JSON, of a schema or any, where a request says nothing else
  public InternVlModelBuilder<M> responseFormat(ResponseFormat format) {
    parameters.responseFormat(format);
    return this;
  }

  /// @param client who asks: where requests wait, one of each client gets its turn after the other
  public InternVlModelBuilder<M> client(String client) {
    parameters.client(client);
    return this;
  }

  /// @param maxTiles most tiles a picture, the thumbnail not counted
  public InternVlModelBuilder<M> maxTiles(Integer maxTiles) {
    parameters.maxTiles(maxTiles);
    return this;
  }

  /// All that requests may say, at once; values that were set before and are not in there stay.
  public InternVlModelBuilder<M> defaultRequestParameters(ChatRequestParameters defaults) {
    parameters.overrideWith(defaults);
    return this;
  }

  /// Limits of the pictures that messages bring.
  public InternVlModelBuilder<M> pictureOptions(PictureOptions options) {
    this.pictureOptions = options;
    return this;
  }

  /// @param loader gets pictures that messages name by an address; without one they are refused
  public InternVlModelBuilder<M> pictureLoader(PictureLoader loader) {
    this.pictureLoader = loader;
    return this;
  }

  /// @param timeout how long an answer may take, its place in the queue included
  public InternVlModelBuilder<M> timeout(Duration timeout) {
    this.timeout = timeout;
    return this;
  }

  public InternVlModelBuilder<M> listeners(List<ChatModelListener> listeners) {
    this.listeners = listeners;
    return this;
  }

  /// @throws IllegalArgumentException if there is not exactly one of folder, model and engine, or a
  ///   value is outside its range, naming it
  /// @throws UnsupportedFeatureException if a default is none that the model understands
  public M build() {
    Parameters.generation(parameters.build()); // ranges, before anything is opened
    OpenEngine source = source();
    try {
      Parameters.check(parameters.build(), source.name());
      InternVlChatRequestParameters defaults = parameters.modelName(source.name()).build();
      PictureReader pictures = new PictureReader(pictureOptions, pictureLoader);
      return result.apply(new Chat(source, defaults, pictures, timeout, listeners));
    } catch (RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  private OpenEngine source() {
    int given = (folder == null ? 0 : 1) + (model == null ? 0 : 1) + (engine == null ? 0 : 1);
    if (given == 1) {
      if (folder != null) {
        return OpenEngine.of(folder, openOptions, engineOptions);
      }
      if (model != null) {
        return OpenEngine.of(model, engineOptions);
      }
      if (engine != null) {
        return new OpenEngine(engine, engineName, false, null);
      }
    }
    throw new IllegalArgumentException(
        "builder: has "
            + given
            + " of modelFolder, model and engine, expected exactly one to say which model answers");
  }
}
