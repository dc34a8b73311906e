package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.models.constraint.SchemaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How an answer is chosen and when it ends.
final class GenerationOptions {
  private static final String ANY_OBJECT = "{\"type\": \"object\"}";

  @Option(
      names = "--max-tokens",
      defaultValue = "1024",
      paramLabel = "N",
      description = "Most tokens of an answer (${DEFAULT-VALUE}).")
  int maxTokens = 1024;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      paramLabel = "T",
      description = "0, the default, takes the likeliest token; above, draws.")
  float temperature;

  @Option(
      names = "--top-k",
      defaultValue = "0",
      paramLabel = "K",
      description = "Draw among the K likeliest tokens; 0 for all.")
  int topK;

  @Option(
      names = "--top-p",
      defaultValue = "1",
      paramLabel = "P",
      description = "Draw among the fewest tokens that reach this probability.")
  float topP = 1;

  @Option(
      names = "--repetition-penalty",
      defaultValue = "1",
      paramLabel = "R",
      description = "Above 1: what was said becomes less likely; 1.1 helps against loops.")
  float repetitionPenalty = 1;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "The same seed draws the same answer.")
  long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer where this text begins; may be given again.")
  List<String> stop = List.of();

  @Option(
      names = "--lookup",
      arity = "0..1",
      defaultValue = "0",
      fallbackValue = "7",
      paramLabel = "N",
      description = {
        "Guess up to N tokens (${FALLBACK-VALUE}) from prompt and answer and check them at once:",
        "the same answer, faster where it repeats."
      })
  int lookup;

  @Option(
      names = "--schema",
      paramLabel = "FILE",
      description =
          "A JSON Schema that answers are held to, in a file or itself ('{…}'); 'object' for any JSON object. See docs/STRUCTURED.md.")
  private @Nullable String schema;

  /// @throws UsageException if a value is outside its range
  Generation generation() {
    require(maxTokens >= 1, "--max-tokens", maxTokens, "at least 1");
    require(temperature >= 0 && Float.isFinite(temperature), "--temperature", temperature, "≥ 0");
    require(topK >= 0, "--top-k", topK, "≥ 0");
    require(topP > 0 && topP <= 1, "--top-p", topP, "above 0 and at most 1");
    require(
        repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
        "--repetition-penalty",
        repetitionPenalty,
        "above 0");
    require(stop.stream().noneMatch(String::isEmpty), "--stop", "empty", "a text");
    require(
        lookup >= 0 && lookup <= Generation.MOST_LOOKUP,
        "--lookup",
        lookup,
        "0 to " + Generation.MOST_LOOKUP);
    return Generation.GREEDY
        .withMaxNewTokens(maxTokens)
        .withTemperature(temperature)
        .withTopK(topK)
        .withTopP(topP)
        .withRepetitionPenalty(repetitionPenalty)
        .withSeed(seed)
        .withStop(stop)
        .withLookup(lookup)
        .withConstraint(constraint());
  }

  private @Nullable Constraint constraint() {
    String text = schemaText();
    try {
      return text == null ? null : Constraint.schema(text);
    } catch (SchemaException e) {
      throw new UsageException("--schema " + schema + ": " + e.getMessage());
    }
  }

  /// The schema that answers are held to; null for none.
  @Nullable String schemaText() {
    if (schema == null || schema.equals("object")) {
      return schema == null ? null : ANY_OBJECT;
    }
    if (schema.stripLeading().startsWith("{")) {
      return schema;
    }
    try {
      return Files.readString(Path.of(schema));
    } catch (IOException e) {
      throw new UsageException(
          "--schema is "
              + schema
              + ", which cannot be read as UTF-8 text; expected a file with a JSON Schema, the schema itself ('{…}'), or object");
    }
  }

  private static void require(boolean holds, String option, Object found, String expected) {
    if (!holds) {
      throw new UsageException(option + " is " + found + ", expected " + expected);
    }
  }
}
