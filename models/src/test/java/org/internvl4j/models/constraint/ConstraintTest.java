package org.internvl4j.models.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Answer;
import org.internvl4j.models.AnswerListener;
import org.internvl4j.models.Generation;
import org.internvl4j.models.LogitBias;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.models.text.Tokenizers;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.Fixtures;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers of random tokens, held to random schemas, against a strict parser and a validator.
class ConstraintTest {
  private static final int SCHEMAS = Effort.isWhole() ? 1_000 : 50;
  private static final int MOST = 3_000;

  @Test
  void answersAreValidInABytesVocabularySeed1() {
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(3_000, 1), false);
    check(tokens, tokens.size() - 1, 1, Effort.isWhole() ? 1_000 : 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"internvl2-1b", "internvl2-2b", "internvl2-4b", "internvl2-76b"})
  void answersAreValidInTheVocabularyOfAFixtureSeed2(String fixture) {
    Tokenizer tokenizer = Tokenizers.load(file -> read(fixture, file));
    TokenTrie tokens = TokenTrie.of(tokenizer, tokenizer.size() + 3);
    check(tokens, tokenizer.size() + 2, 2, SCHEMAS);
  }

  private static byte @Nullable [] read(String fixture, String file) {
    Path path = Fixtures.folder(fixture).resolve(file);
    try {
      return Files.exists(path) ? Files.readAllBytes(path) : null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void check(TokenTrie tokens, int end, long seed, int count) {
    RandomSchema schemas = new RandomSchema(seed);
    RandomAnswer answers = new RandomAnswer(seed);
    SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    int ended = 0;
    for (int i = 0; i < count; i++) {
      String schema = schemas.next();
      Constraint constraint = constraint(schema);
      if (constraint == null) {
        continue;
      }
      Cursor cursor = constraint.cursor(tokens, end);
      if (answers.run(cursor, tokens, end, MOST)) {
        ended++;
        judge(registry, schema, cursor.text());
      }
    }
    assertThat(ended).as("answers that ended").isGreaterThan(count * 8 / 10);
  }

  /// @return null if no value fits the schema, which is said
  private static @Nullable Constraint constraint(String schema) {
    try {
      return Constraint.schema(schema);
    } catch (SchemaException e) {
      assertThat(e).as(schema).hasMessageContaining("no value that is allowed");
      return null;
    }
  }

  /// A model of random weights, which closes what it opens a little more readily than by chance.
  @Test
  void aModelOfRandomWeightsAnswersWhatIsValidSeed5() {
    RandomSchema schemas = new RandomSchema(5);
    SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    int ended = 0;
    int count = Effort.isWhole() ? 1_000 : 20;
    try (VisionLanguageModel model =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")),
            OpenOptions.DEFAULT.withDevice("cpu").withoutCache())) {
      Map<Integer, Float> closing = new HashMap<>();
      for (String mark : List.of("\"", "}", "]")) {
        closing.put(model.tokenizer().encode(PromptText.literal(mark))[0], 4f);
      }
      Generation options =
          Generation.GREEDY
              .withTemperature(1)
              .withMaxNewTokens(400)
              .withBias(new LogitBias(0, 0, closing));
      for (int i = 0; i < count; i++) {
        String schema = schemas.next();
        Constraint constraint = constraint(schema);
        if (constraint == null) {
          continue;
        }
        Answer answer =
            model.ask(
                Question.of("Fill it in."),
                options.withSeed(i).withConstraint(constraint),
                AnswerListener.NONE);
        if (answer.finish() == Answer.Finish.STOP) {
          ended++;
          judge(registry, schema, answer.text());
        }
      }
    }
    assertThat(ended).as("answers that ended").isGreaterThan(count / 2);
  }

  private static void judge(SchemaRegistry registry, String schema, String answer) {
    String as = "answer %s of schema %s".formatted(answer, schema);
    assertThat(answer).as(as).doesNotContain("\uFFFD\uFFFD\uFFFD\uFFFD");
    assertThat(Json.parse(answer.getBytes(StandardCharsets.UTF_8), "answer")).as(as).isNotNull();
    Schema judge = registry.getSchema(schema);
    assertThat(judge.validate(answer, InputFormat.JSON)).as(as).isEmpty();
  }

  @Test
  void anyObjectParsesSeed3() {
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(3_000, 3), false);
    RandomAnswer answers = new RandomAnswer(3);
    int ended = 0;
    for (int i = 0; i < 200; i++) {
      Cursor cursor = Constraint.json().cursor(tokens, tokens.size() - 1);
      if (answers.run(cursor, tokens, tokens.size() - 1, MOST)) {
        ended++;
        String text = cursor.text();
        assertThat(text).startsWith("{");
        assertThat(Json.parse(text.getBytes(StandardCharsets.UTF_8), "answer")).isNotNull();
      }
    }
    assertThat(ended).isGreaterThan(100);
  }

  @Test
  void allowsWhatEachTokenAloneShowsToBeRightSeed4() {
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(1_500, 4), true);
    int end = tokens.size() - 1;
    RandomSchema schemas = new RandomSchema(4);
    Random random = new Random(4);
    int states = 0;
    for (int i = 0; i < 60; i++) {
      Cursor cursor;
      try {
        cursor = Constraint.schema(schemas.next()).cursor(tokens, end);
      } catch (SchemaException e) {
        continue;
      }
      StringBuilder path = new StringBuilder();
      for (int step = 0; step < 30 && !cursor.ended(); step++) {
        long[] allowed = cursor.allowed().clone();
        int chosen = -1;
        int seen = 0;
        for (int id = 0; id < end; id++) {
          boolean one = bruteForce(cursor, tokens.bytes(id), step == 0);
          assertThat((allowed[id >> 6] >> id & 1) != 0).as("%s then %s", path, id).isEqualTo(one);
          if (one && random.nextInt(++seen) == 0) {
            chosen = id;
          }
        }
        cursor.accept(chosen < 0 ? end : chosen);
        path.append(' ').append(chosen);
        states++;
      }
    }
    assertThat(states).isGreaterThan(500);
  }

  private static boolean bruteForce(Cursor cursor, byte[] bytes, boolean atStart) {
    int state = cursor.state();
    int from = atStart && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
    for (int i = from; i < bytes.length; i++) {
      state = cursor.automaton().next(state, bytes[i] & 0xFF);
    }
    return from < bytes.length && state != Automaton.DEAD && !cursor.repeats(bytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"allOf":[]}                                       | schema: allOf is not supported; leave it out
          {"properties":{"a":{"not":{}}}}                    | schema: properties.a.not is not supported; leave it out
          {"type":"array","uniqueItems":true}                | schema: uniqueItems is not supported; leave it out
          {"type":"object","patternProperties":{}}           | schema: patternProperties is not supported; leave it out
          {"type":"string","format":"email"}                 | schema: format "email" is not supported; expected date, time, date-time, ipv4 or uuid
          {"type":"string","pattern":"a(?=b)"}               | schema: pattern is a pattern that cannot be used: groups beginning with (? other than (?: are not supported
          {"type":"string","pattern":"(a)\\\\1"}             | schema: pattern is a pattern that cannot be used: \\1 is not supported
          {"type":"string","pattern":"a\\\\b"}               | schema: pattern is a pattern that cannot be used: \\b is not supported
          {"type":"string","pattern":"(^ab)"}               | schema: pattern is a pattern that cannot be used: an anchor that is not at an end of it
          {"type":"number","multipleOf":0.1}                 | schema: multipleOf is 0.1; only whole numbers of 1 … 1000 are supported
          {"$ref":"http://a/b"}                              | schema: $ref "http://a/b" is not supported; expected #, #/$defs/… or #/definitions/…
          {"$ref":"#/$defs/a"}                               | schema: $ref "#/$defs/a" names nothing
          {"$ref":"#","type":"object"}                       | schema: type beside $ref is not supported
          {"oneOf":[{"type":"number"},{"type":"integer"}]}   | schema: oneOf is not supported where choices 0 and 1 may both match; use anyOf, or tell them apart by type or by a required property with a const
          {"type":"text"}                                    | schema: type is "text", expected object, array, string, number, integer, boolean or null
          {"type":"string","minLength":-1}                   | schema: minLength is -1, expected 0 or more
          {"type":"number","minimum":"1"}                    | schema: minimum is "1", expected a number
          false                                              | schema: no value that is allowed can match it; a value that holds itself must be able to end within 12 $refs
          {"type":"integer","minimum":3,"maximum":2}         | schema: no value that is allowed can match it; a value that holds itself must be able to end within 12 $refs
          {"$ref":"#"}                                       | schema: no value that is allowed can match it; a value that holds itself must be able to end within 12 $refs
          {"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]} | schema: no value that is allowed can match it; a value that holds itself must be able to end within 12 $refs
          """)
  void refusesByName(String schema, String message) {
    assertThatThrownBy(() -> Constraint.schema(schema))
        .isInstanceOf(SchemaException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      textBlock =
          """
          {"properties":{"a":{"pattern":"("}}}        | properties.a.pattern
          {"properties":{"a":{"type":"text"}}}        | properties.a.type
          {"anyOf":[{}, {"minimum":1e99999999999}]}   | anyOf[1].minimum
          {"items":{"pattern":"(a{999}){999}"}}       | items.pattern
          false                                       | none
          """)
  void tellsWhereItIsWrong(String schema, @Nullable String path) {
    assertThat(catchThrowableOfType(SchemaException.class, () -> Constraint.schema(schema)).path())
        .isEqualTo(path);
  }

  @Test
  void refusesOrBoundsHostileSchemas() {
    String deep = "{\"type\":\"array\",\"items\":";
    String many = "\"" + "x".repeat(50) + "\",";
    for (String schema :
        List.of(
            deep.repeat(60) + "{}" + "}".repeat(60),
            deep.repeat(200) + "{}" + "}".repeat(200),
            "{\"enum\":[" + numbered(many, 20_000) + "1]}",
            "{\"type\":\"string\",\"pattern\":\"(?:a{1000}){1000}\"}",
            "{\"type\":\"string\",\"pattern\":\"^(?:a|b)*a(?:a|b){18}$\"}",
            "{\"type\":\"string\",\"pattern\":\"^(?:(?:(?:){1000}){1000}){1000}$\"}",
            "{\"type\":\"string\",\"minLength\":5000}",
            "{\"type\":\"array\",\"minItems\":1000000000}",
            "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
                + "\"maxLength\":4000,\"pattern\":\"^(?:a{50}|b{49}|c{47})*$\"}}}",
            "{\"type\":\"number\",\"minimum\":1e-2000000000}",
            "{\"properties\":{" + numbered("\"%d\":{},", 1001) + "\"z\":{}}}",
            "{} {}",
            "{")) {
      String head = schema.substring(0, Math.min(80, schema.length()));
      assertThatThrownBy(() -> Constraint.schema(schema))
          .as(head)
          .isInstanceOf(SchemaException.class)
          .hasMessageStartingWith("schema: ");
    }
  }

  private static String numbered(String part, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(part.contains("%d") ? part.formatted(i) : part.replace("\"x", "\"" + i + "x"));
    }
    return text.toString();
  }

  @Test
  void keepsGoingWhereChoicesLookAlikeOverManyLevels() {
    StringBuilder schema = new StringBuilder("{\"type\":\"null\"}");
    for (int i = 0; i < 12; i++) {
      schema.insert(0, "{\"anyOf\":[{\"type\":\"array\",\"items\":");
      schema
          .append(",\"maxItems\":")
          .append(i + 1)
          .append("},{\"type\":\"array\",\"maxItems\":1}]}");
    }
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(400, 5), false);
    Cursor cursor = Constraint.schema(schema.toString()).cursor(tokens, 399);
    assertThat(new RandomAnswer(5).run(cursor, tokens, 399, MOST)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\u001F\\u00e9\"", "\"\\ud83d\\uDE00😀中é\"",
        "\"\\uD7FF\\ue000\"", "\"\u007f\\u007f\"", "\"\uFFFF\uE000\""
      })
  void takesEveryWayToWriteACharacter(String text) {
    assertThat(takes("{\"type\":\"string\"}", text)).isTrue();
    assertThat(takes("{}", "{\"a\":" + text + ", \"b\": [1,2]}")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\x\"",
        "\"\n\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "'a'",
        " \"a\"",
        "\"a\" "
      })
  void refusesWhatIsNoString(String text) {
    assertThat(takes("{\"type\":\"string\"}", text)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          {"type":"string","minLength":2,"maxLength":2} | "\\ud83d\\ude00é"  | true
          {"type":"string","maxLength":1}               | "ab"             | false
          {"type":"string","pattern":"b+"}              | "abc"            | true
          {"type":"string","pattern":"b+"}              | "ac"             | false
          {"type":"string","pattern":"c$"}              | "xxc"            | true
          {"type":"integer","minimum":-12,"maximum":105} | -12             | true
          {"type":"integer","minimum":-12,"maximum":105} | -13             | false
          {"type":"integer","minimum":-12,"maximum":105} | 106             | false
          {"type":"integer","minimum":-12,"maximum":105} | 0               | true
          {"type":"integer","minimum":-12,"maximum":105} | 007             | false
          {"type":"integer","multipleOf":7}             | 49               | true
          {"type":"integer","multipleOf":7}             | 50               | false
          {"type":"number","exclusiveMinimum":0.5,"maximum":2.25} | 0.5    | false
          {"type":"number","exclusiveMinimum":0.5,"maximum":2.25} | 0.501  | true
          {"type":"number","exclusiveMinimum":0.5,"maximum":2.25} | 2.250  | true
          {"type":"number","exclusiveMinimum":0.5,"maximum":2.25} | 2.2501 | false
          {"type":"number"}                             | -1.5e-7          | true
          {"type":"string","format":"date"}             | "2024-02-29"     | true
          {"type":"string","format":"date"}             | "2023-02-29"     | false
          {"type":"object"}                             | {"a":1,"a":2}    | false
          {"type":"object"}                             | {"a":1,"\\u0061":2} | false
          {"type":"object"}                             | {"a":{"a":1},"b":[{"a":2}]} | true
          {"type":"object","properties":{"a":{"type":"null"}}} | {"b":1}   | false
          """)
  void takesExactlyWhatFits(String schema, String answer, boolean fits) {
    assertThat(takes(schema, answer)).isEqualTo(fits);
  }

  private static boolean takes(String schema, String answer) {
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(400, 6), false);
    Cursor cursor = Constraint.schema(schema).cursor(tokens, 399);
    for (byte b : answer.getBytes(StandardCharsets.UTF_8)) {
      int id = b & 0xFF;
      if ((cursor.allowed()[id >> 6] >> id & 1) == 0) {
        return false;
      }
      cursor.accept(id);
    }
    return cursor.mayEnd();
  }

  @Test
  void saysWhenAnAnswerMustEndAndThatItHas() {
    TokenTrie tokens = TokenTrie.of(Vocabularies.made(400, 7), false);
    Cursor cursor = Constraint.schema("{\"const\":7}").cursor(tokens, 399, 398);
    assertThat(cursor.mayEnd()).isFalse();
    assertThatThrownBy(() -> cursor.accept('8'))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token 56 may not come here; see allowed()");
    cursor.accept('7');
    assertThat(cursor.mustEnd()).isTrue();
    assertThat(cursor.allowed()[6]).isEqualTo(1L << 399 | 1L << 398);
    cursor.accept(398);
    assertThat(cursor.ended()).isTrue();
    assertThatThrownBy(() -> cursor.accept('7'))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("this answer has ended; begin another cursor");
  }

  @Test
  void refusesATokenizerWithoutAllBytes() {
    byte[][] tokens = Vocabularies.made(400, 8);
    tokens[0x7B] = new byte[0];
    assertThatThrownBy(() -> TokenTrie.of(tokens, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "tokenizer: no token stands for byte 0x7B alone, so answers cannot be held to a schema");
  }
}
