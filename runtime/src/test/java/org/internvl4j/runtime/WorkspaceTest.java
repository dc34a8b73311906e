package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class WorkspaceTest {
  @Test
  void stepsThatAllocateAlikeGetTheSameAddresses() {
    try (Reference on = new Reference()) {
      List<Long> first = step(on.step);
      long bytes = on.step.allocatedBytes();
      for (int i = 0; i < 3; i++) {
        assertThat(step(on.step)).isEqualTo(first);
      }
      assertThat(on.step.allocatedBytes()).isEqualTo(bytes);
    }
  }

  /// Allocations of several blocks' worth, then back to the mark.
  private static List<Long> step(Workspace workspace) {
    Workspace.Mark mark = workspace.mark();
    List<Long> addresses = new ArrayList<>();
    for (int i = 1; i <= 40; i++) {
      Tensor t = workspace.allocate(DType.F32, i, 5000);
      addresses.add(t.segment().address() + t.byteOffset());
    }
    workspace.reset(mark);
    return addresses;
  }

  @Test
  void tensorsAreAlignedAndDoNotOverlap() {
    try (Reference on = new Reference()) {
      long end = 0;
      for (int i = 0; i < 100; i++) {
        Tensor t = on.step.allocate(DType.BF16, i);
        long start = t.segment().address() + t.byteOffset();
        assertThat(start % 64).isZero();
        assertThat(start).isGreaterThanOrEqualTo(end);
        end = start + 2L * i;
      }
    }
  }

  @Test
  void anInnerMarkFreesOnlyWhatCameAfterIt() {
    try (Reference on = new Reference()) {
      Tensor kept = on.counting(4);
      Workspace.Mark mark = on.step.mark();
      Tensor freed = on.counting(3);
      on.step.reset(mark);
      Tensor next = on.counting(3);
      assertThat(next.byteOffset()).isEqualTo(freed.byteOffset());
      assertThat(kept.toFloats()).containsExactly(0, 1, 2, 3);
    }
  }

  @Test
  void cancellationEndsTheNextOperation() {
    try (Reference on = new Reference()) {
      AtomicBoolean cancelled = new AtomicBoolean();
      on.step.cancelWhen(cancelled::get);
      Tensor x = on.counting(2);
      assertThat(x.add(x).toFloats()).containsExactly(0, 2);
      cancelled.set(true);
      assertThatThrownBy(() -> x.add(x))
          .isInstanceOf(CancellationException.class)
          .hasMessage("cancelled");
      cancelled.set(false);
      assertThat(x.add(x).toFloats()).containsExactly(0, 2);
    }
  }

  @Test
  void aClosedWorkspaceSaysWhose() {
    Reference on = new Reference();
    Tensor x = on.counting(2);
    on.close();
    on.step.close();
    assertThatThrownBy(() -> on.step.allocate(DType.F32, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("workspace: session 1 is closed");
    assertThatThrownBy(x::toFloats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: session 1 is closed");
  }

  @Test
  void refusesValuesThatDoNotFill() {
    try (Reference on = new Reference()) {
      assertThatThrownBy(() -> on.step.of(new float[5], 2, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("workspace: 5 values do not fill [2, 3]");
    }
  }
}
