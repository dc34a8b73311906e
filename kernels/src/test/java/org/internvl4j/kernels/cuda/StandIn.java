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
import java.util.function.Supplier;
import org.internvl4j.runtime.Device;

/// The emulator behind the stand-in driver: what it can be told beside what a driver can.
public final class StandIn {
  /// What it exports beside the driver's functions; looked at only where it is there.
  private static final class Emulator {
    private static final SymbolLookup LIBRARY = CudaLibrary.find().lookup();
    static final MethodHandle SEED = bind("emuSetSeed", FunctionDescriptor.ofVoid(JAVA_LONG));
    static final MethodHandle RESET = bind("emuReset", FunctionDescriptor.ofVoid());
    static final MethodHandle CAPABILITY =
        bind("emuSetCapability", FunctionDescriptor.ofVoid(JAVA_INT));
    static final MethodHandle FORGET_WAITS =
        bind("emuForgetWaits", FunctionDescriptor.ofVoid(JAVA_INT));
    static final MethodHandle FAULT = bind("emuLastFault", FunctionDescriptor.of(ADDRESS));

    private static MethodHandle bind(String name, FunctionDescriptor type) {
      return StandIn.bind(LIBRARY, name, type);
    }
  }

  private StandIn() {}

  private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
  }

  /// Skips the test where there is no emulator: no g++, or not Linux on x86-64.
  public static void assume() {
    assumeTrue(isThere(), "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    assertThat(CudaPlatform.get().unavailable()).isNull();
    assertThat(CudaPlatform.get().isStandIn()).isTrue();
  }

  private static boolean isThere() {
    return Files.exists(Path.of(System.getProperty(CudaLibrary.PROPERTY)));
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
    return openOf(90);
  }

  /// A device with bf16 of a compute capability, 10 times it.
  static Device openOf(int capability) {
    capability(capability);
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
    tell(() -> Emulator.CAPABILITY, capability);
  }

  /// Other orders of threads, blocks, copies and streams, and one starved warp a block; 0 is the
  /// plain order.
  static void seed(long seed) {
    tell(() -> Emulator.SEED, seed);
  }

  /// A planted error: whether streams go on without waiting for the events that they should wait
  /// for.
  static void forgetWaits(boolean forget) {
    tell(() -> Emulator.FORGET_WAITS, forget ? 1 : 0);
  }

  /// Forgets the last fault, which otherwise ends every later call.
  static void reset() {
    tell(() -> Emulator.RESET);
  }

  /// Nothing where there is no emulator: after a test that was skipped.
  private static void tell(Supplier<MethodHandle> what, Object... values) {
    if (isThere()) {
      try {
        what.get().invokeWithArguments(values);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }

  /// What went wrong last.
  static String fault() {
    try {
      MemorySegment text = (MemorySegment) Emulator.FAULT.invokeExact();
      return Objects.requireNonNull(text.reinterpret(Long.MAX_VALUE).getString(0));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
