package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

final class ElementsTest {
  @Test
  void everyBf16SurvivesTheWayToFloatAndBack() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Elements.bf16ToFloat((short) bits);
      short back = Elements.floatToBf16(value);
      if (Float.isNaN(value)) {
        assertThat(Elements.bf16ToFloat(back)).isNaN();
      } else if (back != (short) bits) {
        throw new AssertionError("bf16 %04x came back as %04x".formatted(bits, back));
      }
    }
  }

  @Test
  void everyF16SurvivesTheWayToFloatAndBack() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(2);
      for (int bits = 0; bits < 1 << 16; bits++) {
        s.set(ValueLayout.JAVA_SHORT, 0, (short) bits);
        float value = Elements.get(s, DType.F16, 0);
        Elements.setAt(s, DType.F16, 0, value);
        short back = s.get(ValueLayout.JAVA_SHORT, 0);
        if (!Float.isNaN(value) && back != (short) bits) {
          throw new AssertionError("f16 %04x came back as %04x".formatted(bits, back));
        }
      }
    }
  }

  /// Between any two neighbouring bf16 values: below the middle goes down, above it up, the middle
  /// to the even one. The middle is exact in f32.
  @Test
  void roundsToNearestEvenBetweenAllNeighbours() {
    for (int bits = 0; bits < 0x7f7f; bits++) {
      float low = Elements.bf16ToFloat((short) bits);
      float high = Elements.bf16ToFloat((short) (bits + 1));
      float middle = Float.intBitsToFloat((bits << 16) | 0x8000);
      assertThat(new BigDecimal(low).add(new BigDecimal(high)))
          .isEqualByComparingTo(new BigDecimal(middle).multiply(BigDecimal.TWO));
      check(middle, bits % 2 == 0 ? bits : bits + 1);
      check(Math.nextDown(middle), bits);
      check(Math.nextUp(middle), bits + 1);
      check(-middle, 0x8000 | (bits % 2 == 0 ? bits : bits + 1));
    }
    check(Float.MAX_VALUE, 0x7f80);
    check(Float.POSITIVE_INFINITY, 0x7f80);
  }

  private static void check(float value, int expected) {
    int actual = Elements.floatToBf16(value) & 0xffff;
    if (actual != expected) {
      throw new AssertionError("%s became %04x, expected %04x".formatted(value, actual, expected));
    }
  }

  @Test
  void integersAreReadWithTheirSign() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(8).fill((byte) 0xff);
      assertThat(Elements.get(s, DType.I8, 0)).isEqualTo(-1);
      assertThat(Elements.get(s, DType.U8, 0)).isEqualTo(255);
      assertThat(Elements.get(s, DType.I32, 0)).isEqualTo(-1);
      assertThat(Elements.get(s, DType.I64, 0)).isEqualTo(-1);
    }
  }
}
