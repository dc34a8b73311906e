package org.internvl4j.spark;

import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is asked of a model, as words: they travel to executors as they are.
///
/// Immutable.
final class Options implements Serializable {
  private static final long serialVersionUID = 1;

  /// Options of the model and how it is computed.
  private static final Set<String> MODEL =
      Set.of("model", "device", "weights", "threads", "oriented", "max_pixels");

  /// Options of answers.
  private static final Set<String> ANSWERS =
      Set.of(
          "prompt",
          "system",
          "max_tiles",
          "max_tokens",
          "temperature",
          "top_k",
          "top_p",
          "repetition_penalty",
          "seed",
          "schema");

  private final TreeMap<String, String> values;

  private Options(Map<String, String> values) {
    this.values = new TreeMap<>(values);
  }

  /// Options of a task that answers.
  ///
  /// @throws IllegalArgumentException if one is not known, or there is no model
  static Options ofAnswers(Map<String, String> values) {
    return of(values, ANSWERS);
  }

  /// Options of another task.
  ///
  /// @param own those that it has beside the model's
  /// @throws IllegalArgumentException if one is not known, or there is no model
  static Options of(Map<String, String> values, Set<String> own) {
    Set<String> known = new TreeSet<>(MODEL);
    known.addAll(own);
    for (String name : values.keySet()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "internvl: option " + name + " is not known, expected one of " + known);
      }
    }
    if (values.getOrDefault("model", "").isBlank()) {
      throw new IllegalArgumentException(
          "internvl: option model is missing, expected a folder, a file that was added, or the name"
              + " of a model in the Hugging Face cache");
    }
    return new Options(values);
  }

  /// Those of the model alone.
  static Map<String, String> ofModel(Map<String, String> values) {
    Map<String, String> model = new TreeMap<>(values);
    model.keySet().retainAll(MODEL);
    return model;
  }

  @Nullable String find(String name) {
    return values.get(name);
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /// @throws IllegalArgumentException if it is no such number
  long number(String name, long otherwise, long least) {
    String text = values.get(name);
    try {
      long number = text == null ? otherwise : Long.parseLong(text.strip());
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw wrong(name, text, "a whole number of at least " + least);
  }

  /// @throws IllegalArgumentException if it is no number
  float fraction(String name, float otherwise) {
    String text = values.get(name);
    try {
      return text == null ? otherwise : Float.parseFloat(text.strip());
    } catch (NumberFormatException e) {
      throw wrong(name, text, "a number");
    }
  }

  static IllegalArgumentException wrong(String name, @Nullable String found, String expected) {
    return new IllegalArgumentException(
        "internvl: option " + name + " is " + found + ", expected " + expected);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Options options && values.equals(options.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
