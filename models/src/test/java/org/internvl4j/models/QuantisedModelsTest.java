package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.QuantisedWriter.Float8.Scales;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole models from quantised files, against the same models with what the bits stand for written
/// out.
class QuantisedModelsTest {
  private static final String F32 = "internvl4j.cuda.f32";
  private static final QuantisedWriter AWQ = new QuantisedWriter.Awq(16);
  private static final QuantisedWriter GPTQ = new QuantisedWriter.Gptq(4, 16, true, 1);

  @TempDir private Path temp;

  @AfterEach
  void asBefore() {
    System.clearProperty(F32);
  }

  static Stream<Arguments> models() {
    List<QuantisedWriter> formats =
        List.of(
            AWQ,
            GPTQ,
            new QuantisedWriter.Gptq(8, 16, false, 2),
            new QuantisedWriter.Int8(),
            new QuantisedWriter.Nf4(64, 16),
            new QuantisedWriter.Float8(Scales.COLUMN));
    return Stream.concat(
        Stream.of("internvl2-1b", "internvl2-2b")
            .flatMap(fixture -> formats.stream().map(format -> Arguments.of(fixture, format))),
        Stream.of("internvl2-4b", "internvl3-1b-hf", "internvl3_5-1b")
            .map(fixture -> Arguments.of(fixture, AWQ)));
  }

  private static OpenOptions options(WeightFormat format) {
    return OpenOptions.DEFAULT.withDevice("cpu").withThreads(2).withoutCache().withWeights(format);
  }

  private Reply reply(String folder, OpenOptions options) {
    return reply(temp.resolve(folder), options);
  }

  private static Reply reply(Path folder, OpenOptions options) {
    try (VisionLanguageModel model = VisionLanguageModel.open(Checkpoint.open(folder), options)) {
      return Reply.of(model);
    }
  }

  /// In memory a quantised matrix is bf16, so its model has the bits of one whose files are. Beside
  /// what the quantisation of the file did to the model, that rounding is little, and so it is
  /// beside what q8 and q4 do.
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("models")
  void equalsTheModelOfTheSameNumbers(String fixture, QuantisedWriter format) throws IOException {
    boolean all = format instanceof QuantisedWriter.Int8; // as it is published
    QuantisedModel.write(fixture, format, all ? QuantisedModel.ALL : QuantisedModel.BLOCKS, temp);
    Reply original = reply(Fixtures.folder(fixture), options(WeightFormat.STORED));
    Reply full = reply("plain-f32", options(WeightFormat.STORED));
    double lost = TensorAssert.nmse(full.prompt(), original.prompt());
    for (WeightFormat kept : WeightFormat.values()) {
      Reply quantised = reply("quantised", options(kept));
      assertSame(quantised, reply("plain-bf16", options(kept)));
      double nmse = TensorAssert.nmse(quantised.prompt(), full.prompt());
      double least =
          kept == WeightFormat.STORED
              ? lost / 6
              : TensorAssert.nmse(reply("plain-f32", options(kept)).prompt(), full.prompt());
      assertThat(nmse).as("%s of a file that lost %s", kept, lost).isLessThan(1.5 * least);
    }
  }

  private static void assertSame(Reply found, Reply expected) {
    TensorAssert.assertSameBits("prompt", found.prompt(), expected.prompt());
    TensorAssert.assertSameBits("next", found.next(), expected.next());
  }

  @Test
  void everyPartIsUsed() throws IOException {
    QuantisedModel.write("internvl2-1b", GPTQ, QuantisedModel.BLOCKS, temp);
    Path user = temp.resolve("user");
    try (Warnings warnings = new Warnings()) {
      Reply reply = reply("quantised", options(WeightFormat.STORED));
      open(user, reply);
      open(user, reply); // from what was kept
      assertThat(warnings.lines).isEmpty();
    }
  }

  /// The warnings of the loader.
  private static final class Warnings extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("org.internvl4j.loader");
    private final List<String> lines = new ArrayList<>();

    Warnings() {
      logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord record) {
      lines.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
    }
  }

  private Set<LoadListener.Stage> open(Path user, Reply expected) {
    Set<LoadListener.Stage> stages = EnumSet.noneOf(LoadListener.Stage.class);
    OpenOptions options =
        options(WeightFormat.STORED)
            .withCache(new CachePolicy(true, 0, user))
            .withLoading((stage, done, total) -> {
              assertThat(done).isLessThanOrEqualTo(total);
              stages.add(stage);
            });
    Reply reply = reply("quantised", options);
    assertSame(reply, expected);
    return stages;
  }

  /// The files stay as they are and config.json says that they mean something else.
  @Test
  void preparedMatricesAreFoundAgainAndNeverThoseOfAnotherReading() throws IOException {
    QuantisedModel.write("internvl2-2b", GPTQ, QuantisedModel.BLOCKS, temp);
    Path user = temp.resolve("user");
    Reply first = reply("quantised", options(WeightFormat.STORED));
    assertThat(open(user, first)).containsExactly(LoadListener.Stage.PREPARING);
    assertThat(open(user, first)).containsExactly(LoadListener.Stage.CHECKING);
    Path config = temp.resolve("quantised/config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"checkpoint_format\": \"gptq\"", "\"checkpoint_format\": \"gptq_v2\""));
    Reply other = reply("quantised", options(WeightFormat.STORED));
    assertThat(TensorAssert.nmse(other.prompt(), first.prompt())).isGreaterThan(1e-3);
    assertThat(open(user, other))
        .containsExactlyInAnyOrder(LoadListener.Stage.CHECKING, LoadListener.Stage.PREPARING);
    assertThat(open(user, other)).containsExactly(LoadListener.Stage.CHECKING);
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void aGpuReadsThemToo(DType dtype) throws IOException {
    Path library = Path.of(System.getProperty("internvl4j.cuda.library"));
    assumeTrue(Files.exists(library), "no emulator was built");
    System.setProperty(F32, Boolean.toString(dtype == DType.F32));
    QuantisedModel.write("internvl2-2b", AWQ, QuantisedModel.BLOCKS, temp);
    for (String device : List.of("cuda", "cuda:0,1")) {
      OpenOptions options = options(WeightFormat.STORED).withDevice(device);
      assertSame(reply("quantised", options), reply("plain-bf16", options));
    }
  }

  @Test
  void quantisedWeightsWithoutAConfigurationAreRefused() throws IOException {
    QuantisedModel.write("internvl2-2b", AWQ, QuantisedModel.BLOCKS, temp);
    Path config = temp.resolve("quantised/config.json");
    Files.copy(temp.resolve("plain-f32/config.json"), temp.resolve("config.json"));
    Files.delete(config);
    Files.copy(temp.resolve("config.json"), config);
    assertThatThrownBy(() -> reply("quantised", options(WeightFormat.STORED)))
        .hasMessageMatching(
            "model.safetensors: language_model\\S+qweight is quantised, but config.json has no"
                + " quantization_config that says how");
  }
}
