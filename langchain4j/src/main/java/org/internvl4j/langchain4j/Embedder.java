package org.internvl4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import java.util.List;

/// What makes vectors of texts and pictures.
interface Embedder extends AutoCloseable {
  /// What was made.
  ///
  /// @param embeddings of length 1, in the order of the inputs
  /// @param tokens that were read for them
  record Embedded(List<Embedding> embeddings, int tokens) {}

  Embedded embed(List<EmbeddingInput> inputs);

  /// Numbers of a vector.
  int dimension();

  /// What the model is called.
  String name();

  @Override
  void close();
}
