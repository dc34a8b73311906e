package org.internvl4j.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.data.Offset;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The meaning of each kernel, by values worked out by hand.
final class ReferenceKernelsTest {
  private static final Offset<Float> ROUNDED = Offset.offset(1e-6f);

  private final Device device = new ReferenceProvider().open(1);
  private final Workspace step = new Workspace(device, "test");

  @AfterEach
  void close() {
    step.close();
    device.close();
  }

  private Tensor row(float... values) {
    return step.of(values, 1, values.length);
  }

  private Tensor vector(float... values) {
    return step.of(values, values.length);
  }

  @Test
  void addAndMulRepeatTheirSecondOperand() {
    Tensor x = step.of(new float[] {1, 2, 3, 4}, 2, 2);
    assertThat(x.add(vector(10, 20)).toFloats()).containsExactly(11, 22, 13, 24);
    assertThat(x.mul(vector(10, 20)).toFloats()).containsExactly(10, 40, 30, 80);
  }

  @Test
  void copyRoundsToNearestEven() {
    Tensor y = step.allocate(DType.BF16, 3).copyFrom(vector(1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -3));
    assertThat(y.toFloats()).containsExactly(1, 1.015625f, -3);
  }

  @Test
  void functionsAtOne() {
    assertThat(vector(0, 1, -1).gelu().toFloats())
        .containsExactly(new float[] {0, 0.8413447f, -0.15865526f}, ROUNDED);
    assertThat(vector(0, 1, -1).silu().toFloats())
        .containsExactly(new float[] {0, 0.7310586f, -0.26894143f}, ROUNDED);
    assertThat(vector(1, 1).swiGlu(vector(2, -4)).toFloats())
        .containsExactly(new float[] {1.4621172f, -2.9242344f}, ROUNDED);
  }

  @Test
  void softmaxOfLogarithmsIsTheirShare() {
    float log2 = (float) Math.log(2);
    assertThat(row(0, log2, 2 * log2, 0).softmax().toFloats())
        .containsExactly(new float[] {0.125f, 0.25f, 0.5f, 0.125f}, ROUNDED);
    assertThat(row(1000, 1000).softmax().toFloats()).containsExactly(0.5f, 0.5f);
  }

  @Test
  void normsOfThreeAndFour() {
    // mean square 12.5; mean 3.5, variance 0.25
    assertThat(row(3, 4).rmsNorm(vector(1, 2), 0).toFloats())
        .containsExactly(new float[] {0.84852815f, 2.2627418f}, ROUNDED);
    assertThat(row(3, 4).layerNorm(vector(1, 2), vector(10, 20), 0).toFloats())
        .containsExactly(9, 22);
    assertThat(row(3, 4).rmsNorm(vector(1, 1), 3.5f).toFloats()).containsExactly(0.75f, 1);
  }

  @Test
  void matMulMultipliesByTheTransposedWeight() {
    Tensor x = step.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor w = step.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
    assertThat(x.matMul(w, null).toFloats()).containsExactly(1, 2, 3, 3, 4, 7);
    assertThat(x.matMul(w, vector(10, 20, 30)).toFloats()).containsExactly(11, 22, 33, 13, 24, 37);
  }

  @Test
  void attentionWeighsValuesByScores() {
    float log3 = (float) Math.log(3);
    Tensor q = step.of(new float[] {1, 2}, 1, 2, 1, 1);
    Tensor k = step.of(new float[] {0, log3}, 1, 2, 1, 1);
    Tensor v = step.of(new float[] {4, 8}, 1, 2, 1, 1);
    // weights 1:3, then 1:9
    assertThat(q.attention(k, v, Mask.NONE, 1).toFloats())
        .containsExactly(new float[] {7, 7.6f}, ROUNDED);
    // the first query sees the first key only
    assertThat(q.attention(k, v, Mask.causal(0), 1).toFloats())
        .containsExactly(new float[] {4, 7.6f}, ROUNDED);
    // half the scale: weights 1:3 for the second query
    assertThat(q.attention(k, v, Mask.NONE, 0.5f).toFloats()[1]).isEqualTo(7, ROUNDED);
  }

  @Test
  void queryHeadsShareKvHeadsInOrder() {
    Tensor q = step.of(new float[4], 1, 1, 4, 1);
    Tensor k = step.of(new float[2], 1, 1, 2, 1);
    Tensor v = step.of(new float[] {5, 9}, 1, 1, 2, 1);
    assertThat(q.attention(k, v, Mask.NONE).toFloats()).containsExactly(5, 5, 9, 9);
  }

  @Test
  void ropeTurnsHalvesAgainstEachOther() {
    Tensor x = step.of(new float[] {1, 2, 3, 4}, 1, 1, 4);
    Tensor cos = step.of(new float[] {0, 1}, 1, 2);
    Tensor sin = step.of(new float[] {1, 0}, 1, 2);
    assertThat(x.rope(cos, sin).toFloats()).containsExactly(-3, 2, 1, 4);
  }

  @Test
  void gatherTakesRowsAndRefusesOthers() {
    Tensor table = step.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
    assertThat(step.of(new int[] {2, 0, 2}, 3).gather(table).toFloats())
        .containsExactly(4, 5, 0, 1, 4, 5);
    Tensor outside = step.of(new int[] {3}, 1);
    assertThatThrownBy(() -> outside.gather(table))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("gather: id 3 is outside [3, 2] f32");
  }

  @Test
  void patchesGoChannelThenLineThenColumn() {
    float[] picture = new float[2 * 4 * 4];
    for (int i = 0; i < picture.length; i++) {
      picture[i] = i;
    }
    assertThat(step.of(picture, 1, 2, 4, 4).patches(2).narrow(1, 1, 1).toFloats())
        .containsExactly(2, 3, 6, 7, 18, 19, 22, 23);
  }

  @Test
  void pixelShuffleLaysFourNeighboursSideBySide() {
    float[] grid = new float[2 * 4 * 1];
    for (int i = 0; i < grid.length; i++) {
      grid[i] = i;
    }
    assertThat(step.of(grid, 1, 2, 4, 1).pixelShuffle().toFloats())
        .containsExactly(0, 1, 4, 5, 2, 3, 6, 7);
  }

  @Test
  void bicubicKeepsTheGridAndInterpolatesHalfWay() {
    Tensor line = step.of(new float[] {0, 0, 1, 0}, 1, 4, 1);
    assertThat(line.resizeBicubic(1, 4).toFloats()).containsExactly(0, 0, 1, 0);
    // output 2 of 8 lies at 0.75, a quarter before input 1; input 2 is 1.25 away from it:
    // −0.75·(1.25³ − 5·1.25² + 8·1.25 − 4) = −0.10546875
    assertThat(line.resizeBicubic(1, 8).toFloats()[2]).isEqualTo(-27 / 256f, ROUNDED);
  }
}
