package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Recorded passes against passes that are made anew each time.
class DecodeStepTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "internvl2-1b",
        "internvl2-2b",
        "internvl2-4b",
        "internvl2-76b",
        "internvl2-2b-ntk",
        "internvl2-4b-long"
      })
  void aRecordedStepGivesTheBitsOfAFreshOne(String fixture) {
    for (String device : List.of("cpu", "reference")) {
      try (VisionLanguageModel model = open(fixture, device, 2);
          Workspace steps = new Workspace(model.device(), "recorded");
          Workspace fresh = new Workspace(model.device(), "fresh");
          KvCache recordedCache = model.net().decoder().newCache(steps, "recorded");
          KvCache freshCache = model.net().decoder().newCache(steps, "fresh")) {
        recordedCache.reserve(80);
        freshCache.reserve(80);
        DecodeStep step =
            new DecodeStep(model.net(), steps, List.of(new Step.Span(1, recordedCache, 5)));
        Random random = new Random(1);
        int tokens = device.equals("cpu") ? 70 : 5;
        for (int i = 0; i < tokens; i++) {
          int id = random.nextInt(model.config().language().vocabSize());
          step.put(0, id);
          step.run();
          TensorAssert.assertSameBits(
              fixture + " on " + device + ", token " + i,
              step.logits(0),
              fresh(model, fresh, freshCache, id));
        }
      }
    }
  }

  private static float[] fresh(VisionLanguageModel model, Workspace steps, KvCache cache, int id) {
    steps.reset(0);
    Step step = model.net().decoder().step(List.of(new Step.Span(1, cache, 5)), steps).begin();
    Tensor x = model.net().decoder().embed(steps.of(new int[] {id}, 1));
    Tensor y = model.net().decoder().forward(x, step, h -> {});
    step.advance();
    return model.net().decoder().logits(y).toFloats();
  }

  @Test
  void refusesTokensThatTheCacheHasNoRoomFor() {
    try (VisionLanguageModel model = open("internvl2-1b", "cpu", 1);
        Workspace steps = new Workspace(model.device(), "test");
        KvCache cache = model.net().decoder().newCache(steps, "test")) {
      cache.reserve(2);
      DecodeStep step = new DecodeStep(model.net(), steps, List.of(new Step.Span(1, cache, 1)));
      step.run();
      step.run();
      assertThatThrownBy(step::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv cache: 3 tokens do not fit its capacity 2");
      assertThat(cache.length()).isEqualTo(2);
    }
  }

  static VisionLanguageModel open(String fixture, String device, int threads) {
    return VisionLanguageModel.open(
        Checkpoint.open(Fixtures.folder(fixture)),
        OpenOptions.DEFAULT.withDevice(device).withThreads(threads));
  }
}
