package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;

/// Texts that tokenizers stumble over, from a seed.
final class RandomText {
  /// Code points of scripts, signs and pictures, first and last.
  private static final int[][] RANGES = {
    {0x20, 0x7E},
    {0xA0, 0x17F},
    {0x370, 0x377},
    {0x391, 0x3A1},
    {0x400, 0x45F},
    {0x5D0, 0x5EA},
    {0x620, 0x64A},
    {0x660, 0x669},
    {0x904, 0x939},
    {0x93E, 0x94D},
    {0x966, 0x96F},
    {0xE01, 0xE3A},
    {0x1100, 0x1112},
    {0x1161, 0x1175},
    {0x11A8, 0x11C2},
    {0x1E00, 0x1EFF},
    {0x2010, 0x205E},
    {0x2070, 0x2071},
    {0x2080, 0x208E},
    {0x20A0, 0x20BF},
    {0x2150, 0x2188},
    {0x2190, 0x21FF},
    {0x2460, 0x249B},
    {0x2600, 0x26FF},
    {0x3000, 0x303F},
    {0x3041, 0x3096},
    {0x3099, 0x309F},
    {0x30A1, 0x30FF},
    {0x4E00, 0x9FA5},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFA2D},
    {0xFB00, 0xFB06},
    {0xFE00, 0xFE0F},
    {0xFF01, 0xFF5E},
    {0x10400, 0x1044F},
    {0x1D400, 0x1D454},
    {0x1D7CE, 0x1D7FF},
    {0x1F1E6, 0x1F1FF},
    {0x1F300, 0x1F64F},
    {0x20000, 0x2A6D6}
  };

  private static final String[] SPACES = {
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u000B",
    "\f",
    "\u0085",
    "\u00A0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u202F",
    "\u205F",
    "\u3000",
    "\u200B",
    "\uFEFF",
    "\u001C",
    "\u001F",
    "\u180E",
    "\u2581",
    "\u2581\u2581",
    " \u2581 "
  };

  private static final String[] ODDITIES = {
    "'s",
    "'S",
    "'\u017F",
    "'T",
    "'re",
    "'RE",
    "'ve",
    "'m",
    "'ll",
    "'LL",
    "'d",
    "n't",
    " ' ",
    " .",
    " ,",
    " ?",
    " !",
    "\0",
    "\u0001",
    "\u007F",
    "\u00AD",
    "e\u0301",
    "A\u030A",
    "\u212B",
    "\u1100\u1161\u11A8",
    "\u0958",
    "q\u0307\u0323",
    ">\u0338",
    "\u0338",
    "\u200D",
    "\uFE0F",
    "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
    "\uD83D\uDC4D\uD83C\uDFFD",
    "\uFFFD",
    "\uFFFE",
    "\uE000",
    "\uDB40\uDC41",
    "123456789",
    "1 234,5",
    "\u00B2\u00B3",
    "http://a.b/c?d=e",
    "<0x41>",
    "<0xE7>",
    "<unk>",
    "<s>",
    "</s>",
    "<image>",
    "ab",
    "aaaa",
    "<",
    "<|",
    "|>",
    "</"
  };

  private final SplittableRandom random;
  private final List<String> words;

  /// @param words strings to mix in: tokens and the like
  RandomText(long seed, List<String> words) {
    this.random = new SplittableRandom(seed);
    this.words = words;
  }

  /// A text of up to 24 pieces, well-formed.
  String next() {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(25);
    for (int i = 0; i < pieces; i++) {
      text.append(piece());
    }
    return text.toString();
  }

  /// A text that may have lone surrogates.
  String nextWithLoneSurrogates() {
    StringBuilder text = new StringBuilder(next());
    for (int i = random.nextInt(3); i > 0; i--) {
      char lone = (char) (0xD800 + random.nextInt(0x800));
      text.insert(random.nextInt(text.length() + 1), lone);
    }
    return text.toString();
  }

  int nextInt(int bound) {
    return random.nextInt(bound);
  }

  private String piece() {
    return switch (random.nextInt(10)) {
      case 0, 1 -> words.get(random.nextInt(words.size()));
      case 2, 3 -> SPACES[random.nextInt(random.nextBoolean() ? 3 : SPACES.length)];
      case 4 -> ODDITIES[random.nextInt(ODDITIES.length)];
      case 5 -> piece().repeat(1 + random.nextInt(4));
      case 6 -> garbage();
      case 7 -> run(RANGES[0]);
      default -> run(RANGES[random.nextInt(RANGES.length)]);
    };
  }

  private String run(int[] range) {
    StringBuilder run = new StringBuilder();
    for (int i = random.nextInt(6); i >= 0; i--) {
      int c = range[0] + random.nextInt(range[1] - range[0] + 1);
      if (Character.isDefined(c)) {
        run.appendCodePoint(c);
      }
    }
    return run.toString();
  }

  /// Bytes that are hardly UTF-8, read as if they were.
  private String garbage() {
    byte[] bytes = new byte[1 + random.nextInt(6)];
    random.nextBytes(bytes);
    return random.nextBoolean()
        ? new String(bytes, StandardCharsets.UTF_8)
        : new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
