package org.internvl4j.models.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.Test;

/// Schemas that are small enough to be sent and too much to be prepared.
class SchemaLimitsTest {
  private static final int MOST = 1 << 20; // characters

  @Test
  void aSchemaThatWasReadAlreadyHasTheSameLimit() {
    for (int more : new int[] {0, 64}) { // behind what quotes and names take
      String schema =
          "{\"type\": \"string\", \"description\": \"" + "x".repeat(MOST - 64 + more) + "\"}";
      Json json = Json.parse(schema.getBytes(StandardCharsets.UTF_8), "request");
      if (more == 0) {
        assertThat(Constraint.schema(json)).isNotNull();
        assertThat(Constraint.schema(schema)).isNotNull();
      } else {
        assertThatThrownBy(() -> Constraint.schema(json))
            .isInstanceOf(SchemaException.class)
            .hasMessage("schema: it has more than 1048576 characters, the most that may be");
        assertThatThrownBy(() -> Constraint.schema(schema))
            .isInstanceOf(SchemaException.class)
            .hasMessageContaining("at most 1048576 may be");
      }
    }
  }

  /// Each of them took from ten seconds to more than a minute where work had no bound.
  @Test
  void workIsBoundedWhereStatesAreNot() {
    List<String> schemas =
        List.of(
            any(
                12_000,
                i ->
                    """
                    {"type": "string", "pattern": "^[a-z]*%d$", "minLength": 4000, "maxLength": 3999}\
                    """
                        .formatted(i)),
            any(
                12_000,
                i ->
                    """
                    {"pattern": "^(a|b)*a(a|b){8}%d$", "minLength": 3, "maxLength": 1}\
                    """
                        .formatted(i)),
            any(
                800,
                i ->
                    "{\"type\":\"object\",\"additionalProperties\":true,\"properties\":{\"%s%d\":{}}}"
                        .formatted(different(1000), i)),
            "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"oneOf\":["
                + list(199, i -> "{\"enum\":[" + list(600, k -> "" + (600 * i + k)) + "]}")
                + ",{\"type\":\"object\",\"properties\":{\"x\":{\"$ref\":\"#/$defs/a\"}}}]}}}");
    for (String schema : schemas) {
      assertThatThrownBy(() -> Constraint.schema(schema))
          .as(schema.substring(0, 80))
          .isInstanceOf(SchemaException.class)
          .hasMessageStartingWith("schema: it takes too much work to prepare");
    }
  }

  @Test
  void whatIsLargeButPlainIsPrepared() {
    String object =
        "{\"type\":\"object\",\"properties\":{"
            + list(1000, i -> "\"p%d\":{\"type\":\"string\",\"maxLength\":20}".formatted(i))
            + "}}";
    String choices =
        "{\"oneOf\":["
            + list(
                200,
                i ->
                    """
                    {"type":"object","required":["kind"],"properties":{"kind":{"const":"k%d"},"n":{"type":"integer"}}}\
                    """
                        .formatted(i))
            + "]}";
    for (String schema :
        List.of(object, choices, "{\"enum\":[" + list(50_000, i -> "" + i) + "]}")) {
      assertThat(Constraint.schema(schema)).isNotNull();
    }
  }

  @Test
  void countsMayBeWrittenWithAFraction() {
    assertThat(Constraint.schema("{\"type\": \"string\", \"maxLength\": 5.0}")).isNotNull();
    assertThatThrownBy(() -> Constraint.schema("{\"type\": \"string\", \"maxLength\": 5.5}"))
        .hasMessage("schema: maxLength is 5.5, expected an integer");
  }

  private static String any(int count, IntFunction<String> schema) {
    return "{\"anyOf\":[" + list(count, schema) + "]}";
  }

  private static String list(int count, IntFunction<String> item) {
    return IntStream.range(0, count).mapToObj(item).collect(Collectors.joining(","));
  }

  /// A text of characters that differ.
  private static String different(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Character.toString(0x4000 + 2 * i))
        .collect(Collectors.joining());
  }
}
