package org.internvl4j.testkit;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Writes matrices in the formats of quantised checkpoints, from their published definitions alone,
/// and says in doubles what they stand for.
public sealed interface QuantisedWriter {
  /// Writes the parts of a matrix.
  ///
  /// @param path `language_model.model.layers.0.mlp.up_proj`
  /// @param w `[out][in]`
  /// @return what was written stands for, `[out][in]`
  double[][] write(RawTensors to, String path, double[][] w);

  /// `quantization_config` of config.json.
  String config();

  /// The range of a group in integers of 0 … `most`.
  record Range(float scale, int zero) {
    static Range of(double[] values, int most) {
      double low = 0;
      double high = 0;
      for (double v : values) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      float scale = half(Math.max((high - low) / most, 1e-5 / most));
      return new Range(scale, (int) Math.clamp(Math.rint(-low / scale), 0, most));
    }

    int quantum(double v, int most) {
      return (int) Math.clamp(Math.rint(v / scale) + zero, 0, most);
    }

    double value(int q) {
      return (double) (q - zero) * scale;
    }

    private static float half(double v) {
      return Float.float16ToFloat(Float.floatToFloat16((float) v));
    }
  }

  /// AWQ of LMDeploy: eight outputs a word, in the order 0, 2, 4, 6, 1, 3, 5, 7.
  record Awq(int group) implements QuantisedWriter {
    private static final int[] ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    @Override
    public double[][] write(RawTensors to, String path, double[][] w) {
      int out = w.length;
      int in = w[0].length;
      int[][] q = new int[in][out];
      int[][] z = new int[in / group][out];
      float[] scales = new float[in / group * out];
      double[][] meant = new double[out][in];
      for (int n = 0; n < out; n++) {
        for (int g = 0; g < in / group; g++) {
          Range range = Range.of(Arrays.copyOfRange(w[n], g * group, (g + 1) * group), 15);
          scales[g * out + n] = range.scale;
          z[g][n] = range.zero;
          for (int k = g * group; k < (g + 1) * group; k++) {
            q[k][n] = range.quantum(w[n][k], 15);
            meant[n][k] = range.value(q[k][n]);
          }
        }
      }
      to.ints(path + ".qweight", packed(q), in, out / 8);
      to.ints(path + ".qzeros", packed(z), in / group, out / 8);
      to.halves(path + ".scales", scales, in / group, out);
      return meant;
    }

    private static int[] packed(int[][] rows) {
      int words = rows[0].length / 8;
      int[] packed = new int[rows.length * words];
      for (int r = 0; r < rows.length; r++) {
        for (int c = 0; c < words; c++) {
          for (int i = 0; i < 8; i++) {
            packed[r * words + c] |= rows[r][8 * c + ORDER[i]] << (4 * i);
          }
        }
      }
      return packed;
    }

    @Override
    public String config() {
      return """
      {"quant_method": "awq", "version": "gemm", "bits": 4, "group_size": %d, "zero_point": true}\
      """
          .formatted(group);
    }
  }

  /// GPTQ: inputs one after another in a word, zeros less one.
  ///
  /// @param ordered whether inputs are dealt to groups by importance, which is random here
  /// @param version 1 or 2, which does not take one from zeros
  record Gptq(int bits, int group, boolean ordered, int version) implements QuantisedWriter {
    @Override
    public double[][] write(RawTensors to, String path, double[][] w) {
      int out = w.length;
      int in = w[0].length;
      int most = (1 << bits) - 1;
      int[] groups = groups(in, path.hashCode());
      int[][] q = new int[in][out];
      int[][] z = new int[in / group][out];
      float[] scales = new float[in / group * out];
      double[][] meant = new double[out][in];
      for (int n = 0; n < out; n++) {
        for (int g = 0; g < in / group; g++) {
          int here = g;
          int[] inputs = IntStream.range(0, in).filter(k -> groups[k] == here).toArray();
          double[] row = w[n];
          Range range = Range.of(IntStream.of(inputs).mapToDouble(k -> row[k]).toArray(), most);
          range = new Range(range.scale, Math.max(1, range.zero)); // 0 less one has no place
          scales[g * out + n] = range.scale;
          z[g][n] = range.zero - (version == 1 ? 1 : 0);
          for (int k : inputs) {
            q[k][n] = range.quantum(w[n][k], most);
            meant[n][k] = range.value(q[k][n]);
          }
        }
      }
      int fold = 32 / bits;
      int[] weights = new int[in / fold * out];
      for (int k = 0; k < in; k++) {
        for (int n = 0; n < out; n++) {
          weights[k / fold * out + n] |= q[k][n] << (bits * (k % fold));
        }
      }
      int[] zeros = new int[in / group * (out / fold)];
      for (int g = 0; g < in / group; g++) {
        for (int n = 0; n < out; n++) {
          zeros[g * (out / fold) + n / fold] |= z[g][n] << (bits * (n % fold));
        }
      }
      to.ints(path + ".qweight", weights, in / fold, out);
      to.ints(path + ".qzeros", zeros, in / group, out / fold);
      to.halves(path + ".scales", scales, in / group, out);
      if (ordered) {
        to.ints(path + ".g_idx", groups, in);
      }
      return meant;
    }

    private int[] groups(int in, int seed) {
      int[] groups = IntStream.range(0, in).map(k -> k / group).toArray();
      Random random = new Random(seed);
      for (int k = in - 1; ordered && k > 0; k--) {
        int other = random.nextInt(k + 1);
        int g = groups[k];
        groups[k] = groups[other];
        groups[other] = g;
      }
      return groups;
    }

    @Override
    public String config() {
      return """
      {"quant_method": "gptq", "bits": %d, "group_size": %d, "desc_act": %b, "sym": false,
       "checkpoint_format": "%s"}\
      """
          .formatted(bits, group, ordered, version == 1 ? "gptq" : "gptq_v2");
    }
  }

  /// `LLM.int8()` of bitsandbytes.
  record Int8() implements QuantisedWriter {
    @Override
    public double[][] write(RawTensors to, String path, double[][] w) {
      int out = w.length;
      int in = w[0].length;
      byte[] bytes = new byte[out * in];
      float[] scales = new float[out];
      double[][] meant = new double[out][in];
      for (int n = 0; n < out; n++) {
        double most = 0;
        for (double v : w[n]) {
          most = Math.max(most, Math.abs(v));
        }
        scales[n] = (float) most;
        for (int k = 0; k < in; k++) {
          bytes[n * in + k] = (byte) Math.rint(127 * w[n][k] / scales[n]);
          meant[n][k] = (double) bytes[n * in + k] * scales[n] / 127;
        }
      }
      to.add(path + ".weight", "I8", bytes, out, in);
      to.floats(path + ".SCB", scales, out);
      to.add(path + ".weight_format", "U8", new byte[] {0});
      return meant;
    }

    @Override
    public String config() {
      return """
      {"quant_method": "bitsandbytes", "load_in_8bit": true, "load_in_4bit": false,
       "llm_int8_threshold": 6.0}\
      """;
    }
  }

  /// NF4 of bitsandbytes.
  ///
  /// @param nested numbers of absmax that share a scale of their own; null for absmax as floats
  record Nf4(int block, @Nullable Integer nested) implements QuantisedWriter {
    private static final float[] QUANTILES = {
      -1.0f, -0.6961928f, -0.52507305f, -0.3949175f,
      -0.28444138f, -0.18477343f, -0.091050036f, 0.0f,
      0.0795803f, 0.1609302f, 0.2461123f, 0.33791524f,
      0.44070983f, 0.562617f, 0.72295684f, 1.0f
    };

    @Override
    public double[][] write(RawTensors to, String path, double[][] w) {
      int out = w.length;
      int in = w[0].length;
      int blocks = Math.ceilDiv(out * in, block);
      double[] most = new double[blocks];
      for (int i = 0; i < out * in; i++) {
        most[i / block] = Math.max(most[i / block], Math.abs(w[i / in][i % in]));
      }
      String name = path + ".weight";
      double[] scales = nested == null ? plain(to, name, most) : nested(to, name, most, nested);
      byte[] bytes = new byte[(out * in + 1) / 2];
      double[][] meant = new double[out][in];
      for (int i = 0; i < out * in; i++) {
        int q = nearest(QUANTILES, w[i / in][i % in] / scales[i / block]);
        bytes[i / 2] |= (byte) (i % 2 == 0 ? q << 4 : q);
        meant[i / in][i % in] = QUANTILES[q] * scales[i / block];
      }
      to.add(name, "U8", bytes, bytes.length, 1);
      to.floats(name + ".quant_map", QUANTILES, 16);
      String more =
          nested == null
              ? ""
              : ", \"nested_blocksize\": %d, \"nested_dtype\": \"float32\", \"nested_offset\": %s"
                  .formatted(nested, mean(most));
      byte[] state =
          "{\"quant_type\": \"nf4\", \"blocksize\": %d, \"dtype\": \"float16\", \"shape\": [%d, %d]%s}"
              .formatted(block, out, in, more)
              .getBytes(StandardCharsets.UTF_8);
      to.add(name + ".quant_state.bitsandbytes__nf4", "U8", state, state.length);
      return meant;
    }

    private static double[] plain(RawTensors to, String name, double[] most) {
      float[] absmax = new float[most.length];
      for (int b = 0; b < most.length; b++) {
        absmax[b] = (float) most[b];
      }
      to.floats(name + ".absmax", absmax, absmax.length);
      return IntStream.range(0, absmax.length).mapToDouble(b -> absmax[b]).toArray();
    }

    private static double[] nested(RawTensors to, String name, double[] most, int nested) {
      float[] map = new float[256];
      for (int i = 0; i < map.length; i++) {
        double x = (i - 127.5) / 127.5;
        map[i] = (float) (x * Math.abs(x)); // finer near 0
      }
      float[] above = new float[Math.ceilDiv(most.length, nested)];
      for (int b = 0; b < most.length; b++) {
        double distance = Math.abs(most[b] - mean(most));
        above[b / nested] = (float) Math.max(above[b / nested], distance);
      }
      byte[] absmax = new byte[most.length];
      double[] scales = new double[most.length];
      for (int b = 0; b < most.length; b++) {
        int q = nearest(map, (most[b] - mean(most)) / above[b / nested]);
        absmax[b] = (byte) q;
        scales[b] = (double) map[q] * above[b / nested] + mean(most);
      }
      to.add(name + ".absmax", "U8", absmax, absmax.length);
      to.floats(name + ".nested_quant_map", map, 256);
      to.floats(name + ".nested_absmax", above, above.length);
      return scales;
    }

    private static double mean(double[] values) {
      return (float) Arrays.stream(values).average().orElseThrow();
    }

    private static int nearest(float[] codes, double value) {
      int best = 0;
      for (int i = 1; i < codes.length; i++) {
        best = Math.abs(codes[i] - value) < Math.abs(codes[best] - value) ? i : best;
      }
      return best;
    }

    @Override
    public String config() {
      return """
      {"quant_method": "bitsandbytes", "load_in_8bit": false, "load_in_4bit": true,
       "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": %b}\
      """
          .formatted(nested != null);
    }
  }

  /// FP8 of compressed-tensors: `e4m3fn`, nearest value, up to 448.
  ///
  /// @param scale how scales are shaped: `[out, 1]`, `[out]` or `[1]`
  record Float8(Scales scale) implements QuantisedWriter {
    /// Shapes of scales.
    public enum Scales {
      COLUMN,
      ROWS,
      ONE
    }

    @Override
    public double[][] write(RawTensors to, String path, double[][] w) {
      int out = w.length;
      int in = w[0].length;
      float[] scales = new float[scale == Scales.ONE ? 1 : out];
      for (int n = 0; n < out; n++) {
        int s = scale == Scales.ONE ? 0 : n;
        for (double v : w[n]) {
          scales[s] = Math.max(scales[s], (float) (Math.abs(v) / 448));
        }
      }
      byte[] bytes = new byte[out * in];
      double[][] meant = new double[out][in];
      for (int n = 0; n < out; n++) {
        float s = scales[scale == Scales.ONE ? 0 : n];
        for (int k = 0; k < in; k++) {
          int best = 0;
          for (int code = 0; code < 256; code++) {
            double distance = Math.abs(value(code) * s - w[n][k]);
            best = distance < Math.abs(value(best) * s - w[n][k]) ? code : best;
          }
          bytes[n * in + k] = (byte) best;
          meant[n][k] = value(best) * s;
        }
      }
      to.add(path + ".weight", "F8_E4M3", bytes, out, in);
      switch (scale) {
        case COLUMN -> to.floats(path + ".weight_scale", scales, out, 1);
        case ROWS -> to.floats(path + ".weight_scale", scales, out);
        case ONE -> to.floats(path + ".weight_scale", scales, 1);
      }
      return meant;
    }

    /// `±2^(e−7) · (1 + m/8)`, `±2⁻⁶ · m/8` where e is 0; NaN where all bits of both are set.
    public static double value(int code) {
      int e = code / 8 % 16;
      int m = code % 8;
      double magnitude = e == 0 ? Math.pow(2, -6) * m / 8 : Math.pow(2, e - 7) * (1 + m / 8.0);
      return (e == 15 && m == 7 ? Double.NaN : magnitude) * (code < 128 ? 1 : -1);
    }

    @Override
    public String config() {
      return """
      {"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"],
       "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": {"dynamic": true},
         "weights": {"num_bits": 8, "type": "float", "strategy": "%s", "dynamic": false}}}}\
      """
          .formatted(scale == Scales.ONE ? "tensor" : "channel");
    }
  }
}
