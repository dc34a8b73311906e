package org.internvl4j.server;

import java.time.Duration;

/// The most that one request may ask for. Immutable; start from [#DEFAULT].
///
/// @param bodyBytes of a request's body
/// @param headerBytes of its line and headers
/// @param pictures of it, whatever conversation they stand in
/// @param pixels of all its pictures together
/// @param newTokens of an answer
/// @param answers to one question (`n`)
/// @param time that an answer may take, the wait for its turn included
public record Limits(
    long bodyBytes,
    int headerBytes,
    int pictures,
    long pixels,
    int newTokens,
    int answers,
    Duration time) {
  public static final Limits DEFAULT =
      new Limits(64L << 20, 16 << 10, 64, 100_000_000, 16_384, 8, Duration.ofMinutes(30));
}
