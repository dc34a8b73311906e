package org.internvl4j.models;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A model spread over several GPUs, which the stand-in driver keeps apart, has the bits of one on
/// a single GPU.
class SeveralDevicesTest {
  @BeforeEach
  void assume() {
    assumeTrue(
        Files.exists(library()),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
  }

  @AfterEach
  void asBefore() {
    seed(0);
  }

  private static Path library() {
    return Path.of(System.getProperty("internvl4j.cuda.library"));
  }

  /// The order of threads, blocks and streams.
  private static void seed(long seed) {
    try {
      Linker.nativeLinker()
          .downcallHandle(
              SymbolLookup.libraryLookup(library(), Arena.global()).findOrThrow("emuSetSeed"),
              FunctionDescriptor.ofVoid(JAVA_LONG))
          .invokeExact(seed);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static VisionLanguageModel open(String fixture, String devices) {
    return VisionLanguageModel.open(
        Checkpoint.open(Fixtures.folder(fixture)),
        OpenOptions.DEFAULT.withDevice(devices).withWholeTower());
  }

  /// The embeddings tied to the head, and with a head of their own.
  @ParameterizedTest
  @ValueSource(strings = {"internvl2-1b", "internvl2-2b", "internvl2-4b"})
  void anyNumberOfDevicesComputesTheSameBits(String fixture) {
    Map<String, float[]> one = states(fixture, "cuda", 1);
    for (String devices : List.of("cuda:0,1", "cuda:2,0,1", "cuda:0,1,2,3")) {
      for (int seed = 0; seed < 4; seed++) {
        seed(seed);
        Map<String, float[]> several = states(fixture, devices, devices.split(",").length);
        assertThat(several.keySet()).isEqualTo(one.keySet());
        for (Map.Entry<String, float[]> state : one.entrySet()) {
          TensorAssert.assertSameBits(
              "%s of %s on %s, seed %d".formatted(state.getKey(), fixture, devices, seed),
              several.get(state.getKey()),
              state.getValue());
        }
      }
    }
  }

  /// What goes in and comes out of every layer, then the logits of some tokens in recorded steps.
  private static Map<String, float[]> states(String fixture, String devices, int count) {
    Map<String, float[]> states = new LinkedHashMap<>();
    try (VisionLanguageModel model = open(fixture, devices);
        Workspace steps = new Workspace(model.device(), "test");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("test")) {
      assertThat(model.devices()).hasSize(count).doesNotHaveDuplicates();
      Prompt prompt = Prompt.single(model, Question.of("What is it?", picture()));
      int side = prompt.tiles().getFirst().tiles().side();
      float[] tile = prompt.tiles().getFirst().tiles().pixels(0);
      Tensor seen =
          model
              .net()
              .tower()
              .forward(
                  steps.of(tile, 1, 3, side, side),
                  model.net().tower().blocks(),
                  x -> states.put("tower " + states.size(), x.toFloats()));
      states.put("features", seen.toFloats());
      generator.see(prompt, AnswerListener.NONE);
      cache.reserve(prompt.length() + 8);
      Tensor x = generator.embed(prompt, 0, prompt.length());
      Step step = step(model, prompt, cache, steps);
      Tensor y =
          model
              .net()
              .decoder()
              .forward(x, step, h -> states.put("decoder " + states.size(), h.toFloats()));
      step.advance();
      Tensor logits = model.net().decoder().logits(y.narrow(0, prompt.length() - 1, 1));
      int id = Sampler.argMax(logits.toFloats());
      DecodeStep decode =
          new DecodeStep(model.net(), steps, List.of(new Step.Span(1, cache, prompt.length())));
      for (int i = 0; i < 8; i++) {
        decode.put(0, id);
        Logits next = decode.run();
        id = next.best(0);
        states.put("token " + i, next.values(0).clone());
      }
    }
    return states;
  }

  private static Step step(
      VisionLanguageModel model, Prompt prompt, KvCache cache, Workspace steps) {
    return model
        .net()
        .decoder()
        .step(List.of(new Step.Span(prompt.length(), cache, prompt.length())), steps)
        .begin();
  }

  private static Picture picture() {
    byte[] rgb = new byte[3 * 40 * 30];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * i / 7);
    }
    return Picture.ofRgb(40, 30, rgb);
  }

  /// Conversations that go on, batches, guessed tokens, caches that grow.
  @Test
  void conversationsAndBatchesGiveTheSameAnswers() {
    assertThat(answers("cuda:0,1,2,3")).isEqualTo(answers("cuda"));
  }

  private static List<String> answers(String devices) {
    List<String> answers = new ArrayList<>();
    Generation options = Generation.GREEDY.withMaxNewTokens(12);
    try (VisionLanguageModel model = open("internvl2-1b", devices);
        Conversation conversation = model.conversation()) {
      Question question = Question.of("red or blue red or blue", picture());
      for (int i = 0; i < 2; i++) {
        answers.add(conversation.ask(question, options.withLookup(7), AnswerListener.NONE).text());
        answers.add(conversation.ask(question, options, AnswerListener.NONE).text());
        conversation.clear();
      }
      model.askAll(List.of(question, Question.of("And then?")), options).stream()
          .map(Answer::text)
          .forEach(answers::add);
    }
    return answers;
  }

  @Test
  void everyDeviceIsNamed() {
    try (VisionLanguageModel model = open("internvl2-1b", "cuda:1,3")) {
      assertThat(model.devices()).extracting(Device::name).containsExactly("cuda:1", "cuda:3");
      assertThat(model.description()).startsWith("cuda:1: CPU emulation").contains("; cuda:3: ");
    }
  }

  @Test
  void refusesWhatCannotBeShared() {
    assertThatThrownBy(() -> open("internvl2-1b", "cuda:0,0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: cuda:0,0 names device 0 twice");
    assertThatThrownBy(() -> open("internvl2-1b", "cuda:0,7"))
        .isInstanceOf(DeviceException.class)
        .hasMessage("cuda: there is no GPU 7, expected 0 to 3");
    assertThatThrownBy(() -> open("internvl2-1b", "cuda:0,"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "device: cuda:0, names no device, expected a number behind the colon, or several");
    assertThatThrownBy(() -> open("internvl2-1b", "cpu:0,1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: there is one cpu only, but cpu:1 is asked for");
  }
}
