package org.internvl4j.models.heads;

/// Logits of every place of a window.
///
/// @param values `[height, width, classes]`
public record LogitMap(float[] values, int height, int width, int classes) {}
