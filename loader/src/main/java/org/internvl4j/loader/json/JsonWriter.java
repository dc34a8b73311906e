package org.internvl4j.loader.json;

import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// Builds one line of JSON: `new JsonWriter().object().field("tokens", 12).field("text",
/// "…").end().toString()`.
///
/// Line breaks and control characters in strings are escaped, so the result never holds one; half
/// surrogate pairs become U+FFFD. One thread at a time.
public final class JsonWriter {
  private static final JsonFactory FACTORY = new JsonFactory();

  private final StringWriter out = new StringWriter();
  private final JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), out);

  /// Starts an object.
  public JsonWriter object() {
    generator.writeStartObject();
    return this;
  }

  /// Starts an object as field `name`.
  public JsonWriter object(String name) {
    return name(name).object();
  }

  /// Starts an array.
  public JsonWriter array() {
    generator.writeStartArray();
    return this;
  }

  /// Starts an array as field `name`.
  public JsonWriter array(String name) {
    return name(name).array();
  }

  /// Ends the object or array started last.
  public JsonWriter end() {
    if (generator.streamWriteContext().inObject()) {
      generator.writeEndObject();
    } else {
      generator.writeEndArray();
    }
    return this;
  }

  /// The name of the next value in an object.
  public JsonWriter name(String name) {
    generator.writeName(wellFormed(name));
    return this;
  }

  /// A string.
  public JsonWriter value(String text) {
    generator.writeString(wellFormed(text));
    return this;
  }

  /// An integer.
  public JsonWriter value(long number) {
    generator.writeNumber(number);
    return this;
  }

  /// A number.
  ///
  /// @throws IllegalArgumentException if it is not finite: JSON has no word for it
  public JsonWriter value(double number) {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException("json: " + number + " cannot be written");
    }
    generator.writeNumber(number);
    return this;
  }

  /// A number, with the fewest digits that give it back.
  ///
  /// @throws IllegalArgumentException if it is not finite: JSON has no word for it
  public JsonWriter value(float number) {
    if (!Float.isFinite(number)) {
      throw new IllegalArgumentException("json: " + number + " cannot be written");
    }
    generator.writeNumber(number);
    return this;
  }

  /// `true` or `false`.
  public JsonWriter value(boolean truth) {
    generator.writeBoolean(truth);
    return this;
  }

  /// Any value that was read; null becomes `null`.
  public JsonWriter value(@Nullable Json json) {
    switch (json) {
      case Json.Obj o -> {
        object();
        o.fields().forEach(this::field);
        end();
      }
      case Json.Arr a -> {
        array();
        a.items().forEach(this::value);
        end();
      }
      case Json.Str s -> value(s.text());
      case Json.Num n -> generator.writeNumber(n.text());
      case Json.Bool b -> value(b.value());
      case Json.Null n -> generator.writeNull();
      case null -> generator.writeNull();
    }
    return this;
  }

  /// The field `name` with a string.
  public JsonWriter field(String name, String text) {
    return name(name).value(text);
  }

  /// The field `name` with an integer.
  public JsonWriter field(String name, long number) {
    return name(name).value(number);
  }

  /// The field `name` with a finite number.
  public JsonWriter field(String name, double number) {
    return name(name).value(number);
  }

  /// The field `name` with a finite number.
  public JsonWriter field(String name, float number) {
    return name(name).value(number);
  }

  /// The field `name` with `true` or `false`.
  public JsonWriter field(String name, boolean truth) {
    return name(name).value(truth);
  }

  /// The field `name` with any value that was read.
  public JsonWriter field(String name, @Nullable Json json) {
    return name(name).value(json);
  }

  /// What was written so far, without line break.
  @Override
  public String toString() {
    generator.flush();
    return out.toString();
  }

  // ---- for messages

  static String text(Json json) {
    return new JsonWriter().value(json).toString();
  }

  static String quote(String text) {
    String cut = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return new JsonWriter().value(cut).toString();
  }

  /// A value as a message shows it: short ones as they are, long ones by what they are.
  static String brief(Json json) {
    return switch (json) {
      case Json.Obj o -> "an object";
      case Json.Arr a -> "a list of " + a.items().size();
      case Json.Str s -> quote(s.text());
      case Json.Num n -> n.text().length() > 60 ? n.text().substring(0, 60) + "…" : n.text();
      case Json.Bool b -> b.toString();
      case Json.Null n -> "null";
    };
  }

  /// The index of the first half of a surrogate pair that lacks its other half, or -1.
  static int loneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean pair =
            Character.isHighSurrogate(c)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!pair) {
          return i;
        }
        i++;
      }
    }
    return -1;
  }

  private static String wellFormed(String text) {
    return loneSurrogate(text) < 0
        ? text
        : text.codePoints()
            .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
  }
}
