package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How often a token asks something of a GPU, counted by the stand-in for its driver.
class CudaRequestsTest {
  private final Path driver = Path.of(System.getProperty("internvl4j.cuda.library"));

  /// One launch of the recorded step, one copy of the chosen id back, however it is chosen.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aTokenIsOneLaunch(boolean draws) throws Throwable {
    assumeTrue(
        Files.exists(driver),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    try (VisionLanguageModel model =
            VisionLanguageModel.open(
                Checkpoint.open(Fixtures.folder("internvl2-1b")),
                OpenOptions.DEFAULT.withDevice("cuda").withoutCache());
        Workspace steps = new Workspace(model.device(), "test");
        KvCache cache = model.net().decoder().newCache("test")) {
      cache.reserve(80);
      DecodeStep step =
          new DecodeStep(model.net(), steps, steps, List.of(new Step.Span(1, cache, 1)), draws);
      List<Long> requests = new ArrayList<>();
      Prompt prompt = Prompt.single(model, Question.of("And then?"));
      Sequence sequence =
          model.sequence(
              prompt, cache, Generation.SAMPLED.withMaxNewTokens(80), AnswerListener.NONE);
      step.put(0, 3);
      for (int token = 0; token < 70; token++) {
        long before = requests();
        step.follow(0, sequence);
        Logits next = step.run();
        sequence.take(next, 0);
        step.put(0, next.chosen(0));
        requests.add(requests() - before);
      }
      long angles = requests.get(64);
      assertThat(angles).isGreaterThan(2);
      assertThat(requests.subList(1, 64)).containsOnly(2L);
      assertThat(requests.subList(65, 70)).containsOnly(2L);
    }
  }

  private long requests() throws Throwable {
    MethodHandle requests =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(driver, Arena.global()).findOrThrow("emuRequests"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    return (long) requests.invokeExact();
  }
}
