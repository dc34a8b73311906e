package org.internvl4j.loader.quantised;

/// How the matrices of a checkpoint are quantised, as `quantization_config` of its config.json
/// says.
///
/// `toString()` is for people.
public sealed interface Quantisation {
  /// A group size that stands for all inputs.
  int WHOLE = -1;

  /// Activation-aware, 4 bits (Lin et al. 2023), in the layout `gemm`, which LMDeploy and AutoAWQ
  /// write.
  ///
  /// @param groupSize inputs that share a scale and a zero, or [#WHOLE]
  record Awq(int groupSize) implements Quantisation {
    @Override
    public String toString() {
      return "AWQ, 4 bits" + groups(groupSize);
    }
  }

  /// GPTQ (Frantar et al. 2022), as AutoGPTQ and its descendants write it.
  ///
  /// @param bits 4 or 8
  /// @param groupSize inputs that share a scale and a zero, or [#WHOLE]
  /// @param zerosLessOne whether zeros are stored less one: all but `gptq_v2`
  record Gptq(int bits, int groupSize, boolean zerosLessOne) implements Quantisation {
    @Override
    public String toString() {
      return "GPTQ, " + bits + " bits" + groups(groupSize) + (zerosLessOne ? "" : ", version 2");
    }
  }

  /// Bytes with a scale a row (Dettmers et al. 2022), or NF4 (Dettmers et al. 2023): which of them
  /// each matrix is, its tensors say.
  ///
  /// @param bits 8 or 4, what config.json says
  record BitsAndBytes(int bits) implements Quantisation {
    @Override
    public String toString() {
      return "bitsandbytes, " + (bits == 8 ? "int8" : "NF4");
    }
  }

  /// Floats of 8 bits (`e4m3fn`) with a scale a row or one for all, as compressed-tensors writes
  /// them.
  record Float8() implements Quantisation {
    @Override
    public String toString() {
      return "compressed-tensors, FP8";
    }
  }

  private static String groups(int size) {
    return size == WHOLE ? ", one group a row" : ", groups of " + size;
  }
}
