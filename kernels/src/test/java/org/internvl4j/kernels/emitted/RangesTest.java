package org.internvl4j.kernels.emitted;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What would end the process is refused before a function is called.
class RangesTest {
  private static final long STRIDE = 128;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment m = arena.allocate(1 << 20, 64);

  @BeforeEach
  void needsStretches() {
    Assumptions.assumeTrue(Emitted.hasStretches(), "no AVX-512 here");
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, -200, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE})
  void rowsLieInTheirMemory(long stride) {
    refused(() -> Products.tiles(Arithmetic.F32, 4, 7, m, 0, stride, m, 0, m, 0, STRIDE, m, 0, 0));
    refused(() -> Products.tiles(Arithmetic.F32, 4, 5, m, 0, 0, m, 0, m, 0, stride, m, 0, 0));
    refused(() -> Products.tiles(Arithmetic.F32, 4, 5, m, 0, 0, m, 0, m, 0, STRIDE, m, 0, stride));
    refused(() -> Products.dots(1000, 64, m, 0, stride, m, 0, m, 0, 4));
    refused(() -> Products.dots(1000, 64, m, 0, 4, m, 0, m, 0, stride));
    refused(() -> Products.interleave(16, 6, m, 0, stride, m, 0));
    refused(() -> AttentionRow.add(4, 9, m, 0, 1, m, 0, m, 0, stride));
    if (Emitted.hasBytes()) {
      refused(() -> Products.blockTiles(8, 1, 5, m, 0, stride, m, 0, m, 0, STRIDE, m, 0, 0));
      refused(() -> Products.blockTiles(8, 1, 5, m, 0, STRIDE, m, 0, m, 0, stride, m, 0, 0));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 7})
  void aBlockHasOneToSixRows(int rows) {
    refused(() -> Products.interleave(16, rows, m, 0, 64, m, 0));
  }

  @Test
  void thereAreNoLessThanNoRows() {
    refused(() -> Products.dots(-1, 64, m, 0, 0, m, 0, m, 0, 0));
  }

  @Test
  void noMoreLinesAreSeenThanThereAre() {
    refused(() -> AttentionColumns.softmax(m, 2, 1, 0, 4096, 8192, 1));
    refused(() -> AttentionColumns.softmax(m, -1, 1, 0, 4096, 8192, 1));
  }

  @Test
  void functionsTakeWholeSteps() {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no bf16 here");
    assertThatThrownBy(() -> Products.round(31, m, 0, m, 4096))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("emitted: 31 floats are rounded, expected a multiple of 32");
    assertThatThrownBy(() -> Products.dots(1, 65, m, 0, 0, m, 0, m, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("emitted: rows of 65 floats, expected a multiple of 64");
  }

  @Test
  void memoryThatIsReadOnlyIsNotWritten() {
    assertThatThrownBy(() -> Stretches.compute(Formula.ADD, 16, m.asReadOnly(), 0, m, 0, m, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("emitted: expected memory that may be written");
    Stretches.compute(Formula.ADD, 16, m, 0, m.asReadOnly(), 0, m.asReadOnly(), 0);
  }

  @Test
  void memoryOfAnotherThreadIsLeftAlone() {
    CompletableFuture<Float> largest =
        CompletableFuture.supplyAsync(() -> Stretches.largest(4, m, 0));
    assertThatThrownBy(largest::join).hasCauseInstanceOf(IllegalArgumentException.class);
  }

  private static void refused(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IndexOutOfBoundsException.class);
  }
}
