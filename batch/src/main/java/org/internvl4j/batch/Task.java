package org.internvl4j.batch;

import java.util.Locale;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.internvl4j.models.grounding.Grounding;
import org.jspecify.annotations.Nullable;

/// What is done with every row. Immutable.
public sealed interface Task {
  /// Writes what tells it from every other one: fields of the object that was begun last.
  void describe(JsonWriter json);

  /// A chat model answers a question about the pictures of each row.
  ///
  /// @param prompt for rows that have none of their own; empty if all must have one
  /// @param pointing whether the answer points at things: its boxes are a result of their own
  /// @param system in place of the model's own message; null for that
  /// @param maxTiles most tiles a picture; 0 for the model's
  /// @param generation how answers are chosen; what they must look like is `schema`'s to say
  /// @param schema JSON Schema that answers are held to ([Constraint#schema(String)]); null for
  ///   none
  record Asking(
      String prompt,
      boolean pointing,
      @Nullable String system,
      int maxTiles,
      Generation generation,
      @Nullable String schema)
      implements Task {
    /// Every row asks for itself.
    public static final String NONE = "";

    /// What models were taught to answer at length.
    public static final String DESCRIBE = "Please describe the image in detail.";

    /// @throws IllegalArgumentException if the schema is not supported
    public Asking {
      if (schema != null) {
        generation = generation.withConstraint(Constraint.schema(schema));
      }
    }

    /// A question, answered by the likeliest tokens.
    public static Asking of(String prompt) {
      return new Asking(prompt, false, null, 0, Generation.GREEDY, null);
    }

    /// Where something is.
    ///
    /// @param what `the cat on the left`
    /// @throws IllegalArgumentException if it is blank or has a mark in it
    public static Asking find(String what) {
      return new Asking(Grounding.question(what), true, null, 0, Generation.GREEDY, null);
    }

    @Override
    public void describe(JsonWriter json) {
      json.field("kind", pointing ? "boxes" : "ask").field("prompt", prompt);
      if (system != null) {
        json.field("system", system);
      }
      if (schema != null) {
        json.field("schema", schema);
      }
      json.field("max_tiles", maxTiles)
          .field("max_tokens", generation.maxNewTokens())
          .field("temperature", generation.temperature())
          .field("top_k", generation.topK())
          .field("top_p", generation.topP())
          .field("repetition_penalty", generation.repetitionPenalty())
          .field("seed", generation.seed())
          .array("stop");
      generation.stop().forEach(json::value);
      json.end();
    }
  }

  /// Each picture becomes a vector.
  record Embedding(Vectors vectors) implements Task {
    @Override
    public void describe(JsonWriter json) {
      json.field("kind", "embed").field("vectors", vectors.word());
    }
  }

  /// What a vector is made of.
  enum Vectors {
    /// The tower's class token: the middle square of a picture, as it sees it.
    CLASS,
    /// The mean of the tower's patches.
    MEAN,
    /// InternVL-C's, in one space with texts.
    C,
    /// InternVL-G's, the same, and what queries find.
    G,
    /// The mean of a chat model's last states, over pictures and prompt.
    STATES;

    /// As people write it.
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Each picture gets the classes it resembles most, which are described in words.
  ///
  /// @param top how many of them are told
  record Classifying(ZeroShotPrompts prompts, ContrastiveModel.Mode mode, int top) implements Task {
    /// @throws IllegalArgumentException if none shall be told
    public Classifying {
      if (top < 1) {
        throw new IllegalArgumentException("task: top is " + top + ", expected at least 1");
      }
    }

    @Override
    public void describe(JsonWriter json) {
      json.field("kind", "classify").field("mode", mode.name()).field("top", top);
      json.array("classes");
      prompts.classes().forEach(json::value);
      json.end().array("templates");
      prompts.templates().forEach(json::value);
      json.end();
    }
  }
}
