package org.internvl4j.cli;

import java.util.concurrent.Callable;

/// A command that runs a model, and so wants a JVM with the Vector API.
interface Computing extends Callable<Integer> {
  /// Whether that is so with the options given.
  default boolean wantsVectors() {
    return true;
  }
}
