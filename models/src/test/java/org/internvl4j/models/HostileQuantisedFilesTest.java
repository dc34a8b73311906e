package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Scratch;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.QuantisedWriter.Float8.Scales;
import org.internvl4j.testkit.RawTensors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Parts of quantised matrices that are wrong, and what is said of each.
class HostileQuantisedFilesTest {
  private static final QuantisedWriter AWQ = new QuantisedWriter.Awq(16);
  private static final QuantisedWriter GPTQ = new QuantisedWriter.Gptq(4, 16, true, 1);
  private static final QuantisedWriter INT8 = new QuantisedWriter.Int8();
  private static final QuantisedWriter NF4 = new QuantisedWriter.Nf4(64, null);
  private static final QuantisedWriter NESTED = new QuantisedWriter.Nf4(64, 4);
  private static final QuantisedWriter FP8 = new QuantisedWriter.Float8(Scales.COLUMN);
  private static final String STATE = "x.weight.quant_state.bitsandbytes__nf4";

  private static Arguments row(QuantisedWriter format, Consumer<RawTensors> change, String what) {
    return Arguments.of(format, change, what);
  }

  private static Consumer<RawTensors> state(String json) {
    byte[] bytes = json.getBytes(UTF_8);
    return t -> t.add(STATE, "U8", bytes, bytes.length);
  }

  /// Each is a right file of `x`, `[16, 32]`, and one change.
  static Stream<Arguments> awqAndGptq() {
    return Stream.of(
        row(AWQ, t -> t.remove("x.scales"), "x.scales: not in this checkpoint, though other parts"),
        row(AWQ, t -> t.remove("x.qzeros"), "x.qzeros: not in this checkpoint, though other parts"),
        row(
            AWQ,
            t -> t.ints("x.qzeros", new int[2], 1, 2),
            "model.safetensors: x.qzeros is [1, 2] I32, expected [2, 2] I32"),
        row(
            AWQ,
            t -> t.halves("x.scales", new float[16], 16),
            "model.safetensors: x.scales is [16] F16, expected [2, 16] BF16 or F16 or F32"),
        row(
            AWQ,
            t -> t.add("x.scales", "I16", new byte[64], 2, 16),
            "model.safetensors: x.scales is [2, 16] I16, expected [2, 16] BF16 or F16 or F32"),
        row(
            AWQ,
            t -> t.ints("x.qweight", new int[64], 64),
            "model.safetensors: x.qweight is [64] I32, expected [in, out/8] I32"),
        row(
            AWQ,
            t -> t.add("x.qweight", "F32", new byte[256], 32, 2),
            "model.safetensors: x.qweight is [32, 2] F32, expected [in, out/8] I32"),
        row(
            AWQ,
            t -> t.ints("x.qweight", new int[0], 0, 2),
            "model.safetensors: x.qweight is [0, 2] I32, expected [in, out/8] I32"),
        row(
            AWQ,
            t -> t.add("x.qweight", "I32", new byte[0], 0, 1L << 40),
            "model.safetensors: x.qweight is [0, 1099511627776] I32, expected [in, out/8] I32"),
        row(
            AWQ,
            t -> t.ints("x.qweight", new int[40], 20, 2),
            "model.safetensors: x.qweight has 20 inputs, expected a multiple of the group_size, 16"),
        row(
            AWQ,
            t -> t.floats("x.weight", new float[512], 16, 32),
            "model.safetensors: x.qweight is the same weight as x.weight; expected one of them"),
        row(
            GPTQ,
            t -> t.ints("x.g_idx", new int[31], 31),
            "model.safetensors: x.g_idx is [31] I32, expected [32] I32"),
        row(
            GPTQ,
            t -> t.add("x.g_idx", "I64", new byte[256], 32),
            "model.safetensors: x.g_idx is [32] I64, expected [32] I32"),
        row(
            GPTQ,
            t -> t.ints("x.g_idx", withOne(7, 2), 32),
            "model.safetensors: x.g_idx says that input 7 is in group 2, expected 0 to 1"),
        row(
            GPTQ,
            t -> t.ints("x.g_idx", withOne(31, -1), 32),
            "model.safetensors: x.g_idx says that input 31 is in group -1, expected 0 to 1"),
        row(
            GPTQ,
            t -> t.ints("x.qweight", new int[4 * 20], 4, 20),
            "model.safetensors: x.qweight is [4, 20] I32, expected a multiple of 8 outputs"),
        row(
            GPTQ,
            t -> t.ints("x.qweight", new int[3 * 16], 3, 16),
            "model.safetensors: x.qweight has 24 inputs, expected a multiple of the group_size, 16"));
  }

  private static int[] withOne(int at, int group) {
    int[] groups = new int[32];
    groups[at] = group;
    return groups;
  }

  static Stream<Arguments> bitsAndBytesAndFp8() {
    return Stream.of(
        row(
            INT8,
            t -> t.floats("x.SCB", new float[15], 15),
            "model.safetensors: x.SCB is [15] F32, expected [16] F32"),
        row(
            INT8,
            t -> t.remove("x.weight"),
            "x.weight: not in this checkpoint, though other parts"),
        row(
            INT8,
            t -> t.add("x.weight", "U8", new byte[512], 16, 32),
            "model.safetensors: x.weight is [16, 32] U8, expected [out, in] I8 beside its .SCB"),
        row(
            INT8,
            t -> t.add("x.weight_format", "U8", new byte[] {2}),
            "model.safetensors: x.weight_format is 2, expected 0, numbers in the order of rows"),
        row(
            INT8,
            t -> t.add("x.weight_format", "U8", new byte[2], 2),
            "model.safetensors: x.weight_format is [2] U8, expected one U8"),
        row(NF4, state("{"), STATE + ": line 1"),
        row(NF4, state("{}"), STATE + ": shape is missing"),
        row(
            NF4,
            state("{\"shape\": [16], \"blocksize\": 64}"),
            STATE + ": shape is a list of 1, expected two sizes, [out, in]"),
        row(
            NF4,
            state("{\"shape\": [16, -32], \"blocksize\": 64}"),
            STATE + ": shape[1] is -32, expected an integer of 1 to 2147483647"),
        row(
            NF4,
            state("{\"shape\": [2147483647, 2147483647], \"blocksize\": 64}"),
            "model.safetensors: x.weight is [256, 1] U8, expected 2305843007066210305 U8, two numbers"),
        row(
            NF4,
            state("{\"shape\": [16, 32], \"blocksize\": 0}"),
            STATE + ": blocksize is 0, expected an integer of 1 to 2147483647"),
        row(
            NF4,
            state("{\"shape\": [16, 32], \"blocksize\": 32}"),
            "model.safetensors: x.weight.absmax is [8] F32, expected [16] F32"),
        row(
            NF4,
            state("{\"shape\": [16, 32], \"blocksize\": 64, \"quant_type\": \"fp4\"}"),
            STATE + ": quant_type is \"fp4\", expected nf4"),
        row(
            NF4,
            t -> t.add(STATE, "U8", new byte[70_000], 70_000),
            "model.safetensors: " + STATE + " is [70000] U8, expected at most 65536 U8, JSON"),
        row(
            NF4,
            t -> t.floats("x.weight.quant_map", new float[15], 15),
            "model.safetensors: x.weight.quant_map is [15] F32, expected [16] F32"),
        row(
            NF4,
            t -> t.add("x.weight", "BF16", new byte[512], 256, 1),
            "model.safetensors: x.weight is [256, 1] BF16, expected 256 U8, two numbers each"),
        row(
            NESTED,
            t -> t.floats("x.weight.nested_absmax", new float[1], 1),
            "model.safetensors: x.weight.nested_absmax is [1] F32, expected [2] F32"),
        row(
            NESTED,
            t -> t.floats("x.weight.absmax", new float[8], 8),
            "model.safetensors: x.weight.absmax is [8] F32, expected [8] U8"),
        row(
            NESTED,
            t -> t.remove("x.weight.nested_quant_map"),
            "x.weight.nested_quant_map: not in this checkpoint, though other parts"),
        row(
            NESTED,
            state("{\"shape\": [16, 32], \"blocksize\": 64, \"nested_blocksize\": 4}"),
            STATE + ": nested_offset is missing"),
        row(
            FP8,
            t -> t.floats("x.weight_scale", new float[4], 2, 2),
            "model.safetensors: x.weight_scale is [2, 2] F32, expected [16, 1], [16] or [1] floats;"
                + " scales of blocks are not supported"),
        row(
            FP8,
            t -> t.add("x.weight", "F8_E5M2", new byte[512], 16, 32),
            "model.safetensors: x.weight is [16, 32] F8_E5M2, expected [out, in] F8_E4M3"),
        row(
            FP8,
            t -> t.add("x.weight_scale", "F8_E8M0", new byte[16], 16, 1),
            "model.safetensors: x.weight_scale is [16, 1] F8_E8M0, expected [16, 1], [16] or [1]"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource({"awqAndGptq", "bitsAndBytesAndFp8"})
  void saysWhatIsWrong(QuantisedWriter format, Consumer<RawTensors> change, String message) {
    RawTensors tensors = new RawTensors();
    format.write(tensors, "x", DequantisedTest.gaussian(16, 32, 3));
    change.accept(tensors);
    try (Checkpoint checkpoint = DequantisedTest.checkpoint(tensors, format.config())) {
      assertThatThrownBy(() -> read(checkpoint))
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(message);
    }
  }

  private static void read(Checkpoint checkpoint) {
    WeightSource source = DequantisedTest.source(checkpoint, 1);
    try (Scratch space = new Scratch("test")) {
      for (String name : List.copyOf(source.names())) {
        source.tensor(name, Devices.open("reference", 1), space);
      }
    }
  }
}
