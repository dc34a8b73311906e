package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class Utf8Test {
  @Test
  void decodesEveryCharacter() {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (!(c >= 0xD800 && c <= 0xDFFF)) {
        all.appendCodePoint(c);
      }
    }
    byte[] bytes = all.toString().getBytes(StandardCharsets.UTF_8);
    assertThat(decode(false, bytes).contentEquals(all)).isTrue();
    assertThat(decode(true, bytes).contentEquals(all)).isTrue();
  }

  /// The table of Unicode 16, section 3.9, "U+FFFD for maximal subparts".
  @ParameterizedTest
  @CsvSource({
    "C0 AF E0 80 BF F0 81 82 41, ????????A",
    "ED A0 80 ED BF BF ED AF 41, ????????A",
    "F4 91 92 93 FF 41 80 BF 42, ?????A??B",
    "E1 80 E2 F0 91 92 F1 BF 41, ????A",
    "E4 B8, ?",
    "F0 9F 98, ?",
  })
  void replacesMaximalSubparts(String hex, String expected) {
    assertThat(decode(false, bytes(hex))).isEqualTo(expected.replace('?', '\uFFFD'));
  }

  @ParameterizedTest
  @CsvSource({"E1 80 E2 F0 91 92 F1 BF 41, ????????A", "F0 9F 98, ???", "C0 AF, ??"})
  void replacesEachByte(String hex, String expected) {
    assertThat(decode(true, bytes(hex))).isEqualTo(expected.replace('?', '\uFFFD'));
  }

  @Test
  void replacesAsManyBytesAsThereAreInRandomOnes() {
    SplittableRandom random = new SplittableRandom(7);
    byte[] bytes = new byte[200_000];
    random.nextBytes(bytes);
    String each = decode(true, bytes);
    int length = each.getBytes(StandardCharsets.UTF_8).length;
    long replaced = each.chars().filter(c -> c == 0xFFFD).count();
    assertThat(length - 2 * replaced).isEqualTo(bytes.length);
  }

  @Test
  void replacesLoneSurrogates() {
    assertThat(Utf8.withoutLoneSurrogates("a\uD83D\uDE00\uD83Db\uDE00"))
        .isEqualTo("a\uD83D\uDE00\uFFFDb\uFFFD");
    assertThat(Utf8.withoutLoneSurrogates("\uD83D")).isEqualTo("\uFFFD");
    String whole = "a\uD83D\uDE00";
    assertThat(Utf8.withoutLoneSurrogates(whole)).isSameAs(whole);
  }

  private static String decode(boolean replaceEachByte, byte[] bytes) {
    Utf8 utf8 = new Utf8(replaceEachByte);
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) {
      utf8.push(b & 0xFF, out);
    }
    utf8.flush(out);
    return out.toString();
  }

  private static byte[] bytes(String hex) {
    String[] parts = hex.split(" ", -1);
    byte[] bytes = new byte[parts.length];
    for (int i = 0; i < parts.length; i++) {
      bytes[i] = (byte) Integer.parseInt(parts[i], 16);
    }
    return bytes;
  }
}
