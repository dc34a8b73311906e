package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Schemas of everything that is supported, nested, from a seed.
final class RandomSchema {
  private static final String[] PATTERNS = {
    "^[a-z]{2,5}$",
    "^(?:ab|cd)+x?$",
    "[0-9]{3}",
    "^\\\\d+-\\\\d+$",
    "^[^a-z\\\\s]*$",
    "^.{0,6}$",
    "^\\\\S+@\\\\S+$",
    "^é\\u00fc|ß$",
    "^\\\\w+\\\\W\\\\w+$"
  };
  private static final String[] FORMATS = {"date", "time", "date-time", "ipv4", "uuid"};
  private static final String[] NAMES = {
    "a", "b", "ab", "name", "größe", "q\\\"uote", "back\\\\slash", "\\u4e2d", "a b"
  };

  private final Random random;

  RandomSchema(long seed) {
    random = new Random(seed);
  }

  String next() {
    String body = schema(3);
    if (!body.startsWith("{")) {
      return body;
    }
    String tree =
        "\"tree\":{\"type\":\"object\",\"properties\":{\"v\":"
            + scalar()
            + ",\"next\":{\"$ref\":\"#/$defs/tree\"},\"all\":{\"type\":\"array\",\"maxItems\":2,"
            + "\"items\":{\"$ref\":\"#/$defs/tree\"}}},\"required\":[\"v\"]}";
    String comma = body.equals("{}") ? "" : ",";
    return "{\"$defs\":{" + tree + "}" + comma + body.substring(1);
  }

  private String schema(int depth) {
    if (depth == 0) {
      return scalar();
    }
    return switch (random.nextInt(10)) {
      case 0, 1, 2 -> object(depth);
      case 3, 4 -> array(depth);
      case 5 -> "{\"anyOf\":[" + schema(depth - 1) + "," + schema(depth - 1) + "]}";
      case 6 ->
          "{\"oneOf\":[{\"type\":\"string\",\"minLength\":2},{\"type\":\"integer\",\"minimum\":3},"
              + "{\"type\":\"object\",\"properties\":{\"k\":{\"const\":1}},\"required\":[\"k\"]},"
              + "{\"type\":\"object\",\"properties\":{\"k\":{\"enum\":[2,\"x\"]}},"
              + "\"required\":[\"k\"]}]}";
      case 7 -> "{\"$ref\":\"#/$defs/tree\"}";
      case 8 -> random.nextInt(4) == 0 ? "{}" : scalar();
      default -> scalar();
    };
  }

  private String object(int depth) {
    List<String> properties = new ArrayList<>();
    List<String> required = new ArrayList<>();
    for (String name : NAMES) {
      if (random.nextInt(3) == 0) {
        properties.add("\"" + name + "\":" + schema(depth - 1));
        if (random.nextBoolean()) {
          required.add("\"" + name + "\"");
        }
      }
    }
    String more =
        switch (random.nextInt(5)) {
          case 0 -> ",\"additionalProperties\":" + schema(depth - 1);
          case 1 -> ",\"additionalProperties\":false";
          case 2 -> ",\"additionalProperties\":true";
          default -> "";
        };
    if (random.nextInt(6) == 0 && !more.endsWith("false")) {
      required.add("\"extra\"");
    }
    return "{\"type\":\"object\",\"properties\":{"
        + String.join(",", properties)
        + "},\"required\":["
        + String.join(",", required)
        + "]"
        + more
        + "}";
  }

  private String array(int depth) {
    int least = random.nextInt(3);
    String counts = random.nextBoolean() ? ",\"minItems\":" + least : "";
    counts += random.nextBoolean() ? ",\"maxItems\":" + (least + random.nextInt(3)) : "";
    String prefix =
        random.nextInt(4) == 0
            ? ",\"prefixItems\":[" + schema(depth - 1) + "," + schema(depth - 1) + "]"
            : "";
    return "{\"type\":\"array\",\"items\":" + schema(depth - 1) + prefix + counts + "}";
  }

  private String scalar() {
    return switch (random.nextInt(10)) {
      case 0 -> "{\"type\":\"string\"}";
      case 1 -> {
        int least = random.nextInt(6);
        yield "{\"type\":\"string\",\"minLength\":%d,\"maxLength\":%d}"
            .formatted(least, least + random.nextInt(8));
      }
      case 2 ->
          "{\"type\":\"string\",\"pattern\":\"" + PATTERNS[random.nextInt(PATTERNS.length)] + "\"}";
      case 3 -> "{\"type\":\"string\",\"format\":\"" + FORMATS[random.nextInt(5)] + "\"}";
      case 4 -> "{\"enum\":[\"x\",\"x y\",1,-2.5e3,null,true,{\"a\":[1,\"\\n\"]},[\"😀\"]]}";
      case 5 -> "{\"const\":" + (random.nextBoolean() ? "\"kon\\\"st\"" : "17") + "}";
      case 6 -> numbers("integer");
      case 7 -> numbers("number");
      case 8 -> "{\"type\":[\"boolean\",\"null\"]}";
      default -> "{\"type\":\"integer\",\"multipleOf\":" + (1 + random.nextInt(30)) + "}";
    };
  }

  private String numbers(String type) {
    double low = random.nextInt(2000) / 8.0 - 125;
    double high = low + 1 + random.nextInt(3000) / 16.0;
    String schema = "{\"type\":\"" + type + "\"";
    if (random.nextBoolean()) {
      schema += ",\"" + (random.nextBoolean() ? "minimum" : "exclusiveMinimum") + "\":" + low;
    }
    if (random.nextBoolean()) {
      schema += ",\"" + (random.nextBoolean() ? "maximum" : "exclusiveMaximum") + "\":" + high;
    }
    return schema + "}";
  }
}
