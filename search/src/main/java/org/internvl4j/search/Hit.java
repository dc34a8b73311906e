package org.internvl4j.search;

/// A picture that was found.
///
/// @param path absolute
/// @param cosine of the angle between its vector and what was asked for, −1 … 1
public record Hit(String path, double cosine) {}
