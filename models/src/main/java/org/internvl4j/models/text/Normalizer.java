package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;

/// What is done to a text before it is cut: the `normalizer` of a `tokenizer.json`.
sealed interface Normalizer {
  /// The prepared text.
  String apply(String text);

  /// Unicode normalisation form C.
  record Nfc() implements Normalizer {
    @Override
    public String apply(String text) {
      return java.text.Normalizer.normalize(text, java.text.Normalizer.Form.NFC);
    }
  }

  /// `prefix` in front of a text that is not empty.
  record Prepend(String prefix) implements Normalizer {
    @Override
    public String apply(String text) {
      return text.isEmpty() ? text : prefix + text;
    }
  }

  /// `by` in place of each `what`.
  record Replace(String what, String by) implements Normalizer {
    @Override
    public String apply(String text) {
      return text.replace(what, by);
    }
  }

  /// One after the other.
  record Sequence(List<Normalizer> steps) implements Normalizer {
    @Override
    public String apply(String text) {
      String result = text;
      for (Normalizer step : steps) {
        result = step.apply(result);
      }
      return result;
    }
  }

  /// @param json a `normalizer`
  /// @throws org.internvl4j.loader.CheckpointException if it is of another kind
  static Normalizer of(Json json) {
    Json type = json.at("type");
    return switch (type.asText()) {
      case "NFC" -> new Nfc();
      case "Prepend" -> new Prepend(json.getText("prepend"));
      case "Replace" -> replace(json);
      case "Sequence" -> {
        List<Normalizer> steps = new ArrayList<>();
        for (Json step : json.at("normalizers").items()) {
          steps.add(of(step));
        }
        yield new Sequence(steps);
      }
      default -> throw type.wrong("NFC, Prepend, Replace or Sequence");
    };
  }

  /// A `Replace` of a normalizer or of a decoder.
  static Replace replace(Json json) {
    Json what = json.at("pattern").at("String");
    if (what.asText().isEmpty()) {
      throw what.wrong("a string that is not empty");
    }
    return new Replace(what.asText(), json.getText("content"));
  }
}
