package org.internvl4j.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// What can be changed within a conversation.
enum Setting {
  MAX_TOKENS,
  TEMPERATURE,
  TOP_K,
  TOP_P,
  REPETITION_PENALTY,
  SEED,
  MAX_TILES,
  SYSTEM;

  /// The name of the command line's option without dashes: `max-tokens`.
  String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// @throws UsageException if there is no such setting
  static Setting named(String option) {
    return Arrays.stream(values())
        .filter(setting -> setting.option().equals(option))
        .findFirst()
        .orElseThrow(() ->
            new UsageException(
                "there is no setting '"
                    + option
                    + "'; there are "
                    + Arrays.stream(values())
                        .map(Setting::option)
                        .collect(Collectors.joining(", "))));
  }

  /// The value, for people.
  String get(AskingOptions asking) {
    return String.valueOf(
        switch (this) {
          case MAX_TOKENS -> asking.generation.maxTokens;
          case TEMPERATURE -> asking.generation.temperature;
          case TOP_K -> asking.generation.topK;
          case TOP_P -> asking.generation.topP;
          case REPETITION_PENALTY -> asking.generation.repetitionPenalty;
          case SEED -> asking.generation.seed;
          case MAX_TILES ->
              asking.pictures.maxTiles == null ? "the model's" : asking.pictures.maxTiles;
          case SYSTEM -> asking.system == null ? "the model's" : asking.system;
        });
  }

  /// Changes the value; an empty one brings back the model's own tiles and system message.
  ///
  /// @throws UsageException if it is no such value; nothing has changed then
  void set(AskingOptions asking, String value) {
    try {
      switch (this) {
        case MAX_TILES ->
            asking.pictures.maxTiles =
                value.isEmpty() ? null : PictureInput.requireMaxTiles(Integer.parseInt(value));
        case SYSTEM -> asking.system = value.isEmpty() ? null : value;
        case MAX_TOKENS, TEMPERATURE, TOP_K, TOP_P, REPETITION_PENALTY, SEED ->
            change(asking, value);
      }
    } catch (NumberFormatException e) {
      throw new UsageException(option() + " is '" + value + "', expected a number");
    }
  }

  private void change(AskingOptions asking, String value) {
    String before = get(asking);
    assign(asking.generation, value);
    try {
      asking.generation.generation();
    } catch (UsageException e) {
      assign(asking.generation, before);
      throw e;
    }
  }

  private void assign(GenerationOptions options, String value) {
    switch (this) {
      case MAX_TOKENS -> options.maxTokens = Integer.parseInt(value);
      case TEMPERATURE -> options.temperature = Float.parseFloat(value);
      case TOP_K -> options.topK = Integer.parseInt(value);
      case TOP_P -> options.topP = Float.parseFloat(value);
      case REPETITION_PENALTY -> options.repetitionPenalty = Float.parseFloat(value);
      case SEED -> options.seed = Long.parseLong(value);
      case MAX_TILES, SYSTEM -> throw new AssertionError("no number");
    }
  }
}
