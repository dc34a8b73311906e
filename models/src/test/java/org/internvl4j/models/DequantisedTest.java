package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.Scratch;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.quantised.Dequantised;
import org.internvl4j.models.internvl.QuantisationConfig;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.QuantisedWriter.Float8.Scales;
import org.internvl4j.testkit.RawTensors;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What quantised matrices are read as, against what their writer meant, in doubles.
class DequantisedTest {
  private static final Device DEVICE = Devices.open("reference", 1);
  private static final String PATH = "language_model.model.layers.0.mlp.up_proj";

  static final List<QuantisedWriter> FORMATS =
      List.of(
          new QuantisedWriter.Awq(16),
          new QuantisedWriter.Gptq(4, 16, false, 1),
          new QuantisedWriter.Gptq(4, 16, true, 1),
          new QuantisedWriter.Gptq(4, 16, true, 2),
          new QuantisedWriter.Gptq(8, 16, false, 1),
          new QuantisedWriter.Gptq(8, 16, true, 2),
          new QuantisedWriter.Int8(),
          new QuantisedWriter.Nf4(64, null),
          new QuantisedWriter.Nf4(64, 256),
          new QuantisedWriter.Nf4(32, 16),
          new QuantisedWriter.Float8(Scales.COLUMN),
          new QuantisedWriter.Float8(Scales.ROWS),
          new QuantisedWriter.Float8(Scales.ONE));

  /// Each format in the shapes of one tile, of some, and with tiles that are not full.
  static Stream<Arguments> cases() {
    return FORMATS.stream()
        .flatMap(format ->
            Stream.of(
                Arguments.of(format, 8, 16),
                Arguments.of(format, 128, 64),
                Arguments.of(format, 136, 144),
                Arguments.of(format, 264, 320)));
  }

  static double[][] gaussian(int out, int in, long seed) {
    Random random = new Random(seed);
    double[][] w = new double[out][in];
    for (double[] row : w) {
      double spread = 0.01 + random.nextDouble();
      for (int k = 0; k < in; k++) {
        row[k] = (float) (spread * random.nextGaussian());
      }
    }
    return w;
  }

  static Checkpoint checkpoint(RawTensors tensors, String quantisation) {
    String config = "{\"llm_config\": {\"quantization_config\": " + quantisation + "}}";
    return Checkpoint.of(
        "tiny",
        Map.of("config.json", config.getBytes(UTF_8), "model.safetensors", tensors.toBytes()));
  }

  static WeightSource source(Checkpoint checkpoint, int threads) {
    return Dequantised.of(checkpoint, QuantisationConfig.of(checkpoint.config()), threads);
  }

  private static float[] read(WeightSource source, String name) {
    try (Scratch space = new Scratch("test")) {
      return source.tensor(name, DEVICE, space).toFloats();
    }
  }

  private static float[] rounded(double[][] meant) {
    float[] all = new float[meant.length * meant[0].length];
    for (int i = 0; i < all.length; i++) {
      float exact = (float) meant[i / meant[0].length][i % meant[0].length];
      all[i] = Elements.bf16ToFloat(Elements.floatToBf16(exact));
    }
    return all;
  }

  @ParameterizedTest(name = "{0}, {1} x {2}")
  @MethodSource("cases")
  void equalsWhatWasWrittenRoundedOnce(QuantisedWriter format, int out, int in) {
    RawTensors tensors = new RawTensors();
    double[][] meant = format.write(tensors, PATH, gaussian(out, in, 31 * out + in));
    for (int threads : new int[] {1, 3}) {
      try (Checkpoint checkpoint = checkpoint(tensors, format.config())) {
        WeightSource source = source(checkpoint, threads);
        assertThat(source.names()).containsExactly(PATH + ".weight");
        assertThat(source.info(PATH + ".weight").shape()).containsExactly((long) out, (long) in);
        assertThat(source.tensorBytes()).isEqualTo(2L * out * in);
        assertThat(source.stored(PATH + ".weight"))
            .containsExactlyInAnyOrderElementsOf(checkpoint.names());
        TensorAssert.assertSameBits(
            format.toString(), read(source, PATH + ".weight"), rounded(meant));
      }
    }
  }

  /// The writer itself is near to what it was given: else both sides could be wrong together.
  @ParameterizedTest
  @MethodSource("formats")
  void theWriterKeepsWhatItWasGiven(QuantisedWriter format) {
    double[][] w = gaussian(64, 128, 7);
    double[][] meant = format.write(new RawTensors(), PATH, w);
    double error = 0;
    double size = 0;
    for (int n = 0; n < w.length; n++) {
      for (int k = 0; k < w[n].length; k++) {
        error += Math.pow(meant[n][k] - w[n][k], 2);
        size += w[n][k] * w[n][k];
      }
    }
    assertThat(error / size).isPositive().isLessThan(0.02); // 4 bits: a twelfth of a step squared
  }

  static List<QuantisedWriter> formats() {
    return FORMATS;
  }

  @Test
  void everyByteOfFp8IsReadAsDefined() {
    byte[] bytes = new byte[256];
    double[][] meant = new double[16][16];
    for (int i = 0; i < 256; i++) {
      bytes[i] = (byte) i;
      meant[i / 16][i % 16] = QuantisedWriter.Float8.value(i);
    }
    RawTensors tensors =
        new RawTensors()
            .add(PATH + ".weight", "F8_E4M3", bytes, 16, 16)
            .floats(PATH + ".weight_scale", new float[] {1}, 1);
    String config = new QuantisedWriter.Float8(Scales.ONE).config();
    try (Checkpoint checkpoint = checkpoint(tensors, config)) {
      float[] values = read(source(checkpoint, 1), PATH + ".weight");
      assertThat(values).isEqualTo(rounded(meant)).contains(448, -448, 0x1p-9f, Float.NaN);
    }
  }

  @Test
  void whatIsNotQuantisedStaysInItsFile() {
    RawTensors tensors = new RawTensors();
    new QuantisedWriter.Awq(16).write(tensors, PATH, gaussian(16, 32, 1));
    tensors.halves("language_model.output.weight", new float[] {1, 2, 3, 4}, 2, 2);
    try (Checkpoint checkpoint = checkpoint(tensors, new QuantisedWriter.Awq(16).config());
        Scratch space = new Scratch("test")) {
      WeightSource source = source(checkpoint, 1);
      assertThat(source.names()).containsExactly("language_model.output.weight", PATH + ".weight");
      Tensor plain = source.tensor("language_model.output.weight", DEVICE, space);
      assertThat(plain.toFloats()).containsExactly(1, 2, 3, 4);
      assertThat(plain.shape()).isEqualTo(Shape.of(2, 2));
      assertThat(source.reading("language_model.output.weight")).isEmpty();
      assertThat(source.reading(PATH + ".weight")).isEqualTo("AWQ, 4 bits, groups of 16");
    }
  }

  @Test
  void aScaleThatIsNoNumberStaysOne() {
    RawTensors tensors = new RawTensors();
    new QuantisedWriter.Awq(16).write(tensors, PATH, gaussian(8, 16, 1));
    tensors.halves(
        PATH + ".scales", new float[] {Float.NaN, 1, 1, 1, 1, 1, 1, Float.POSITIVE_INFINITY}, 1, 8);
    try (Checkpoint checkpoint = checkpoint(tensors, new QuantisedWriter.Awq(16).config())) {
      float[] values = read(source(checkpoint, 1), PATH + ".weight");
      assertThat(values[0]).isNaN();
      assertThat(values[16]).isFinite();
    }
  }

  @Test
  void oneGroupMayBeAWholeRow() {
    RawTensors tensors = new RawTensors();
    double[][] meant = new QuantisedWriter.Awq(48).write(tensors, PATH, gaussian(8, 48, 1));
    String config =
        Json.parse(new QuantisedWriter.Awq(-1).config().getBytes(UTF_8), "c").toString();
    try (Checkpoint checkpoint = checkpoint(tensors, config)) {
      assertThat(read(source(checkpoint, 1), PATH + ".weight")).isEqualTo(rounded(meant));
    }
  }
}
