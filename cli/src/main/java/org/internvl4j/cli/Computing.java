package org.internvl4j.cli;

import java.util.concurrent.Callable;

/// A command that runs a model, and so wants a JVM with the Vector API.
interface Computing extends Callable<Integer> {}
