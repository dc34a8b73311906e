package org.internvl4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.internvl4j.models.Question;
import org.internvl4j.serving.Client;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;

/// A chat model: texts and pictures, several in one input where they belong together, become the
/// mean of the decoder's last states ([org.internvl4j.models.Session#prepareEmbedding]).
///
/// @param dimension of those states
record StateEmbedder(OpenEngine source, int dimension, PictureReader pictures) implements Embedder {
  @Override
  public Embedded embed(List<EmbeddingInput> inputs) {
    List<Embedding> embeddings = new ArrayList<>();
    int tokens = 0;
    for (EmbeddingInput input : inputs) {
      Reply.Done done = read(question(input));
      embeddings.add(Embedding.from(done.embedding()));
      tokens += done.answer().usage().promptTokens();
    }
    return new Embedded(embeddings, tokens);
  }

  private Question question(EmbeddingInput input) {
    UserMessage said = UserMessage.from(input.contents());
    return Messages.dialogue(List.of(said), pictures, OptionalInt.empty()).question();
  }

  private Reply.Done read(Question question) {
    Reply reply = source.engine().submit(Request.embedding(question, Client.NOBODY, null));
    try {
      return reply.await();
    } catch (InterruptedException e) {
      reply.cancel();
      Thread.currentThread().interrupt();
      throw new LangChain4jException("embedding: was interrupted, and is cancelled", e);
    }
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public void close() {
    source.close();
  }
}
