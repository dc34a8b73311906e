package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import java.util.List;
import org.internvl4j.models.Question;
import org.internvl4j.serving.Client;
import org.internvl4j.serving.Request;
import org.junit.jupiter.api.Test;

/// LangChain4j's own tests of an embedding model, and some of ours, against the demo model.
///
/// Exceptions, and why:
/// - `inputType` and `dimensions` are refused, as the kit then wants: the model has one kind of
///   vector, of one length.
/// - Its picture comes from the class path, not from the network.
class StateEmbeddingKitTest extends AbstractEmbeddingModelIT {
  private final EmbeddingModel model =
      InternVlEmbeddingModel.builder().engine(Toy.ENGINE, Toy.MODEL).build();

  @Override
  protected List<EmbeddingModel> models() {
    return List.of(model);
  }

  @Override
  protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
    return InternVlEmbeddingModel.builder()
        .engine(Toy.ENGINE, Toy.MODEL)
        .listeners(List.of(listener))
        .build();
  }

  @Override
  protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
    return InternVlEmbeddingModel.builder()
        .engine(Toy.closedEngine(), Toy.MODEL)
        .listeners(List.of(listener))
        .build();
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
  protected ImageContent catImage() {
    return Toy.catImage();
  }

  // ---- ours

  /// What several inputs become, each becomes alone, and as the engine says.
  @Test
  void givesWhatTheEngineReads() throws Exception {
    EmbeddingRequest both =
        EmbeddingRequest.builder()
            .input("a red circle")
            .input(TextContent.from("a cat"), catImage())
            .build();
    List<Embedding> embeddings = model.embed(both).embeddings();
    Request alone = Request.embedding(Question.of("a red circle"), Client.NOBODY, null);
    assertThat(embeddings.getFirst().vector())
        .isEqualTo(Toy.ENGINE.submit(alone).await().embedding())
        .hasSize(model.dimension());
    assertThat(embeddings.get(1)).isNotEqualTo(model.embed("a cat").content());
  }

  @Test
  void refusesTextsLongerThanTheContext() {
    assertThatThrownBy(() -> model.embed("a red circle ".repeat(Toy.MODEL.context())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("prompt: ");
  }
}
