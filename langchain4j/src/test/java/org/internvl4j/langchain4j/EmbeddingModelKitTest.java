package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// LangChain4j's own tests of an embedding model, and some of ours, against a small random
/// InternVL-14B.
///
/// Exceptions, and why:
/// - `inputType` and `dimensions` are refused, as the kit then wants: the model has one kind of
///   vector, of one length.
/// - A text and a picture have a vector each and none together, so interleaved input is refused;
///   the kit has no test of that, so [#refusesInputsOfSeveralContents] is it.
/// - Its picture comes from the class path, not from the network.
class EmbeddingModelKitTest extends AbstractEmbeddingModelIT {
  private static final ContrastiveModel MODEL =
      ContrastiveModel.open(
          Checkpoint.open(Fixtures.folder("internvl-14b-224px")),
          OpenOptions.DEFAULT.withDevice("cpu").withoutCache());

  @AfterAll
  static void close() {
    MODEL.close();
  }

  @Override
  protected List<EmbeddingModel> models() {
    return List.of(InternVlEmbeddingModel.builder().model(MODEL).build());
  }

  @Override
  protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
    return InternVlEmbeddingModel.builder().model(MODEL).listeners(List.of(listener)).build();
  }

  /// One that was closed.
  @Override
  protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
    InternVlEmbeddingModel model =
        InternVlEmbeddingModel.builder()
            .modelFolder(Fixtures.folder("internvl-14b-224px"))
            .listeners(List.of(listener))
            .build();
    model.close();
    return model;
  }

  @Override
  protected boolean supportsInputTypeParameter() {
    return false;
  }

  @Override
  protected boolean supportsDimensionsParameter() {
    return false;
  }

  @Override
  protected boolean supportsInterleavedInput() {
    return false;
  }

  @Override
  protected ImageContent catImage() {
    return Toy.catImage();
  }

  // ---- ours

  @Test
  void mixesTextsAndPicturesInTheirOrder() {
    List<String> asked = new ArrayList<>();
    InternVlEmbeddingModel model =
        InternVlEmbeddingModel.builder()
            .model(MODEL)
            .mode(ContrastiveModel.Mode.G)
            .pictureLoader(url -> {
              asked.add(url.toString());
              return Toy.cat();
            })
            .build();
    EmbeddingRequest request =
        EmbeddingRequest.builder()
            .input("a cat")
            .input(ImageContent.from("https://example.org/cat.jpg"))
            .input("a dog")
            .build();
    List<Embedding> embeddings = model.embed(request).embeddings();
    assertThat(asked).containsExactly("https://example.org/cat.jpg");
    assertThat(embeddings)
        .containsExactly(
            model.embed("a cat").content(),
            model
                .embed(EmbeddingRequest.builder().input(catImage()).build())
                .embeddings()
                .getFirst(),
            model.embed("a dog").content());
    for (Embedding embedding : embeddings) {
      double square = 0;
      for (float x : embedding.vector()) {
        square += x * x;
      }
      assertThat(square).isEqualTo(1, within(1e-5));
    }
  }

  @Test
  void refusesInputsOfSeveralContents() {
    EmbeddingRequest request =
        EmbeddingRequest.builder().input(TextContent.from("a cat"), catImage()).build();
    assertThatThrownBy(() -> models().getFirst().embed(request))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessage(
            "embedding: inputs of 2 contents are not supported, give each text and each picture an"
                + " input of its own");
  }

  @Test
  void needsOneModel() {
    assertThatThrownBy(() -> InternVlEmbeddingModel.builder().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "builder: has 0 of modelFolder, model and engine, expected exactly one to say which model"
                + " embeds");
  }
}
