package org.internvl4j.models.internvl;

import java.util.List;
import java.util.Locale;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// `quantization_config` of config.json: at its top, or in the configuration of the language model,
/// where LMDeploy writes it.
public final class QuantisationConfig {
  private static final String KEY = "quantization_config";
  private static final String SUPPORTED =
      "supported are awq, gptq, bitsandbytes and compressed-tensors with FP8 weights";
  private static final int MOST_GROUP = 1 << 24;

  private QuantisationConfig() {}

  /// @param config config.json
  /// @return null if nothing is quantised
  /// @throws UnsupportedModelException if it is quantised in another way than those supported
  /// @throws org.internvl4j.loader.CheckpointException if a value is wrong, or two places disagree
  public static @Nullable Quantisation of(Json config) {
    Json found = config.find(KEY);
    for (String part : List.of("llm_config", "text_config")) {
      Json inner = config.has(part) ? config.at(part).find(KEY) : null;
      if (inner != null && found != null && !method(inner).equals(method(found))) {
        throw inner.wrong(method(found) + " as at the top of the file");
      }
      found = found == null ? inner : found;
    }
    return found == null ? null : read(found);
  }

  private static String method(Json c) {
    boolean bits = c.has("load_in_8bit") || c.has("load_in_4bit"); // before there were methods
    return c.has("quant_method")
        ? c.getText("quant_method").toLowerCase(Locale.ROOT)
        : bits ? "bitsandbytes" : "none";
  }

  private static Quantisation read(Json c) {
    return switch (method(c)) {
      case "awq" -> awq(c);
      case "gptq" -> gptq(c);
      case "bitsandbytes" -> bitsAndBytes(c);
      case "compressed-tensors" -> float8(c);
      default -> throw unsupported("quant_method " + method(c) + " is not supported; " + SUPPORTED);
    };
  }

  private static UnsupportedModelException unsupported(String what) {
    return new UnsupportedModelException("config.json: " + KEY + " " + what);
  }

  private static Quantisation awq(Json c) {
    int bits = c.getInt("bits", c.getInt("w_bit", 4));
    if (bits != 4) {
      throw unsupported("bits " + bits + " of awq is not supported; supported is 4");
    }
    String version = c.getText("version", "gemm").toLowerCase(Locale.ROOT);
    if (!version.equals("gemm")) {
      throw unsupported("version " + version + " of awq is not supported; supported is gemm");
    }
    if (!c.getBoolean("zero_point", true)) {
      throw unsupported("zero_point false of awq is not supported; supported is true");
    }
    return new Quantisation.Awq(groupSize(c));
  }

  private static Quantisation gptq(Json c) {
    int bits = c.getInt("bits");
    if (bits != 4 && bits != 8) {
      throw unsupported("bits " + bits + " of gptq is not supported; supported are 4 and 8");
    }
    String format = c.getText("checkpoint_format", "gptq");
    if (!format.equals("gptq") && !format.equals("gptq_v2")) {
      throw unsupported(
          "checkpoint_format "
              + format
              + " of gptq is not supported; supported are gptq and gptq_v2");
    }
    return new Quantisation.Gptq(bits, groupSize(c), format.equals("gptq"));
  }

  private static int groupSize(Json c) {
    String key = c.has("q_group_size") ? "q_group_size" : "group_size";
    int size = c.getInt(key, 128);
    if (size != Quantisation.WHOLE && (size < 1 || size > MOST_GROUP)) {
      throw c.at(key).wrong("an integer of 1 to " + MOST_GROUP + ", or -1 for one group a row");
    }
    return size;
  }

  private static Quantisation bitsAndBytes(Json c) {
    if (!c.getBoolean("load_in_4bit", c.getBoolean("_load_in_4bit", false))) {
      return new Quantisation.BitsAndBytes(8);
    }
    String type = c.getText("bnb_4bit_quant_type", "nf4");
    if (!type.equals("nf4")) {
      throw unsupported(
          "bnb_4bit_quant_type " + type + " of bitsandbytes is not supported; supported is nf4");
    }
    return new Quantisation.BitsAndBytes(4);
  }

  private static Quantisation float8(Json c) {
    String format = c.getText("format", "none");
    if (!format.equals("float-quantized") && !format.equals("naive-quantized")) {
      throw unsupported(
          "format "
              + format
              + " of compressed-tensors is not supported; supported is float-quantized");
    }
    c.at("config_groups")
        .fields()
        .forEach((name, group) -> {
          Json w = group.at("weights");
          String type = w.getText("type", "int");
          String strategy = w.getText("strategy", "tensor");
          if (!type.equals("float") || w.getInt("num_bits", 8) != 8) {
            throw unsupported(
                "weights of %d bits, type %s, of compressed-tensors are not supported; supported are 8 bits, type float"
                    .formatted(w.getInt("num_bits", 8), type));
          }
          if (!strategy.equals("tensor") && !strategy.equals("channel")) {
            throw unsupported(
                "strategy "
                    + strategy
                    + " of compressed-tensors is not supported; supported are tensor and channel");
          }
        });
    return new Quantisation.Float8();
  }
}
