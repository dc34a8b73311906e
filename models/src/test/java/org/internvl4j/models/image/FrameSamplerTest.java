package org.internvl4j.models.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameSamplerTest {
  @Test
  void picksTheReferencesFrames() {
    assertThat(FrameSampler.uniform(250, 8)).containsExactly(15, 46, 77, 108, 139, 171, 202, 233);
    assertThat(FrameSampler.uniform(300, 16))
        .containsExactly(9, 28, 46, 65, 84, 102, 121, 140, 159, 177, 196, 215, 233, 252, 271, 289);
    assertThat(FrameSampler.uniform(8, 8)).containsExactly(0, 1, 2, 3, 4, 4, 5, 6);
    assertThat(FrameSampler.uniform(1, 8)).containsExactly(0, 0, 0, 0, 0, 0, 0, 0);
    assertThat(FrameSampler.uniform(1001, 29.97, 1.0, 3.5, 8))
        .containsExactly(34, 43, 53, 62, 72, 81, 90, 100);
  }

  @Test
  void staysInsideTheClipAndGrowsSeed73() {
    Random random = new Random(73);
    for (int i = 0; i < 2000; i++) {
      int frames = 1 + random.nextInt(400);
      double fps = 1 + 60 * random.nextDouble();
      double start = random.nextDouble() * frames / fps;
      double end = start + random.nextDouble() * frames / fps + 1 / fps;
      if (Math.rint(start * fps) >= frames) {
        continue;
      }
      int[] indices = FrameSampler.uniform(frames, fps, start, end, 1 + random.nextInt(40));
      assertThat(indices).isSorted();
      assertThat(indices[0]).isGreaterThanOrEqualTo((int) Math.rint(start * fps));
      assertThat(indices[indices.length - 1]).isLessThan(frames);
    }
  }

  @Test
  void picksMiddlesOfIntervals() {
    assertThat(FrameSampler.middle(10, 4)).containsExactly(0, 3, 5, 8);
    assertThat(FrameSampler.middle(3, 8)).containsExactly(0, 1, 2);
  }

  @Test
  void spacesFramesAsTransformersDoes() {
    assertThat(FrameSampler.evenlySpaced(10, 4, true)).containsExactly(1, 3, 6, 8);
    assertThat(FrameSampler.evenlySpaced(10, 4, false)).containsExactly(0, 2, 5, 7);
    assertThatThrownBy(() -> FrameSampler.evenlySpaced(3, 4, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("frames: 4 wanted of a clip of 3; ask for fewer");
  }

  @Test
  void refusesPartsWithoutFrames() {
    assertThatThrownBy(() -> FrameSampler.uniform(100, 25, 5, 9, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("frames: 5.0 s to 9.0 s holds no frame of a clip of 100 frames at 25.0 fps");
    assertThatThrownBy(() -> FrameSampler.uniform(100, Double.NaN, 0, 1, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fps above 0");
    assertThatThrownBy(() -> FrameSampler.uniform(0, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("found 0 and 8");
  }
}
