package org.internvl4j.langchain4j;

import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.Engine;
import org.jspecify.annotations.Nullable;

/// A model of this process as LangChain4j's embedding model: texts and pictures as vectors of one
/// space and of length 1.
///
/// InternVL-14B was trained for it: a text finds pictures and a picture finds texts. An input is a
/// text or a picture then, not both; a text of more than [ContrastiveModel#TEXT_TOKENS] tokens is
/// cut, a whole picture is squeezed into a square.
///
/// A chat model was not: near ones are alike in words and looks more than in meaning. An input may
/// have several texts and pictures that belong together, as long as the model's context.
///
/// Any thread may call it. The application closes it, which closes what the builder was told to
/// open and nothing else.
public final class InternVlEmbeddingModel implements EmbeddingModel, AutoCloseable {
  private final Embedder embedder;
  private final List<EmbeddingModelListener> listeners;

  private InternVlEmbeddingModel(Embedder embedder, List<EmbeddingModelListener> listeners) {
    this.embedder = embedder;
    this.listeners = List.copyOf(listeners);
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    try {
      Embedder.Embedded embedded = embedder.embed(request.inputs());
      return EmbeddingResponse.builder()
          .embeddings(embedded.embeddings())
          .modelName(modelName())
          .tokenUsage(new TokenUsage(embedded.tokens(), 0))
          .build();
    } catch (RuntimeException e) {
      throw Failures.of(e);
    }
  }

  @Override
  public Set<ContentType> supportedContentTypes() {
    return Set.of(ContentType.TEXT, ContentType.IMAGE);
  }

  @Override
  public List<EmbeddingModelListener> listeners() {
    return listeners;
  }

  @Override
  public int dimension() {
    return embedder.dimension();
  }

  @Override
  public String modelName() {
    return embedder.name();
  }

  @Override
  public void close() {
    embedder.close();
  }

  /// Needs one of [#modelFolder], [#model] and [#engine].
  public static final class Builder {
    private @Nullable Path folder;
    private @Nullable ContrastiveModel model;
    private @Nullable Engine engine;
    private @Nullable VisionLanguageModel engineModel;
    private ContrastiveModel.Mode mode = ContrastiveModel.Mode.C;
    private PictureOptions pictureOptions = PictureOptions.DEFAULT;
    private @Nullable PictureLoader pictureLoader;
    private List<EmbeddingModelListener> listeners = List.of();

    private Builder() {}

    /// @param folder of InternVL-14B; opened by [#build] and closed by the embedding model
    public Builder modelFolder(Path folder) {
      this.folder = folder;
      return this;
    }

    /// @param model the application's, which closes it after the embedding model
    public Builder model(ContrastiveModel model) {
      this.model = model;
      return this;
    }

    /// A chat model reads the inputs, beside all that is asked over the same engine.
    ///
    /// @param engine the application's, which closes it after the embedding model
    /// @param model over which the engine is
    public Builder engine(Engine engine, VisionLanguageModel model) {
      this.engine = engine;
      this.engineModel = model;
      return this;
    }

    /// @param mode how a picture becomes a vector of InternVL-14B; C if it is left out
    public Builder mode(ContrastiveModel.Mode mode) {
      this.mode = mode;
      return this;
    }

    /// Limits of the pictures that inputs bring.
    public Builder pictureOptions(PictureOptions options) {
      this.pictureOptions = options;
      return this;
    }

    /// @param loader gets pictures that inputs name by an address; without one they are refused
    public Builder pictureLoader(PictureLoader loader) {
      this.pictureLoader = loader;
      return this;
    }

    public Builder listeners(List<EmbeddingModelListener> listeners) {
      this.listeners = listeners;
      return this;
    }

    /// @throws IllegalArgumentException if there is not exactly one of folder, model and engine
    public InternVlEmbeddingModel build() {
      return new InternVlEmbeddingModel(embedder(), listeners);
    }

    private Embedder embedder() {
      int given = (folder == null ? 0 : 1) + (model == null ? 0 : 1) + (engine == null ? 0 : 1);
      PictureReader pictures = new PictureReader(pictureOptions, pictureLoader);
      if (given == 1) {
        if (model != null) {
          return new ContrastiveEmbedder(model, mode, pictures, false);
        }
        if (folder != null) {
          return new ContrastiveEmbedder(ContrastiveModel.open(folder), mode, pictures, true);
        }
        if (engine != null && engineModel != null) {
          OpenEngine open = new OpenEngine(engine, engineModel.name(), false, null);
          int dimension = engineModel.config().language().hiddenSize();
          return new StateEmbedder(open, dimension, pictures);
        }
      }
      throw new IllegalArgumentException(
          "builder: has "
              + given
              + " of modelFolder, model and engine, expected exactly one to say which model embeds");
    }
  }
}
