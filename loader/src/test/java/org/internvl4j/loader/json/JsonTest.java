package org.internvl4j.loader.json;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.loader.CheckpointException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  private static Json parse(String text) {
    return Json.parse(text.getBytes(UTF_8), "config.json");
  }

  private static final Json CONFIG =
      parse(
          """
          {
            "vision_config": {"hidden_size": "abc", "num_hidden_layers": 24, "eps": 1e-6},
            "select_layer": -1,
            "template": "Hermes-2",
            "use_thumbnail": true,
            "rope_scaling": null,
            "eos": [7, 2.5]
          }
          """);

  @Test
  void readsTypedValuesByKey() {
    assertThat(CONFIG.at("vision_config").at("num_hidden_layers").asInt()).isEqualTo(24);
    assertThat(CONFIG.at("vision_config").getDouble("eps")).isEqualTo(1e-6);
    assertThat(CONFIG.getInt("select_layer")).isEqualTo(-1);
    assertThat(CONFIG.getDouble("select_layer")).isEqualTo(-1);
    assertThat(CONFIG.getText("template")).isEqualTo("Hermes-2");
    assertThat(CONFIG.getBoolean("use_thumbnail", false)).isTrue();
    assertThat(CONFIG.at("eos").items()).hasSize(2);
    assertThat(CONFIG.fields().keySet())
        .containsExactly(
            "vision_config", "select_layer", "template", "use_thumbnail", "rope_scaling", "eos");
  }

  @Test
  void takesNullForAbsent() {
    assertThat(CONFIG.has("rope_scaling")).isFalse();
    assertThat(CONFIG.find("rope_scaling")).isNull();
    assertThat(CONFIG.findText("rope_scaling")).isNull();
    assertThat(CONFIG.getInt("rope_scaling", 3)).isEqualTo(3);
    assertThat(CONFIG.getLong("absent", 1L << 40)).isEqualTo(1L << 40);
    assertThat(CONFIG.getDouble("absent", 0.5)).isEqualTo(0.5);
    assertThat(CONFIG.getText("absent", "v1")).isEqualTo("v1");
    assertThat(CONFIG.getBoolean("absent", true)).isTrue();
    assertThatThrownBy(() -> CONFIG.at("rope_scaling"))
        .hasMessage("config.json: rope_scaling is missing");
  }

  @Test
  void namesThePathOfAWrongValue() {
    Json vision = CONFIG.at("vision_config");
    assertThatThrownBy(() -> vision.getInt("hidden_size"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("config.json: vision_config.hidden_size is \"abc\", expected an integer");
    assertThatThrownBy(() -> vision.getInt("hidden_size", 1))
        .hasMessage("config.json: vision_config.hidden_size is \"abc\", expected an integer");
    assertThatThrownBy(() -> vision.at("patch_size"))
        .hasMessage("config.json: vision_config.patch_size is missing");
    assertThatThrownBy(() -> CONFIG.at("eos").items().get(1).asInt())
        .hasMessage("config.json: eos[1] is 2.5, expected an integer");
    assertThatThrownBy(() -> CONFIG.at("template").at("x"))
        .hasMessage("config.json: template is \"Hermes-2\", expected an object");
    assertThatThrownBy(() -> vision.items())
        .hasMessage("config.json: vision_config is an object, expected a list");
    assertThatThrownBy(() -> CONFIG.getText("use_thumbnail"))
        .hasMessage("config.json: use_thumbnail is true, expected a string");
    assertThatThrownBy(() -> CONFIG.getBoolean("select_layer", false))
        .hasMessage("config.json: select_layer is -1, expected true or false");
    assertThatThrownBy(() -> CONFIG.getDouble("eos"))
        .hasMessage("config.json: eos is a list of 2, expected a number");
    assertThatThrownBy(() -> parse("[]").at("x"))
        .hasMessage("config.json: it is a list of 0, expected an object");
    assertThat(CONFIG.at("template").wrong("one of a, b"))
        .hasMessage("config.json: template is \"Hermes-2\", expected one of a, b");
  }

  @Test
  void keepsEveryDigit() {
    Json.Num n = (Json.Num) parse("123456789012345678901234567890.5");
    assertThat(n.text()).isEqualTo("123456789012345678901234567890.5");
    assertThat(parse("9223372036854775807").asLong()).isEqualTo(Long.MAX_VALUE);
    assertThatThrownBy(() -> parse("9223372036854775808").asLong())
        .hasMessage("config.json: it is 9223372036854775808, expected an integer");
    assertThatThrownBy(() -> parse("3000000000").asInt())
        .hasMessage("config.json: it is 3000000000, expected an integer of 32 bits");
    assertThatThrownBy(() -> parse("1e999").asDouble())
        .hasMessage("config.json: it is 1e999, expected a number");
  }

  static Stream<Arguments> hostile() {
    return Stream.of(
        Arguments.of("", "is empty, expected a JSON value"),
        Arguments.of("  \n ", "is empty, expected a JSON value"),
        Arguments.of("{\"a\":1,\n \"a\":2}", "line 2, column 2: the key \"a\" appears twice"),
        Arguments.of("{\"a\":1} x", "line 1, column 9: unrecognized token 'x'"),
        Arguments.of("{} {}", "line 1, column 4: more after the end of the JSON value"),
        Arguments.of("{\"a\":", "line 1, column 6: unexpected end-of-input"),
        Arguments.of("[1,]", "line 1, column 4: unexpected character (']'"),
        Arguments.of("[1]\u0000", "line 1, column 4: illegal character"),
        Arguments.of("{'a':1}", "line 1, column 2: unexpected character ('''"),
        Arguments.of("[/* c */1]", "line 1, column 2: unexpected character ('/'"),
        Arguments.of("[NaN]", "line 1, column 5: non-standard token 'NaN'"),
        Arguments.of("[Infinity]", "line 1, column 10: non-standard token 'Infinity'"),
        Arguments.of("[01]", "line 1, column 3: invalid numeric value"),
        Arguments.of("[+1]", "line 1, column 3: unexpected character ('+' (code 43))"),
        Arguments.of("[.5]", "line 1, column 2: unexpected character ('.' (code 46))"),
        Arguments.of("[1.]", "line 1, column 3: unexpected character (']' (code 93))"),
        Arguments.of("[\"a\tb\"]", "line 1, column 4: illegal unquoted character"),
        Arguments.of("[\"\\x\"]", "line 1, column "),
        Arguments.of("[\"\\ud800\"]", "line 1, column 2: half of a surrogate pair, \\ud800"),
        Arguments.of("[\"\\udc00\\ud800\"]", "line 1, column 2: half of a surrogate pair, \\udc00"),
        Arguments.of("{\"\\ud83d\":1}", "line 1, column 9: broken surrogate pair"),
        Arguments.of("\u00ef\u00bb\u00bf{}", "line 1, column 1: a byte order mark"),
        Arguments.of("[\"\u00c0\u00af\"]", "line 1, column 3: byte 0xc0 is not UTF-8"),
        Arguments.of("[\n\"\u00ed\u00a0\u0080\"]", "line 2, column 2: byte 0xed is not UTF-8"),
        Arguments.of("[\"\u00f4\u0090\u0080\u0080\"]", "line 1, column 3: byte 0xf4 is not UTF-8"),
        Arguments.of("[\"\u00e2\u0082", "line 1, column 3: byte 0xe2 is not UTF-8"),
        Arguments.of("{\u0000\"\u0000", "line 1, column 2: illegal character"),
        Arguments.of("[".repeat(200), "line 1, column "),
        Arguments.of("[".repeat(129) + "]".repeat(129), "document nesting depth (129) exceeds"));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void refuses(String latin1, String complaint) {
    assertThatThrownBy(() -> Json.parse(latin1.getBytes(ISO_8859_1), "x.json"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("x.json: ")
        .hasMessageContaining(complaint)
        .hasMessageNotContaining("Stream")
        .hasMessageNotContaining("Feature")
        .hasMessageNotContaining("\n");
  }

  @Test
  void readsEscapesPairsAndDepth128() {
    Json json = parse("{\"\\ud83d\\ude00\": \"\\u0000\\n😀\\/\"}");
    assertThat(json.getText("😀")).isEqualTo("\u0000\n😀/");
    assertThat(parse("[".repeat(128) + "]".repeat(128)).items()).hasSize(1);
  }

  @Test
  void refusesTooManyBytes() {
    assertThatThrownBy(() -> Json.parse(new byte[100_000_001], "x.json"))
        .hasMessage("x.json: has 100000001 bytes, more than the 100000000 allowed");
  }

  @Test
  void takesStringsAsLongAsTheCallerSays() {
    byte[] text = new byte[(1 << 24) + 3];
    Arrays.fill(text, (byte) 'x');
    text[0] = '"';
    text[text.length - 1] = '"';
    assertThatThrownBy(() -> Json.parse(text, "config.json"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("16777216");
    Json.Limits whole = new Json.Limits(text.length, 1);
    assertThat(Json.parse(text, "request", whole).asText()).hasSize(text.length - 2);
    Json.Limits brief = new Json.Limits(1000, 1);
    assertThatThrownBy(() -> Json.parse(text, "request", brief)).hasMessageContaining("1000");
  }

  @Test
  void takesAsManyValuesAsTheCallerSays() {
    byte[] text = "[1,2,3]".getBytes(UTF_8);
    assertThat(Json.parse(text, "request", new Json.Limits(9, 5)).items()).hasSize(3);
    assertThatThrownBy(() -> Json.parse(text, "request", new Json.Limits(9, 4)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("4");
  }

  @Test
  void readsAVocabularyOf300000() {
    StringBuilder text = new StringBuilder("{\"vocab\":{");
    for (int i = 0; i < 300_000; i++) {
      text.append(i == 0 ? "" : ",").append("\"token").append(i).append("\":").append(i);
    }
    Json vocab = parse(text.append("}}").toString()).at("vocab");
    assertThat(vocab.fields()).hasSize(300_000);
    assertThat(vocab.getInt("token299999")).isEqualTo(299_999);
  }

  @Test
  void writesWhatItReads() {
    String text = "{\"a\":[1,-2.50,1e-6,true,null,\"x\\n\\u0001\\\"\"],\"ü\":{}}";
    assertThat(parse(text)).hasToString(text);
  }

  @Test
  void writesALine() {
    JsonWriter line =
        new JsonWriter()
            .object()
            .field("text", "a\n\"b\" \u2028 \ud800!")
            .field("tokens", 12)
            .field("seconds", 0.25)
            .field("done", true)
            .field("none", (Json) null)
            .array("ids")
            .value(1)
            .value("x")
            .end()
            .object("o")
            .end()
            .end();
    assertThat(line)
        .hasToString(
            "{\"text\":\"a\\n\\\"b\\\" \u2028 \ufffd!\",\"tokens\":12,\"seconds\":0.25,\"done\":true,"
                + "\"none\":null,\"ids\":[1,\"x\"],\"o\":{}}");
    assertThatThrownBy(() -> new JsonWriter().array().value(Double.NaN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("json: NaN cannot be written");
  }

  @ParameterizedTest
  @ValueSource(longs = {11})
  void refusesOrUnderstands5000DamagedConfigurations(long seed) {
    byte[] good = CONFIG.toString().getBytes(UTF_8);
    Random random = new Random(seed);
    int understood = 0;
    for (int i = 0; i < 5000; i++) {
      byte[] bad = good.clone();
      for (int n = random.nextInt(3); n >= 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      try {
        String text = Json.parse(bad, "config.json").toString();
        assertThat(parse(text)).hasToString(text);
        understood++;
      } catch (CheckpointException e) {
        assertThat(e).hasMessageStartingWith("config.json: ").hasMessageNotContaining("\n");
      }
    }
    assertThat(understood).as("both outcomes were met").isBetween(100, 4900);
  }
}
