package org.internvl4j.models.nn;

import java.util.function.UnaryOperator;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// One of the computations that follow each other in a network: the piece that a pass can be
/// recorded or put off by.
///
/// @param device where it computes
/// @param forward from the one before; may overwrite what it gets and give it back
public record Layer(Device device, UnaryOperator<Tensor> forward) {}
