package org.internvl4j.kernels.cpu;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// What the kernels of the `cpu` device are made of. The property `internvl4j.kernels` asks for one
/// by its name; `auto`, or nothing, takes the first that this machine has.
enum Tier {
  /// Machine code for products and for most of what a layer does between them, the Vector API for
  /// the rest.
  EMITTED,
  /// The Vector API.
  VECTOR,
  /// Plain loops.
  SCALAR;

  private static final String PROPERTY = "internvl4j.kernels";
  private static final String ACTIVATIONS = "internvl4j.activations";
  private static final Logger LOG = System.getLogger(Tier.class.getName());
  private static @Nullable Tier chosen;

  /// The one of this process: asked for once.
  ///
  /// @throws DeviceException if the property names none, or machine code where there is none
  static synchronized Tier chosen() {
    Tier known = chosen;
    if (known == null) {
      known = choose(System.getProperty(PROPERTY, "auto"));
      chosen = known;
    }
    return known;
  }

  /// Whether somebody asks for kernels, or for rounded activations, which plain loops alone have
  /// not.
  static boolean isAsked() {
    return !System.getProperty(PROPERTY, "auto").equals("auto")
        || !System.getProperty(ACTIVATIONS, "f32").equals("f32");
  }

  private static Tier choose(String asked) {
    String why = Emitted.unavailable();
    return switch (asked) {
      case "scalar" -> SCALAR;
      case "vector" -> VECTOR;
      case "emitted" -> {
        if (why != null) {
          throw new DeviceException("cpu: machine code cannot be run: " + why);
        }
        yield EMITTED;
      }
      case "auto" -> {
        if (why != null && Emitted.isForThisSystem()) {
          LOG.log(
              Level.WARNING, "cpu: the Vector API computes, machine code cannot be run: " + why);
        }
        yield why == null && !Lanes.IS_CHOSEN ? EMITTED : VECTOR;
      }
      default -> throw unknown(asked);
    };
  }

  private static DeviceException unknown(String asked) {
    return new DeviceException(
        "cpu: %s is %s, expected auto, emitted, vector or scalar".formatted(PROPERTY, asked));
  }

  /// For a Java without the Vector API, beside which machine code computes: only loops are left.
  ///
  /// @throws DeviceException if the property asks for machine code, or names nothing
  static void requirePlainLoops() {
    String asked = System.getProperty(PROPERTY, "auto");
    switch (asked) {
      case "auto", "vector", "scalar" -> {}
      case "emitted" ->
          throw new DeviceException(
              "cpu: machine code cannot be run: it computes beside the Vector API; start java with"
                  + " --add-modules jdk.incubator.vector");
      default -> throw unknown(asked);
    }
  }

  /// Whether rows of activations are rounded to bf16 for products with bf16 weights, which takes
  /// half the time: if the property `internvl4j.activations` says so.
  ///
  /// @param emitted whether machine code computes
  /// @throws DeviceException if it says so, and nothing here multiplies them
  static boolean roundsActivations(boolean emitted) {
    String asked = System.getProperty(ACTIVATIONS, "f32");
    if (!List.of("f32", "bf16").contains(asked)) {
      throw new DeviceException(
          "cpu: %s is %s, expected f32 or bf16".formatted(ACTIVATIONS, asked));
    }
    if (asked.equals("f32")) {
      return false;
    }
    if (!emitted || !Emitted.hasBf16()) {
      throw new DeviceException(
          "cpu: bf16 activations are multiplied by machine code for AVX-512 BF16, which is not run here; leave them f32");
    }
    return true;
  }
}
