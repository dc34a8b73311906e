package org.internvl4j.serving;

/// What an [Engine] is asked to do.
public enum Operation {
  /// To answer the last question of a dialogue.
  CHAT,

  /// To answer one prompt: the same, asked for as the end of a text, and counted apart.
  COMPLETION,

  /// To read a text, its pictures included, for what it is about, and to answer nothing:
  /// [org.internvl4j.models.Session#prepareEmbedding].
  EMBEDDING
}
