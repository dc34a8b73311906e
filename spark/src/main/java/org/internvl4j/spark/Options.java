package org.internvl4j.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is asked of a model, as words: they travel to executors as they are.
///
/// Immutable.
final class Options implements Serializable {
  private static final long serialVersionUID = 1;

  /// Options of the model and how it is computed.
  private static final Set<String> MODEL =
      Set.of("model", "device", "weights", "threads", "oriented", "max_pixels", "in_flight");

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
    return checked(values, ANSWERS);
  }

  /// Options of another task.
  ///
  /// @param own those that it has beside the model's
  /// @throws IllegalArgumentException if one is not known, or there is no model
  static Options of(Map<String, String> values, Set<String> own) {
    return checked(values, own);
  }

  private static Options checked(Map<String, String> values, Set<String> own) {
    for (String name : values.keySet()) {
      if (!MODEL.contains(name) && !own.contains(name)) {
        Map<String, String> known = new TreeMap<>();
        MODEL.forEach(o -> known.put(o, ""));
        own.forEach(o -> known.put(o, ""));
        throw new IllegalArgumentException(
            "internvl: option " + name + " is not known, expected one of " + known.keySet());
      }
    }
    if (values.getOrDefault("model", "").isBlank()) {
      throw new IllegalArgumentException(
          "internvl: option model is missing, expected a folder, a file that was added, or the name"
              + " of a model in the Hugging Face cache");
    }
    return new Options(values);
  }

  /// The same with one more.
  Options with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(values);
    more.put(name, value);
    return new Options(more);
  }

  /// The same without one.
  Options without(String name) {
    Map<String, String> fewer = new LinkedHashMap<>(values);
    fewer.remove(name);
    return new Options(fewer);
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
