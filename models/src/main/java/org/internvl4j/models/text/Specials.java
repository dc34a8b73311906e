package org.internvl4j.models.text;

/// What decoding does with special tokens, such as `<|im_end|>`.
public enum Specials {
  /// Leaves them out.
  SKIP,
  /// Writes them all.
  KEEP,
  /// Leaves them out, but for the grounding marks `<ref> </ref> <box> </box>`.
  KEEP_GROUNDING
}
