package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.internvl4j.runtime.Device;

/// The emulator behind the stand-in driver: what it can be told beside what a driver can.
public final class StandIn {
  private static final MethodHandle SEED;
  private static final MethodHandle RESET;
  private static final MethodHandle CAPABILITY;
  private static final MethodHandle DEVICES;
  private static final MethodHandle FAULT;

  static {
    CudaLibrary library = CudaLibrary.find();
    SymbolLookup lookup = library.lookup();
    SEED = bind(lookup, "emuSetSeed", FunctionDescriptor.ofVoid(JAVA_LONG));
    RESET = bind(lookup, "emuReset", FunctionDescriptor.ofVoid());
    CAPABILITY = bind(lookup, "emuSetCapability", FunctionDescriptor.ofVoid(JAVA_INT));
    DEVICES = bind(lookup, "emuSetDevices", FunctionDescriptor.ofVoid(JAVA_INT));
    FAULT = bind(lookup, "emuLastFault", FunctionDescriptor.of(ADDRESS));
  }

  private StandIn() {}

  private static MethodHandle bind(SymbolLookup lookup, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(lookup.findOrThrow(name), type);
  }

  /// Skips the test where there is no emulator: no g++, or not Linux on x86-64.
  public static void assume() {
    Path library = Path.of(System.getProperty(CudaLibrary.PROPERTY));
    assumeTrue(
        Files.exists(library),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    assertThat(CudaPlatform.get().unavailable()).isNull();
    assertThat(CudaPlatform.get().isStandIn()).isTrue();
  }

  /// A device; the caller closes it.
  ///
  /// @param f32 whether everything is f32, for checking, and not bf16
  public static Device open(boolean f32) {
    assume();
    String before = System.getProperty(CudaDevice.F32, "false");
    System.setProperty(CudaDevice.F32, Boolean.toString(f32));
    try {
      return CudaDevice.open(CudaPlatform.get(), 0);
    } finally {
      System.setProperty(CudaDevice.F32, before);
    }
  }

  /// A device with bf16 that has Hopper's kernels, too.
  static Device openHopper() {
    capability(90);
    try {
      return open(false);
    } finally {
      capability(80);
    }
  }

  private static void capability(int capability) {
    try {
      CAPABILITY.invokeExact(capability);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// Other orders of threads, blocks, copies and streams, and one starved warp a block; 0 is the
  /// plain order.
  static void seed(long seed) {
    try {
      SEED.invokeExact(seed);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// How many devices there are from now on: 1, unless a test needs more for a while.
  static void devices(int count) {
    try {
      DEVICES.invokeExact(count);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// Forgets the last fault, which otherwise ends every later call.
  static void reset() {
    try {
      RESET.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// What went wrong last.
  static String fault() {
    try {
      MemorySegment text = (MemorySegment) FAULT.invokeExact();
      return Objects.requireNonNull(text.reinterpret(Long.MAX_VALUE).getString(0));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
