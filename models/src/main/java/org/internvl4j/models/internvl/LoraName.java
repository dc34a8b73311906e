package org.internvl4j.models.internvl;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// The name of a factor of a low-rank change: `MODULE.lora_A.weight`, or in a model that was saved
/// with its adapter `MODULE.lora_A.default.weight`.
///
/// @param module path of the module that it changes
/// @param isA whether it is the first factor, A
record LoraName(String module, boolean isA) {
  private static final Pattern NAME = Pattern.compile("(.+)\\.lora_([AB])(?:\\.([^.]+))?\\.weight");

  /// Null for a tensor that is no factor.
  ///
  /// @throws UnsupportedModelException for one of several adapters in one model
  static @Nullable LoraName of(String tensor) {
    Matcher m = NAME.matcher(tensor);
    if (!m.matches()) {
      return null;
    }
    if (m.group(3) != null && !m.group(3).equals("default")) {
      throw new UnsupportedModelException(
          tensor
              + ": is of an adapter named "
              + m.group(3)
              + "; supported is default, the only one");
    }
    return new LoraName(m.group(1), m.group(2).equals("A"));
  }
}
