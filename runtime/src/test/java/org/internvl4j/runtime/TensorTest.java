package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class TensorTest {
  private final Reference on = new Reference();

  @AfterEach
  void close() {
    on.close();
  }

  @Test
  void viewsShareMemory() {
    Tensor x = on.counting(2, 3, 4);
    Tensor row = x.select(0, 1).select(0, 2);
    assertThat(row.toFloats()).containsExactly(20, 21, 22, 23);
    row.copyFrom(on.step.of(new float[] {9, 8, 7, 6}, 4));
    assertThat(x.view(6, 4).narrow(0, 5, 1).toFloats()).containsExactly(9, 8, 7, 6);
  }

  @Test
  void transposeTwiceIsTheSame() {
    Tensor x = on.counting(2, 3, 4);
    assertThat(x.transpose(0, 2).shape()).isEqualTo(Shape.of(4, 3, 2));
    assertThat(x.transpose(0, 2).toFloats()).startsWith(0, 12, 4, 16, 8, 20, 1);
    assertThat(x.transpose(0, 2).transpose(0, 2).toFloats()).isEqualTo(x.toFloats());
  }

  @Test
  void contiguousCopiesOnlyWhereItMust() {
    Tensor x = on.counting(2, 3);
    assertThat(x.contiguous()).isSameAs(x);
    Tensor t = x.transpose(0, 1);
    assertThat(t.isContiguous()).isFalse();
    assertThat(t.contiguous().isContiguous()).isTrue();
    assertThat(t.contiguous().toFloats()).containsExactly(0, 3, 1, 4, 2, 5);
  }

  @Test
  void throughReplacesElementsAndFreesWhatTheBodyAllocated() {
    Tensor x = on.counting(3);
    Workspace.Mark mark = on.step.mark();
    Tensor same = x.through(v -> v.add(v).add(v));
    assertThat(same).isSameAs(x);
    assertThat(x.toFloats()).containsExactly(0, 3, 6);
    assertThat(on.step.mark()).isEqualTo(mark);
  }

  @Test
  void goesToAnotherDeviceAndBack() {
    try (Reference other = new Reference()) {
      Tensor x = on.counting(2, 3);
      assertThat(x.to(on.device)).isSameAs(x);
      Tensor y = x.to(other.device);
      assertThat(y.device()).isSameAs(other.device);
      assertThat(y.workspace()).isSameAs(on.step.on(other.device));
      assertThat(y.add(y).to(on.device).add(x).toFloats()).containsExactly(0, 3, 6, 9, 12, 15);
      assertThatThrownBy(() -> y.copyFrom(on.counting(3, 2).transpose(0, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "copy: cannot go from [2, 3] f32 on reference to [2, 3] f32 on reference but as it is,"
                  + " contiguous");
      assertThatThrownBy(() -> x.add(y))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("add: [2, 3] f32 is on reference but [2, 3] f32 is on reference");
    }
  }

  @Test
  void copiesBetweenHeapAndDeviceMakeNoGarbage() {
    Tensor ids = on.step.allocate(DType.I32, 2);
    Tensor values = on.step.allocate(DType.F32, 2);
    MemorySegment two = MemorySegment.ofArray(new int[] {1, 2});
    int[] ints = new int[2];
    float[] floats = new float[2];
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) { // the first time loads classes; nothing is compiled yet
      long start = threads.getCurrentThreadAllocatedBytes();
      ids.fromHost(two);
      ids.toInts(ints);
      values.toFloats(floats);
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - start);
    }
    assertThat(least).isZero();
  }

  @Test
  void hostCopiesAreRowMajorAndAsStored() {
    Tensor x = on.step.allocate(DType.BF16, 2, 2).copyFrom(on.counting(2, 2));
    MemorySegment host = x.transpose(0, 1).toHost();
    assertThat(host.byteSize()).isEqualTo(8);
    assertThat(Elements.get(host, DType.BF16, 1)).isEqualTo(2);
    assertThat(Elements.get(host, DType.BF16, 2)).isEqualTo(1);
  }

  @Test
  void refusesMemoryOnTheJavaHeap() {
    assertThatThrownBy(() -> Memory.wrap(MemorySegment.ofArray(new float[4]), "test"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "tensor: needs native memory, not a Java array; copy it with workspace.of(values, …)");
  }

  @Test
  void refusesMemoryThatIsTooSmall() {
    try (Memory memory = Memory.host(8, "test")) {
      assertThatThrownBy(() -> Tensor.of(memory, DType.F32, Shape.of(3), on.device))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("tensor: [3] f32 needs 12 bytes, the memory has 8");
    }
  }

  @Test
  void namesTheOwnerThatClosed() {
    Memory memory = Memory.host(8, "model InternVL2-1B");
    Tensor x = Tensor.of(memory, DType.F32, Shape.of(2), on.device);
    memory.close();
    assertThatThrownBy(x::segment)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: model InternVL2-1B is closed");
  }

  @Test
  void aWeightHasNoWorkspaceUntilItIsGivenOne() {
    try (Memory memory = Memory.host(8, "model")) {
      Tensor w = Tensor.of(memory, DType.F32, Shape.of(2), on.device);
      assertThatThrownBy(w::workspace)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tensor: a weight [2] f32 has no workspace");
      assertThat(w.in(on.step).add(on.counting(2)).toFloats()).containsExactly(0, 1);
    }
  }

  @Test
  void refusesATensorOfAnotherDevice() {
    try (Reference other = new Reference()) {
      Tensor x = on.counting(2);
      Tensor b = other.counting(2);
      assertThatThrownBy(() -> x.add(b))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("add: [2] f32 is on reference but [2] f32 is on reference");
    }
  }

  private record Wrong(String message, ThrowingCallable call) {}

  private List<Wrong> wrong() {
    Tensor x = on.counting(2, 6);
    Tensor v = on.counting(5);
    Tensor w = on.counting(3, 5);
    Tensor ids = on.step.of(new int[] {1, 2}, 2);
    Tensor half = on.step.allocate(DType.F16, 2, 6);
    Tensor heads = on.counting(1, 2, 4, 6);
    Tensor picture = on.counting(1, 3, 6, 6);
    Tensor rgb = on.step.allocate(DType.U8, 4, 6, 3);
    Tensor taps = on.step.of(new int[] {0, 1, 0, 1}, 2, 2);
    return List.of(
        new Wrong("view: [2, 6] f32 does not have the elements of [5]", () -> x.view(5)),
        new Wrong(
            "view: [6, 2] f32 is strided and cannot be seen as [12] without a copy",
            () -> x.transpose(0, 1).view(12)),
        new Wrong("narrow: 4 + 3 is outside dimension 1 of [2, 6] f32", () -> x.narrow(1, 4, 3)),
        new Wrong("narrow: 2 + 1 is outside dimension 0 of [2, 6] f32", () -> x.select(0, 2)),
        new Wrong("copy: from [5] f32 into [2, 6] f32", () -> x.copyFrom(v)),
        new Wrong("copy: cannot convert [2] i32 into [2] f32", () -> on.counting(2).copyFrom(ids)),
        new Wrong("add: [5] f32 does not repeat along [2, 6] f32", () -> x.add(v)),
        new Wrong("add: b is [2, 6] f16 but a is [2, 6] f32", () -> x.add(half)),
        new Wrong("gelu: x is [2] i32, expected f32 or bf16", ids::gelu),
        new Wrong("gelu: x is [2, 6] f16, expected f32 or bf16", half::gelu),
        new Wrong(
            "softmax: the rows of [6, 2] f32 must be contiguous",
            () -> x.transpose(0, 1).softmax()),
        new Wrong("swiGlu: gate is [2, 6] f32 but up is [5] f32", () -> x.swiGlu(v)),
        new Wrong(
            "rmsNorm: weight is [5] but x has 6 columns (x [2, 6] f32)", () -> x.rmsNorm(v, 1e-6f)),
        new Wrong(
            "layerNorm: bias is [5] but x has 6 columns (x [2, 6] f32)",
            () -> x.layerNorm(on.counting(6), v, 1e-6f)),
        new Wrong(
            "matMul: weight is [3, 5] f32 but x has 6 columns (x [2, 6] f32)",
            () -> x.matMul(w, null)),
        new Wrong(
            "matMul: bias is [5] f32 but weight is [3, 6] f32",
            () -> x.matMul(on.counting(3, 6), v)),
        new Wrong(
            "attention: q is [1, 2, 4, 6] f32 but k is [1, 2, 3, 6] f32",
            () -> heads.attention(on.counting(1, 2, 3, 6), on.counting(1, 2, 3, 6), Mask.NONE)),
        new Wrong(
            "attention: the first query of [1, 2, 4, 6] f32 sees no key of [1, 1, 4, 6] f32",
            () ->
                heads.attention(on.counting(1, 1, 4, 6), on.counting(1, 1, 4, 6), Mask.causal(-1))),
        new Wrong(
            "rope: x is [2, 3, 4] f32 but cos is [2, 3] f32 and sin is [2, 2] f32",
            () -> on.counting(2, 3, 4).rope(on.counting(2, 3), on.counting(2, 2))),
        new Wrong("gather: ids are [2, 6] f32 and table is [3, 5] f32", () -> x.gather(w)),
        new Wrong(
            "patches: [1, 3, 6, 6] f32 cannot be cut into patches of 4", () -> picture.patches(4)),
        new Wrong("pixelShuffle: [1, 3, 6, 6] f32 has an odd side", picture::pixelShuffle),
        new Wrong(
            "pixelShuffleLayerNorm: [1, 3, 6, 6] f32 has an odd side",
            () -> picture.pixelShuffleLayerNorm(w, w, 1, false)),
        new Wrong(
            "pixelShuffleLayerNorm: weight is [24] f32 and bias is [6] f32 but cells are [24]",
            () ->
                on.counting(1, 2, 4, 6)
                    .pixelShuffleLayerNorm(on.counting(24), on.counting(6), 1, true)),
        new Wrong("resizeBicubic: x is [2, 6] f32", () -> x.resizeBicubic(2, 2)),
        new Wrong("resizeRows: x is [2, 6] f32, expected [H, W, 3] u8", () -> x.resizeRows(taps)),
        new Wrong(
            "resizeRows: taps is [2, 6] f32, expected [w, 1 + T] i32", () -> rgb.resizeRows(x)),
        new Wrong(
            "imageTiles: 2 lines of [4, 6, 3] u8 cannot be cut into squares of 4",
            () -> rgb.imageTiles(taps, x, 4)),
        new Wrong(
            "imageTiles: values is [2, 6] f32, expected [3, 256] f32",
            () -> rgb.imageTiles(taps, x, 2)),
        new Wrong(
            "fromHost: [6, 2] f32 must be contiguous",
            () -> x.transpose(0, 1).fromHost(MemorySegment.ofArray(new float[12]))));
  }

  @Test
  void refusesWrongArgumentsByNameShapeAndDType() {
    for (Wrong wrong : wrong()) {
      assertThatThrownBy(wrong.call())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(wrong.message());
    }
  }
}
