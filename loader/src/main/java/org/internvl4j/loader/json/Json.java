package org.internvl4j.loader.json;

import java.util.List;
import java.util.Map;
import org.internvl4j.loader.CheckpointException;
import org.jspecify.annotations.Nullable;

/// A JSON value that knows where it stands, so that a wrong one is reported by its path:
/// `config.json: vision_config.hidden_size is "abc", expected an integer`.
///
/// Immutable, safe for use by several threads. `toString()` is compact JSON.
public sealed interface Json {
  /// `{…}` in the order of the file.
  record Obj(Map<String, Json> fields, Place place) implements Json {
    @Override
    public String toString() {
      return JsonWriter.text(this);
    }
  }

  /// `[…]`
  record Arr(List<Json> items, Place place) implements Json {
    @Override
    public String toString() {
      return JsonWriter.text(this);
    }
  }

  /// `"…"`, without lone surrogates.
  record Str(String text, Place place) implements Json {
    @Override
    public String toString() {
      return JsonWriter.text(this);
    }
  }

  /// A number as the file writes it, so that no digit is lost.
  record Num(String text, Place place) implements Json {
    @Override
    public String toString() {
      return text;
    }
  }

  /// `true` or `false`
  record Bool(boolean value, Place place) implements Json {
    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  /// `null`
  record Null(Place place) implements Json {
    @Override
    public String toString() {
      return "null";
    }
  }

  /// Where a value stands.
  ///
  /// @param parent the object or array that holds it; null for the root
  /// @param key its name in an object; the name of the file for the root; empty in an array
  /// @param index its index in an array
  record Place(@Nullable Place parent, String key, int index) {
    /// The file.
    public String source() {
      Place p = this;
      while (p.parent != null) {
        p = p.parent;
      }
      return p.key;
    }

    /// `vision_config.hidden_size`, `merges[12]`; empty for the root.
    public String path() {
      StringBuilder path = new StringBuilder();
      for (Place p = this; p.parent != null; p = p.parent) {
        boolean named = p.key.length() > 0 || p.index < 0;
        path.insert(0, named ? p.parent.parent == null ? p.key : "." + p.key : "[" + p.index + "]");
      }
      return path.toString();
    }
  }

  /// Reads one JSON document, strictly: UTF-8 without byte order mark, no lone surrogates, no
  /// duplicate keys, nothing but white space behind it, at most 100,000,000 bytes, 5,000,000
  /// tokens, 128 levels, names of 65,536 and strings of 16,777,216 characters.
  ///
  /// @param source what messages call it: `config.json`
  /// @throws CheckpointException naming source, line and column of the first offence
  static Json parse(byte[] utf8, String source) {
    return parse(utf8, source, Limits.DEFAULT);
  }

  /// As [#parse(byte\[\], String)], with other limits.
  ///
  /// @throws CheckpointException naming source, line and column of the first offence
  static Json parse(byte[] utf8, String source, Limits limits) {
    return JsonReader.read(utf8, source, limits);
  }

  /// How large a document may be in memory.
  ///
  /// @param text most characters of a string
  /// @param tokens most values, names and brackets
  record Limits(int text, int tokens) {
    /// What configurations and vocabularies need.
    public static final Limits DEFAULT = new Limits(1 << 24, 5_000_000);
  }

  /// Where it stands.
  Place place();

  // ---- this value

  /// Whether it is `null`.
  default boolean isNull() {
    return this instanceof Null;
  }

  /// The fields of an object, in the order of the file.
  ///
  /// @throws CheckpointException if it is something else
  default Map<String, Json> fields() {
    if (this instanceof Obj o) {
      return o.fields;
    }
    throw wrong("an object");
  }

  /// The items of an array.
  ///
  /// @throws CheckpointException if it is something else
  default List<Json> items() {
    if (this instanceof Arr a) {
      return a.items;
    }
    throw wrong("a list");
  }

  /// A string.
  ///
  /// @throws CheckpointException if it is something else
  default String asText() {
    if (this instanceof Str s) {
      return s.text;
    }
    throw wrong("a string");
  }

  /// An integer of 32 bits, written without fraction and exponent.
  ///
  /// @throws CheckpointException if it is something else
  default int asInt() {
    long value = asLong();
    if (value != (int) value) {
      throw wrong("an integer of 32 bits");
    }
    return (int) value;
  }

  /// An integer of 64 bits, written without fraction and exponent.
  ///
  /// @throws CheckpointException if it is something else
  default long asLong() {
    if (this instanceof Num n) {
      try {
        return Long.parseLong(n.text);
      } catch (NumberFormatException e) {
        throw wrong("an integer");
      }
    }
    throw wrong("an integer");
  }

  /// A finite number, rounded to a double.
  ///
  /// @throws CheckpointException if it is something else
  default double asDouble() {
    double value = this instanceof Num n ? Double.parseDouble(n.text) : Double.NaN;
    if (!Double.isFinite(value)) {
      throw wrong("a number");
    }
    return value;
  }

  /// `true` or `false`.
  ///
  /// @throws CheckpointException if it is something else
  default boolean asBoolean() {
    if (this instanceof Bool b) {
      return b.value;
    }
    throw wrong("true or false");
  }

  /// The complaint about a value that is readable but not usable, to be thrown by the caller:
  /// `config.json: ps_version is "v3", expected v1 or v2`.
  default CheckpointException wrong(String expected) {
    return CheckpointException.of(
        place().source(),
        place().path(),
        "is " + JsonWriter.brief(this) + ", expected " + expected);
  }

  // ---- fields of an object

  /// The field `key`.
  ///
  /// @throws CheckpointException if it is missing or null, or this is not an object
  default Json at(String key) {
    Json field = find(key);
    if (field == null) {
      String path = new Place(place(), key, -1).path();
      throw CheckpointException.of(place().source(), path, "is missing");
    }
    return field;
  }

  /// The field `key`, or null if it is missing or null.
  ///
  /// @throws CheckpointException if this is not an object
  default @Nullable Json find(String key) {
    Json field = fields().get(key);
    return field == null || field.isNull() ? null : field;
  }

  /// Whether the field `key` is there and not null.
  ///
  /// @throws CheckpointException if this is not an object
  default boolean has(String key) {
    return find(key) != null;
  }

  /// The integer `key`.
  ///
  /// @throws CheckpointException if it is missing, null or something else
  default int getInt(String key) {
    return at(key).asInt();
  }

  /// The integer `key`, or `otherwise` if it is missing or null.
  default int getInt(String key, int otherwise) {
    Json field = find(key);
    return field == null ? otherwise : field.asInt();
  }

  /// The integer of 64 bits `key`, or `otherwise` if it is missing or null.
  default long getLong(String key, long otherwise) {
    Json field = find(key);
    return field == null ? otherwise : field.asLong();
  }

  /// The number `key`.
  ///
  /// @throws CheckpointException if it is missing, null or something else
  default double getDouble(String key) {
    return at(key).asDouble();
  }

  /// The number `key`, or `otherwise` if it is missing or null.
  default double getDouble(String key, double otherwise) {
    Json field = find(key);
    return field == null ? otherwise : field.asDouble();
  }

  /// The string `key`.
  ///
  /// @throws CheckpointException if it is missing, null or something else
  default String getText(String key) {
    return at(key).asText();
  }

  /// The string `key`, or `otherwise` if it is missing or null.
  default String getText(String key, String otherwise) {
    Json field = find(key);
    return field == null ? otherwise : field.asText();
  }

  /// The string `key`, or null if it is missing or null.
  default @Nullable String findText(String key) {
    Json field = find(key);
    return field == null ? null : field.asText();
  }

  /// The truth of `key`, or `otherwise` if it is missing or null.
  default boolean getBoolean(String key, boolean otherwise) {
    Json field = find(key);
    return field == null ? otherwise : field.asBoolean();
  }
}
