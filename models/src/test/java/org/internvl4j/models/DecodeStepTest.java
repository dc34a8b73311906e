package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.KvPool;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Recorded passes against passes that are made anew each time.
class DecodeStepTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

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
          KvCache recordedCache = model.net().decoder().newCache("recorded");
          KvCache freshCache = model.net().decoder().newCache("fresh")) {
        recordedCache.reserve(80);
        freshCache.reserve(80);
        DecodeStep step =
            new DecodeStep(
                model.net(), steps, steps, List.of(new Step.Span(1, recordedCache, 5)), false);
        Random random = new Random(1);
        int tokens = device.equals("cpu") ? 70 : 5;
        for (int i = 0; i < tokens; i++) {
          int id = random.nextInt(model.config().language().vocabSize());
          step.put(0, id);
          Logits next = step.run();
          float[] recorded = next.values(0);
          assertThat(next.chosen(0)).isEqualTo(Logits.likeliest(recorded));
          TensorAssert.assertSameBits(
              fixture + " on " + device + ", token " + i,
              recorded,
              fresh(model, fresh, freshCache, id));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aRecordedStepFindsPagesThatCameLater(String device) {
    try (VisionLanguageModel model = open("internvl2-1b", device, 2);
        Workspace steps = new Workspace(model.device(), "recorded");
        Workspace fresh = new Workspace(model.device(), "fresh");
        KvPool pool = model.net().decoder().newPools(16, 12, "pool").getFirst();
        KvCache cache = new KvCache(List.of(pool), "recorded");
        KvCache other = new KvCache(List.of(pool), "other");
        KvCache freshCache = model.net().decoder().newCache("fresh")) {
      cache.reserve(1);
      freshCache.reserve(80);
      DecodeStep step =
          new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, 5)), false);
      Object memory = cache.memory();
      for (int i = 0; i < 40; i++) {
        cache.reserve(i + 1);
        other.reserve(i + 1); // takes turns, so that no two pages are neighbours
        step.put(0, i);
        TensorAssert.assertSameBits(
            device + ", token " + i, step.run().values(0), fresh(model, fresh, freshCache, i));
      }
      assertThat(cache.memory()).isSameAs(memory);
      assertThat(pool.freePages()).isEqualTo(12 - 2 * 3);
    }
  }

  private static float[] fresh(VisionLanguageModel model, Workspace steps, KvCache cache, int id) {
    steps.reset();
    Step step = model.net().decoder().step(List.of(new Step.Span(1, cache, 5)), steps).begin();
    Tensor x = model.net().decoder().embed(steps.of(new int[] {id}, 1));
    Tensor y = model.net().decoder().forward(x, step, h -> {});
    step.advance();
    return model.net().decoder().logits(y).toFloats();
  }

  /// With plain loops, since vectors are objects until the optimising compiler has seen all of
  /// their kernel; around the kernels everything is the same.
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aTokenMakesNoGarbage(int threads) {
    String bits = "internvl4j.vector.bits";
    String before = System.getProperty(bits, "");
    System.setProperty(bits, "0");
    try (VisionLanguageModel plain = open("internvl2-1b", "cpu", threads);
        VisionLanguageModel scaled = open("internvl2-2b-ntk", "cpu", threads)) {
      for (Generation options :
          List.of(
              Generation.GREEDY,
              Generation.GREEDY.withLookup(7),
              Generation.GREEDY.withRepetitionPenalty(1.1f),
              Generation.SAMPLED,
              Generation.SAMPLED.withTopK(5))) {
        assertThat(leastGarbage(plain, options)).as("%s", options).isZero();
      }
      assertThat(leastGarbage(scaled, Generation.GREEDY)).as("dynamic NTK").isZero();
    } finally {
      if (before.isEmpty()) {
        System.clearProperty(bits);
      } else {
        System.setProperty(bits, before);
      }
    }
  }

  /// Bytes that this thread allocates for up to 127 tokens and their choice, once the code is
  /// compiled: the least of up to 300 answers in the same place.
  private static long leastGarbage(VisionLanguageModel model, Generation options) {
    long least = Long.MAX_VALUE;
    try (Workspace steps = new Workspace(model.device(), "test");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("test")) {
      Prompt prompt = Prompt.single(model, Question.of("And then?"));
      int tokens = Math.min(129, model.context() - prompt.length());
      assertThat(tokens).isGreaterThanOrEqualTo(24);
      cache.reserve(prompt.length() + tokens);
      for (int answer = 0; answer < 300 && least > 0; answer++) {
        cache.truncate(0);
        Sequence sequence =
            model.sequence(prompt, cache, options.withMaxNewTokens(tokens), AnswerListener.NONE);
        generator.read(sequence, 0, AnswerListener.NONE);
        List<Sequence> only = List.of(sequence);
        generator.advance(only); // recorded
        long start = allocated();
        while (sequence.made().size() < tokens) { // on past the token that would stop it
          generator.advance(only);
        }
        least = Math.min(least, allocated() - start);
      }
    }
    return least;
  }

  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  @Test
  void refusesTokensThatTheCacheHasNoRoomFor() {
    try (VisionLanguageModel model = open("internvl2-1b", "cpu", 1);
        Workspace steps = new Workspace(model.device(), "test");
        KvCache cache = model.net().decoder().newCache("test")) {
      cache.reserve(2);
      DecodeStep step =
          new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, 1)), false);
      while (cache.length() < cache.capacity()) {
        step.run();
      }
      assertThatThrownBy(step::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv cache: 129 tokens do not fit its capacity 128");
      assertThat(cache.length()).isEqualTo(128);
    }
  }

  static VisionLanguageModel open(String fixture, String device, int threads) {
    return VisionLanguageModel.open(
        Checkpoint.open(Fixtures.folder(fixture)),
        OpenOptions.DEFAULT.withDevice(device).withThreads(threads));
  }
}
