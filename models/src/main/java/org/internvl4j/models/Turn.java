package org.internvl4j.models;

/// One question of a conversation and its answer.
///
/// @param question the text, with its image marks
/// @param answer without grounding marks, as it enters the next prompt
public record Turn(String question, String answer) {}
