package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
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
  private static final MethodHandle FORGET_WAITS;
  private static final MethodHandle FAULT;

  static {
    CudaLibrary library = CudaLibrary.find();
    SymbolLookup lookup = library.lookup();
    SEED = bind(lookup, "emuSetSeed", FunctionDescriptor.ofVoid(JAVA_LONG));
    RESET = bind(lookup, "emuReset", FunctionDescriptor.ofVoid());
    CAPABILITY = bind(lookup, "emuSetCapability", FunctionDescriptor.ofVoid(JAVA_INT));
    FORGET_WAITS = bind(lookup, "emuForgetWaits", FunctionDescriptor.ofVoid(JAVA_INT));
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
    return open(f32, 0);
  }

  /// One of several devices; the caller closes it.
  static Device open(boolean f32, int index) {
    assume();
    String before = System.getProperty(CudaDevice.F32, "false");
    System.setProperty(CudaDevice.F32, Boolean.toString(f32));
    try {
      return CudaDevice.open(CudaPlatform.get(), index, index == 0 ? "cuda" : "cuda:" + index);
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

  /// Where the stand-ins are.
  static Path folder() {
    return Path.of(System.getProperty(CudaLibrary.PROPERTY)).toAbsolutePath().getParent();
  }

  /// The stand-in for cublasLt.
  static SymbolLookup cublasLt() {
    assume();
    return SymbolLookup.libraryLookup(folder().resolve("libcublasLt.so.13"), Arena.global());
  }

  /// A device with bf16 and the stand-in for cublasLt.
  ///
  /// @param policy see [CublasLtPolicy]
  static Device openCublasLt(String policy) {
    return openCublasLt(policy, 0);
  }

  /// One of several devices.
  static Device openCublasLt(String policy, int index) {
    return openCublasLt(policy, folder().resolve("libcublasLt.so.13").toString(), index);
  }

  /// A device with bf16 and some library for cublasLt.
  static Device openCublasLt(String policy, String library) {
    return openCublasLt(policy, library, 0);
  }

  private static Device openCublasLt(String policy, String library, int index) {
    System.setProperty(CublasLtPolicy.PROPERTY, policy);
    System.setProperty(CudaLibrary.CUBLAS_LT, library);
    try {
      return open(false, index);
    } finally {
      System.clearProperty(CublasLtPolicy.PROPERTY);
      System.clearProperty(CudaLibrary.CUBLAS_LT);
    }
  }

  /// A device with bf16, Hopper's kernels and the stand-in for cublasLt.
  static Device openHopperCublasLt(String policy) {
    capability(90);
    try {
      return openCublasLt(policy);
    } finally {
      capability(80);
    }
  }

  /// How many products cublasLt's stand-in was given so far.
  static long products() {
    try {
      return (long)
          bind(cublasLt(), "emuCublasLtProducts", FunctionDescriptor.of(JAVA_LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
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

  /// A planted error: whether streams go on without waiting for the events that they should wait
  /// for.
  static void forgetWaits(boolean forget) {
    try {
      FORGET_WAITS.invokeExact(forget ? 1 : 0);
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
