package org.internvl4j.models;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.models.Verifier.Check;
import org.internvl4j.models.heads.HeadFiles;
import org.internvl4j.models.heads.Windows;
import org.internvl4j.models.image.Picture;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole models on a GPU's kernels, which the emulator runs: in f32 they equal the reference, in
/// bf16 they are as near to it as it is to itself.
class CudaModelsTest {
  private static final String F32 = "internvl4j.cuda.f32";
  private static final String CUBLAS_LT = "internvl4j.cublaslt.library";

  @BeforeEach
  void assume() {
    Path library = Path.of(System.getProperty("internvl4j.cuda.library"));
    assumeTrue(
        Files.exists(library),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
  }

  @AfterEach
  void asBefore() {
    System.clearProperty(F32);
    System.clearProperty(CUBLAS_LT);
  }

  static Stream<Arguments> fixtures() {
    return Fixtures.MODELS.stream()
        .flatMap(name -> Stream.of(DType.F32, DType.BF16).map(dtype -> Arguments.of(name, dtype)));
  }

  private static VisionLanguageModel open(String fixture, DType dtype) {
    System.setProperty(F32, Boolean.toString(dtype == DType.F32));
    return VisionLanguageModel.open(
        Checkpoint.open(Fixtures.folder(fixture)),
        OpenOptions.DEFAULT.withDevice("cuda").withWholeTower());
  }

  @ParameterizedTest(name = "{0} in {1}")
  @MethodSource("fixtures")
  void equalsTheReference(String fixture, DType dtype) {
    List<Check> checks = new ArrayList<>();
    try (VisionLanguageModel model = open(fixture, dtype);
        SafeTensors golden =
            SafeTensors.open(Fixtures.folder(fixture).resolve("golden.safetensors"))) {
      assertThat(model.device().activations()).isEqualTo(dtype);
      new Verifier(model, checks::add).golden(golden, Fixtures.cases(fixture));
    }
    assertThat(checks)
        .hasSizeGreaterThan(7)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  /// Towers and decoders of both kinds, on prompts of more than 64 tokens.
  @ParameterizedTest
  @ValueSource(strings = {"internvl2-76b", "internvl2_5-1b"})
  void equalsTheReferenceOnHopper(String fixture) throws Throwable {
    MethodHandle capability =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(
                        Path.of(System.getProperty("internvl4j.cuda.library")), Arena.global())
                    .findOrThrow("emuSetCapability"),
                FunctionDescriptor.ofVoid(JAVA_INT));
    capability.invokeExact(90);
    try {
      equalsTheReference(fixture, DType.BF16);
    } finally {
      capability.invokeExact(80);
    }
  }

  /// Decoders with and without biases, on prompts of more than 64 tokens.
  @ParameterizedTest
  @ValueSource(strings = {"internvl2-76b", "internvl2_5-1b"})
  void equalsTheReferenceWithCublasLt(String fixture) throws Throwable {
    Path library =
        Path.of(System.getProperty("internvl4j.cuda.library")).resolveSibling("libcublasLt.so.13");
    System.setProperty(CUBLAS_LT, library.toString());
    MethodHandle products =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(library, Arena.global())
                    .findOrThrow("emuCublasLtProducts"),
                FunctionDescriptor.of(JAVA_LONG));
    long before = (long) products.invokeExact();
    equalsTheReference(fixture, DType.BF16);
    assertThat((long) products.invokeExact()).isGreaterThan(before);
  }

  /// Conversations, several at once, guessed tokens: what runs recorded steps again.
  @Test
  void draftsAndBatchesGiveTheAnswersOfSingleSteps() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      try (VisionLanguageModel model = open("internvl2-1b", dtype);
          Conversation conversation = model.conversation()) {
        Generation options = Generation.GREEDY.withMaxNewTokens(24);
        Question question = Question.of("red or blue red or blue");
        String plain = model.ask(question, options, AnswerListener.NONE).text();
        assertThat(model.ask(question, options.withLookup(7), AnswerListener.NONE).text())
            .isEqualTo(plain);
        assertThat(conversation.ask(question, options, AnswerListener.NONE).text())
            .isEqualTo(plain);
        assertThat(model.askAll(List.of(question, question), options))
            .extracting(Answer::text)
            .containsExactly(plain, plain);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void picturesAndTextsOfOneSpaceEqualTheReference(DType dtype) {
    System.setProperty(F32, Boolean.toString(dtype == DType.F32));
    Path folder = Fixtures.folder("internvl-14b-224px");
    List<Check> checks = new ArrayList<>();
    try (ContrastiveModel model =
            ContrastiveModel.open(Checkpoint.open(folder), OpenOptions.DEFAULT.withDevice("cuda"));
        SafeTensors golden = SafeTensors.open(folder.resolve("golden.safetensors"))) {
      new ContrastiveVerifier(model, checks::add)
          .golden(golden, Fixtures.json(folder.resolve("cases.json")));
    }
    assertThat(checks)
        .hasSize(10)
        .filteredOn(c -> dtype == DType.F32 || !c.name().equals("caption.greedy_ids"))
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  /// Experts that the host chooses, in steps that are not recorded.
  @Test
  void mixturesOfExpertsGiveTheAnswersOfTheCpu() throws Exception {
    System.setProperty(F32, "true");
    ExpertsTest experts = new ExpertsTest();
    String config = experts.mix(2, true);
    Generation few = Generation.GREEDY.withMaxNewTokens(6);
    try (VisionLanguageModel cpu = experts.open(config, OpenOptions.DEFAULT.withDevice("cpu"));
        VisionLanguageModel cuda = experts.open(config, OpenOptions.DEFAULT.withDevice("cuda"))) {
      Question question = Question.of("What is it?");
      assertThat(cuda.ask(question, few, AnswerListener.NONE).text())
          .isEqualTo(cpu.ask(question, few, AnswerListener.NONE).text());
      assertThat(cuda.askAll(List.of(question, question), few))
          .extracting(Answer::text)
          .containsOnly(cpu.ask(question, few, AnswerListener.NONE).text());
    }
  }

  /// Heads gather neighbours, widen maps and go to the host and back.
  @ParameterizedTest
  @ValueSource(strings = {"linear.pth", "upernet.pth"})
  void segmentsAsTheCpuDoes(String head) throws IOException {
    Path file = HeadFiles.file(head);
    Segmenter.Options windows = new Segmenter.Options(new Windows(70, 42, 14), -1);
    byte[] rgb = new byte[3 * 90 * 60];
    new Random(4).nextBytes(rgb);
    Picture picture = Picture.ofRgb(90, 60, rgb);
    OpenOptions cpu = OpenOptions.DEFAULT.withDevice("cpu");
    short[] expected;
    try (Segmenter segmenter =
        Segmenter.open(Towers.ofFourBlocks("internvl2-26b"), file, cpu, windows)) {
      expected = segmenter.segment(picture).ids();
    }
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      System.setProperty(F32, Boolean.toString(dtype == DType.F32));
      try (Segmenter segmenter =
          Segmenter.open(
              Towers.ofFourBlocks("internvl2-26b"), file, cpu.withDevice("cuda"), windows)) {
        short[] found = segmenter.segment(picture).ids();
        long equal = IntStream.range(0, found.length).filter(i -> found[i] == expected[i]).count();
        assertThat((double) equal / found.length).isGreaterThan(dtype == DType.F32 ? 0.999 : 0.95);
      }
    }
  }

  /// A GPU asks for more rows than a CPU.
  @Test
  void aLongPromptIsReadAtOnce() {
    List<Integer> done = new ArrayList<>();
    try (VisionLanguageModel model = open("internvl2-4b", DType.BF16)) {
      Answer answer =
          model.ask(
              Question.of("word ".repeat(300)),
              Generation.GREEDY.withMaxNewTokens(1),
              new AnswerListener() {
                @Override
                public void text(String piece) {}

                @Override
                public void promptRead(int tokens, int total) {
                  done.add(tokens);
                }
              });
      assertThat(answer.usage().promptTokens()).isGreaterThan(512);
      assertThat(done).containsExactly(answer.usage().promptTokens());
    }
  }
}
