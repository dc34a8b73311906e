package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Vocabularies made up for tests: all bytes, pieces of JSON, random words; the last token ends.
final class Vocabularies {
  private Vocabularies() {}

  static byte[][] made(int size, long seed) {
    Random random = new Random(seed);
    List<byte[]> tokens = new ArrayList<>();
    for (int i = 0; i < 256; i++) {
      tokens.add(new byte[] {(byte) i});
    }
    for (String piece :
        List.of(
            "{\"",
            "\":",
            "\": ",
            "\",",
            "\", \"",
            "\":\"",
            "\"}",
            "\"]",
            "}}",
            "]}",
            "},",
            "{}",
            "[]",
            "[{\"",
            "\\\"",
            "\\u",
            "\\ud83d",
            "\\ude00",
            "\\n",
            "true",
            "false",
            "null",
            "tr",
            "\": {",
            "😀",
            "ß",
            "中文",
            "  ",
            ", ",
            "\"a\":",
            "a\":",
            "\"a\":1,\"a\"",
            "name",
            "-1",
            "10",
            ".5")) {
      tokens.add(piece.getBytes(StandardCharsets.UTF_8));
    }
    while (tokens.size() < size - 1) {
      StringBuilder word = new StringBuilder(random.nextInt(3) == 0 ? "" : " ");
      int length = 1 + random.nextInt(8);
      for (int i = 0; i < length; i++) {
        word.appendCodePoint(
            switch (random.nextInt(60)) {
              case 0 -> '"';
              case 1 -> 0x4E00 + random.nextInt(3000);
              case 2 -> 0xE0 + random.nextInt(30);
              case 3 -> ".,:;!?()[]{}-_/=<>".charAt(random.nextInt(18));
              case 4 -> '0' + random.nextInt(10);
              case 5 -> 'A' + random.nextInt(26);
              default -> 'a' + random.nextInt(26);
            });
      }
      tokens.add(word.toString().getBytes(StandardCharsets.UTF_8));
    }
    tokens.add(new byte[0]);
    return tokens.toArray(byte[][]::new);
  }
}
