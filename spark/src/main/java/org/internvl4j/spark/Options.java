package org.internvl4j.spark;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is asked of a model, as words: they travel to executors as they are.
///
/// Immutable.
final class Options implements Serializable {
  private static final long serialVersionUID = 2;

  /// Options of the model and how it is computed.
  static final Set<String> MODEL =
      Set.of("model", "device", "weights", "threads", "oriented", "max_pixels");

  /// Options of answers.
  static final Set<String> ANSWERS =
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

  /// Options of vectors.
  static final Set<String> VECTORS = Set.of("vectors");

  /// Options of classes.
  static final Set<String> CLASSES = Set.of("mode", "top");

  private final TreeMap<String, String> values;

  private Options(Map<String, String> values) {
    this.values = new TreeMap<>(values);
  }

  /// @param given words, or what is written as words: numbers, truth values
  /// @param own those that may be there beside the model's
  /// @throws IllegalArgumentException if one is not known or has no value, or there is no model
  static Options of(Map<?, ?> given, List<Set<String>> own) {
    Set<String> known = new TreeSet<>(MODEL);
    own.forEach(known::addAll);
    Map<String, String> values = new HashMap<>();
    given.forEach((key, value) -> {
      String name = String.valueOf(key);
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "internvl: option " + name + " is not known, expected one of " + known);
      }
      if (value == null) {
        throw wrong(name, null, "a value; leave it out for what is usual");
      }
      values.put(name, value.toString());
    });
    if (values.getOrDefault("model", "").isBlank()) {
      throw new IllegalArgumentException(
          "internvl: option model is missing, expected a folder, an archive that was added, or the"
              + " name of a model in the Hugging Face cache");
    }
    return new Options(values);
  }

  /// Those of the model, and some others.
  Options only(Set<String> others) {
    Map<String, String> kept = new HashMap<>(values);
    kept.keySet().removeIf(name -> !MODEL.contains(name) && !others.contains(name));
    return new Options(kept);
  }

  @Nullable String find(String name) {
    return values.get(name);
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /// @throws IllegalArgumentException if it is no such number
  long number(String name, long otherwise, long least, long most) {
    String text = values.get(name);
    try {
      long number = text == null ? otherwise : Long.parseLong(text.strip());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    String expected = "a whole number of at least " + least;
    throw wrong(name, text, most == Long.MAX_VALUE ? expected : expected + " and at most " + most);
  }

  /// @throws IllegalArgumentException if it is no such number
  int count(String name, int otherwise, int least) {
    return (int) number(name, otherwise, least, Integer.MAX_VALUE);
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

  /// @throws IllegalArgumentException if it is neither true nor false
  boolean flag(String name) {
    String text = values.getOrDefault(name, "false").strip().toLowerCase(Locale.ROOT);
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(name, values.get(name), "true or false");
    };
  }

  /// @throws IllegalArgumentException if it is none of them
  <E extends Enum<E>> E choice(String name, E[] values, E otherwise) {
    String text = find(name);
    if (text == null) {
      return otherwise;
    }
    for (E value : values) {
      if (value.name().equalsIgnoreCase(text.strip())) {
        return value;
      }
    }
    throw wrong(name, text, "one of " + List.of(values).toString().toLowerCase(Locale.ROOT));
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
