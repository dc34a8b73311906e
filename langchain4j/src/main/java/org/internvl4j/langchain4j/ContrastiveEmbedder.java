package org.internvl4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.ContrastiveModel;

/// InternVL-14B: a text or a picture, not both, becomes a vector.
///
/// @param mode how a picture does
/// @param ownModel whether the model is ours to close
record ContrastiveEmbedder(
    ContrastiveModel model, ContrastiveModel.Mode mode, PictureReader pictures, boolean ownModel)
    implements Embedder {
  @Override
  public Embedded embed(List<EmbeddingInput> inputs) {
    List<String> texts = new ArrayList<>();
    List<Integer> places = new ArrayList<>(); // of the texts
    Embedding[] embeddings = new Embedding[inputs.size()];
    int images = 0;
    for (int i = 0; i < embeddings.length; i++) {
      Content content = only(inputs.get(i));
      if (content instanceof ImageContent image) {
        var squeezed = model.squeezed(pictures.read(image.image(), ++images));
        embeddings[i] = unit(model.imageFeatures(squeezed, mode).getFirst());
      } else if (content instanceof TextContent text) {
        texts.add(text.text());
        places.add(i);
      }
    }
    List<float[]> features = model.textFeatures(texts);
    for (int i = 0; i < features.size(); i++) {
      embeddings[places.get(i)] = unit(features.get(i));
    }
    int tokens = texts.stream().mapToInt(text -> model.textIds(text).length).sum();
    return new Embedded(List.of(embeddings), tokens);
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

  private static Embedding unit(float[] features) {
    Embedding embedding = Embedding.from(features);
    embedding.normalize();
    return embedding;
  }

  @Override
  public int dimension() {
    return model.config().clipEmbedDim();
  }

  @Override
  public String name() {
    return model.name();
  }

  @Override
  public void close() {
    if (ownModel) {
      model.close();
    }
  }
}
