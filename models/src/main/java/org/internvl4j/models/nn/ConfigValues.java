package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;

/// An object of config.json, read with the ranges that its values must lie in. A value outside is
/// named with its place, what it is and what was expected.
public record ConfigValues(Json json) {
  private static final int MOST = 1 << 24;

  /// A size or a number of things: 1 … 2²⁴.
  ///
  /// @throws CheckpointException if it is missing or outside
  public int count(String key) {
    Json value = json.at(key);
    if (value.asLong() < 1 || value.asLong() > MOST) {
      throw value.wrong("an integer of 1 to " + MOST);
    }
    return value.asInt();
  }

  /// As [#count(String)], `otherwise` where it is absent.
  public int count(String key, int otherwise) {
    return json.has(key) ? count(key) : otherwise;
  }

  /// A number above 0; `otherwise` where it is absent.
  ///
  /// @throws CheckpointException if it is not above 0
  public double positive(String key, double otherwise) {
    if (!json.has(key)) {
      return otherwise;
    }
    double value = json.at(key).asDouble();
    if (value <= 0) {
      throw json.at(key).wrong("a number above 0");
    }
    return value;
  }

  /// One of some words, of which the first holds where it is absent.
  ///
  /// @throws CheckpointException if it is another
  public String oneOf(String key, String... words) {
    String word = json.getText(key, words[0]);
    if (!List.of(words).contains(word)) {
      throw json.at(key).wrong(String.join(" or ", words));
    }
    return word;
  }

  /// Refuses a value of `key` for which `holds` is false.
  ///
  /// @throws CheckpointException saying what was expected
  public void require(boolean holds, String key, String expected) {
    if (!holds) {
      throw json.at(key).wrong(expected);
    }
  }

  /// The object below `key`.
  public ConfigValues at(String key) {
    return new ConfigValues(json.at(key));
  }

  /// The first of `architectures`.
  ///
  /// @throws CheckpointException if there is none
  public String architecture() {
    List<Json> names = json.at("architectures").items();
    require(!names.isEmpty(), "architectures", "a list with the name of one architecture");
    return names.getFirst().asText();
  }
}
