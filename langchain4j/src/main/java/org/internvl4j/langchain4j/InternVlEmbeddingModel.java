package org.internvl4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// InternVL-14B of this process as LangChain4j's embedding model: texts and pictures as vectors of
/// one space and of length 1, so that a text finds pictures and a picture finds texts.
///
/// An input is a text or a picture, not both. A text of more than [ContrastiveModel#TEXT_TOKENS]
/// tokens is cut; a whole picture is squeezed into a square. Any thread may call it. The
/// application closes it, which closes what the builder was told to open and nothing else.
public final class InternVlEmbeddingModel implements EmbeddingModel, AutoCloseable {
  private final ContrastiveModel model;
  private final boolean ownModel;
  private final ContrastiveModel.Mode mode;
  private final PictureReader pictures;
  private final List<EmbeddingModelListener> listeners;

  private InternVlEmbeddingModel(Builder builder, ContrastiveModel model) {
    this.model = model;
    this.ownModel = model != builder.model;
    this.mode = builder.mode;
    this.pictures = new PictureReader(builder.pictureOptions, builder.pictureLoader);
    this.listeners = List.copyOf(builder.listeners);
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    try {
      return embedded(request.inputs());
    } catch (RuntimeException e) {
      throw Failures.of(e);
    }
  }

  private EmbeddingResponse embedded(List<EmbeddingInput> inputs) {
    List<String> texts = new ArrayList<>();
    List<Integer> places = new ArrayList<>(); // of the texts
    List<@Nullable Embedding> embeddings = new ArrayList<>();
    int images = 0;
    for (EmbeddingInput input : inputs) {
      Content content = only(input);
      if (content instanceof ImageContent image) {
        embeddings.add(embed(pictures.read(image.image(), ++images)));
      } else if (content instanceof TextContent text) {
        places.add(embeddings.size());
        texts.add(text.text());
        embeddings.add(null);
      }
    }
    List<float[]> features = model.textFeatures(texts);
    for (int i = 0; i < features.size(); i++) {
      embeddings.set(places.get(i), unit(features.get(i)));
    }
    int tokens = texts.stream().mapToInt(text -> model.textIds(text).length).sum();
    return EmbeddingResponse.builder()
        .embeddings(embeddings)
        .modelName(modelName())
        .tokenUsage(new TokenUsage(tokens, 0))
        .build();
  }

  private static Content only(EmbeddingInput input) {
    if (input.contents().size() != 1) {
      throw new UnsupportedFeatureException(
          "embedding: inputs of "
              + input.contents().size()
              + " contents are not supported, give each text and each picture an input of its own");
    }
    return input.contents().getFirst();
  }

  /// A picture that was read already.
  public Embedding embed(Picture picture) {
    return unit(model.imageFeatures(model.squeezed(picture), mode).getFirst());
  }

  private static Embedding unit(float[] features) {
    Embedding embedding = Embedding.from(features);
    embedding.normalize();
    return embedding;
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
    return model.config().clipEmbedDim();
  }

  @Override
  public String modelName() {
    return model.name();
  }

  @Override
  public void close() {
    if (ownModel) {
      model.close();
    }
  }

  /// Needs one of [#modelFolder] and [#model].
  public static final class Builder {
    private @Nullable Path folder;
    private @Nullable ContrastiveModel model;
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

    /// @param mode how a picture becomes a vector; C if it is left out
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

    /// @throws IllegalArgumentException if there is not exactly one of folder and model
    public InternVlEmbeddingModel build() {
      if (model != null && folder == null) {
        return new InternVlEmbeddingModel(this, model);
      }
      if (folder != null && model == null) {
        return new InternVlEmbeddingModel(this, ContrastiveModel.open(folder));
      }
      throw new IllegalArgumentException(
          "builder: has "
              + (folder == null ? "neither modelFolder nor model" : "both modelFolder and model")
              + ", expected exactly one to say which model embeds");
    }
  }
}
