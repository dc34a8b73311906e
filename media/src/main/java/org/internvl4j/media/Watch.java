package org.internvl4j.media;

import java.util.concurrent.CancellationException;

/// Is asked again and again while something is decoded, whether to go on.
@FunctionalInterface
public interface Watch {
  /// Goes on until the thread is interrupted.
  Watch INTERRUPT =
      () -> {
        if (Thread.currentThread().isInterrupted()) {
          throw new CancellationException("decoding was interrupted");
        }
      };

  /// @throws RuntimeException to end the decoding
  void look();
}
