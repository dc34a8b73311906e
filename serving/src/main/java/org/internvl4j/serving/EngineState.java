package org.internvl4j.serving;

/// What an [Engine] is doing, at one moment.
///
/// @param waiting requests that wait for their turn
/// @param reading those whose prompts are being read
/// @param growing those whose answers grow
/// @param pages of keys and values that there are
/// @param usedPages of them, those of answers that are read or grow
/// @param keptPages of them, those that no answer has, kept for prompts that begin alike; they make
///   room when answers need it
public record EngineState(
    int waiting, int reading, int growing, int pages, int usedPages, int keptPages) {}
