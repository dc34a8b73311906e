package org.internvl4j.models;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
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
  private static final String TIED = ", tied";

  @BeforeEach
  void assume() {
    assumeTrue(
        Files.exists(library()),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
  }

  @AfterEach
  void asBefore() {
    if (Files.exists(library())) {
      seed(0);
      forgetWaits(false);
    }
  }

  private static Path library() {
    return Path.of(System.getProperty("internvl4j.cuda.library"));
  }

  /// The order of threads, blocks and streams.
  private static void seed(long seed) {
    try {
      emulator("emuSetSeed", JAVA_LONG).invokeExact(seed);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// A planted error: streams do not wait for the events of others.
  private static void forgetWaits(boolean forget) {
    try {
      emulator("emuForgetWaits", JAVA_INT).invokeExact(forget ? 1 : 0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle emulator(String function, MemoryLayout parameter) {
    SymbolLookup lookup = SymbolLookup.libraryLookup(library(), Arena.global());
    return Linker.nativeLinker()
        .downcallHandle(lookup.findOrThrow(function), FunctionDescriptor.ofVoid(parameter));
  }

  private static VisionLanguageModel open(String fixture, String devices) {
    Path folder = Fixtures.folder(fixture.replace(TIED, ""));
    return VisionLanguageModel.open(
        fixture.endsWith(TIED) ? tied(folder) : Checkpoint.open(folder),
        OpenOptions.DEFAULT.withDevice(devices).withWholeTower());
  }

  /// A checkpoint without a head of its own.
  private static Checkpoint tied(Path folder) {
    Map<String, byte[]> files = new HashMap<>();
    SafeTensorsWriter writer = new SafeTensorsWriter();
    try (Stream<Path> paths = Files.list(folder);
        Device device = Devices.open("reference", 1);
        SafeTensors weights = SafeTensors.open(folder.resolve("model.safetensors"))) {
      for (Path path : paths.toList()) {
        files.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
      for (String name : weights.names()) {
        if (!name.equals("language_model.lm_head.weight")) {
          Tensor weight = weights.tensor(name, device);
          writer.add(name, weight.dtype(), weight.toFloats(), weight.shape().toArray());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    files.put("model.safetensors", writer.toBytes());
    return Checkpoint.of("tied", files);
  }

  /// All decoders; a head tied to the embeddings, which are on another device; a tower of which the
  /// decoder sees an earlier block; positions that are computed where the first layer is.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "internvl2-1b",
        "internvl2-1b" + TIED,
        "internvl2-1b-resized",
        "internvl2-2b",
        "internvl2-4b",
        "internvl-chat-v1-1"
      })
  void anyNumberOfDevicesComputesTheSameBits(String fixture) {
    Map<String, float[]> one = states(fixture, "cuda", 1);
    for (String devices : List.of("cuda:0,1", "cuda:2,0,1", "cuda:0,1,2,3")) {
      requireSame(fixture, devices, 0, one);
    }
    for (int seed = 1; seed < 4; seed++) {
      seed(seed);
      requireSame(fixture, "cuda:0,1,2,3", seed, one);
    }
  }

  private static void requireSame(
      String fixture, String devices, int seed, Map<String, float[]> one) {
    Map<String, float[]> several = states(fixture, devices, devices.split(",").length);
    assertThat(several.keySet()).isEqualTo(one.keySet());
    for (Map.Entry<String, float[]> state : one.entrySet()) {
      TensorAssert.assertSameBits(
          "%s of %s on %s, seed %d".formatted(state.getKey(), fixture, devices, seed),
          several.get(state.getKey()),
          state.getValue());
    }
  }

  @Test
  void aHandOverThatNobodyWaitsForIsNoticed() {
    Map<String, float[]> one = states("internvl2-1b", "cuda", 1);
    forgetWaits(true);
    assertThatThrownBy(() -> requireSame("internvl2-1b", "cuda:0,1", 0, one))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("internvl2-1b on cuda:0,1");
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
      int id = Logits.likeliest(logits.toFloats());
      DecodeStep decode =
          new DecodeStep(
              model.net(), steps, steps, List.of(new Step.Span(1, cache, prompt.length())), false);
      for (int i = 0; i < 8; i++) {
        decode.put(0, id);
        Logits next = decode.run();
        id = next.chosen(0);
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

  /// One thread may record while another hands over: they take turns, and do not wait for each
  /// other for ever.
  @Test
  void conversationsOfTwoThreadsShareTheDevices() throws Exception {
    try (VisionLanguageModel model = open("internvl2-1b", "cuda:0,1");
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Question question = Question.of("red or blue red or blue");
      Generation options = Generation.GREEDY.withMaxNewTokens(12);
      String alone = model.ask(question, options, AnswerListener.NONE).text();
      List<Callable<String>> asking = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        asking.add(() -> model.ask(question, options, AnswerListener.NONE).text());
      }
      for (Future<String> answer : threads.invokeAll(asking)) {
        assertThat(answer.get()).isEqualTo(alone);
      }
    }
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
