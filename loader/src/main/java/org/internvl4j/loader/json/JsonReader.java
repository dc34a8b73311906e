package org.internvl4j.loader.json;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.internvl4j.loader.CheckpointException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/// Bytes to [Json], strictly. Jackson finds the tokens; UTF-8, surrogates, duplicate keys and the
/// end of the document are checked here.
final class JsonReader {
  private static final int MAX_BYTES = 100_000_000;
  private static final Map<Json.Limits, JsonFactory> FACTORIES = new ConcurrentHashMap<>();

  private final String source;
  private final JsonParser parser;

  private JsonReader(String source, JsonParser parser) {
    this.source = source;
    this.parser = parser;
  }

  private static JsonFactory factory(Json.Limits limits) {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxDocumentLength(MAX_BYTES)
                .maxTokenCount(limits.tokens())
                .maxNestingDepth(128)
                .maxNameLength(65_536)
                .maxStringLength(limits.text())
                .maxNumberLength(1000)
                .build())
        // a vocabulary's keys would only fill, and slow down, the table of shared names
        .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
        .build();
  }

  static Json read(byte[] utf8, String source, Json.Limits limits) {
    if (utf8.length > MAX_BYTES) {
      throw new CheckpointException(
          source, "has " + utf8.length + " bytes, more than the " + MAX_BYTES + " allowed");
    }
    CharBuffer text = decode(utf8, source);
    if (text.length() > 0 && text.charAt(0) == '\uFEFF') {
      throw at(source, 1, 1, "a byte order mark; save the file without it");
    }
    try (JsonParser parser =
        FACTORIES
            .computeIfAbsent(limits, JsonReader::factory)
            .createParser(
                ObjectReadContext.empty(), text.array(), text.arrayOffset(), text.length())) {
      return new JsonReader(source, parser).document();
    }
  }

  private Json document() {
    try {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new CheckpointException(source, "is empty, expected a JSON value");
      }
      Json root = value(first, new Json.Place(null, source, -1));
      if (parser.nextToken() != null) {
        throw here("more after the end of the JSON value");
      }
      return root;
    } catch (JacksonException e) {
      TokenStreamLocation where = e.getLocation();
      where = where == null ? parser.currentLocation() : where; // a limit comes without one
      throw at(source, where.getLineNr(), where.getColumnNr(), complaint(e));
    }
  }

  private Json value(JsonToken token, Json.Place place) {
    return switch (token) {
      case START_OBJECT -> new Json.Obj(fields(place), place);
      case START_ARRAY -> new Json.Arr(items(place), place);
      case VALUE_STRING -> new Json.Str(wellFormed(parser.getString()), place);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Json.Num(parser.getString(), place);
      case VALUE_TRUE -> new Json.Bool(true, place);
      case VALUE_FALSE -> new Json.Bool(false, place);
      case VALUE_NULL -> new Json.Null(place);
      default -> throw new AssertionError(token);
    };
  }

  private Map<String, Json> fields(Json.Place place) {
    Map<String, Json> fields = new LinkedHashMap<>();
    while (next() != JsonToken.END_OBJECT) {
      String key = wellFormed(parser.getString());
      if (fields.containsKey(key)) {
        throw here("the key " + JsonWriter.quote(key) + " appears twice");
      }
      fields.put(key, value(next(), new Json.Place(place, key, -1)));
    }
    return Collections.unmodifiableMap(fields);
  }

  private List<Json> items(Json.Place place) {
    List<Json> items = new ArrayList<>();
    for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
      items.add(value(token, new Json.Place(place, "", items.size())));
    }
    return Collections.unmodifiableList(items);
  }

  private JsonToken next() {
    return Objects.requireNonNull(parser.nextToken()); // an unclosed document throws before
  }

  /// UTF-8 was checked before, so a lone surrogate can only come from an escape.
  private String wellFormed(String text) {
    int i = JsonWriter.loneSurrogate(text);
    if (i >= 0) {
      throw here("half of a surrogate pair, \\u%04x".formatted((int) text.charAt(i)));
    }
    return text;
  }

  private CheckpointException here(String what) {
    TokenStreamLocation where = parser.currentTokenLocation();
    return at(source, where.getLineNr(), where.getColumnNr(), what);
  }

  private static CheckpointException at(String source, int line, int column, String what) {
    return new CheckpointException(source, "line " + line + ", column " + column + ": " + what);
  }

  /// What Jackson says, without its own names.
  private static String complaint(JacksonException e) {
    String message =
        e.getOriginalMessage()
            .replaceAll(" \\(start marker at .*", "")
            .replaceAll(": maybe a .*", "")
            .replaceAll(", from `[^`]*`", "")
            .replaceAll("[:,]? \\(?enable `[^`]*` to allow\\)?", "")
            .replaceAll("\\s+", " ")
            .strip();
    return message.isEmpty()
        ? "not JSON"
        : Character.toLowerCase(message.charAt(0)) + message.substring(1);
  }

  private static CharBuffer decode(byte[] utf8, String source) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(utf8);
    CharBuffer out = CharBuffer.allocate(utf8.length);
    CoderResult result = decoder.decode(in, out, true);
    out.flip();
    if (result.isError()) {
      String before = out.toString();
      int start = before.lastIndexOf('\n') + 1;
      int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
      throw at(
          source,
          line,
          before.length() - start + 1,
          "byte 0x%02x is not UTF-8".formatted(utf8[in.position()]));
    }
    return out;
  }
}
