package org.internvl4j.kernels.asm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/// Memory that the processor runs: first written, then sealed, never both writable and executable.
/// It stays for the life of the process.
///
/// On Linux, whose functions these are, and x86-64, whose code they are, for programs that may call
/// native code.
public final class CodeMemory {
  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int EXECUTE = 4;
  private static final int PRIVATE = 2;
  private static final int ANONYMOUS = 0x20;
  private static final long FAILED = -1;
  private static final long PAGE = 4096;

  /// `true` acts as if the system let nothing be executed that was written. For tests.
  private static final String REFUSED = "internvl4j.code.refused";

  /// Of all functions: each further shape would cost the process milliseconds.
  private static final FunctionDescriptor SHAPE =
      FunctionDescriptor.of(
          JAVA_LONG, Collections.nCopies(8, JAVA_LONG).toArray(MemoryLayout[]::new));

  private static final String SYSTEM = System.getProperty("os.name");
  private static final String PROCESSOR = System.getProperty("os.arch");

  private final MethodHandle map;
  private final MethodHandle protect;

  private CodeMemory() {
    map = system("mmap");
    protect = system("mprotect");
  }

  private static MethodHandle system(String name) {
    return function(Linker.nativeLinker().defaultLookup().findOrThrow(name));
  }

  private static MethodHandle function(MemorySegment code) {
    return Linker.nativeLinker().downcallHandle(code, SHAPE, Linker.Option.critical(false));
  }

  /// Whether this is the system and the processor that code is written for.
  public static boolean isForThisSystem() {
    return SYSTEM.equals("Linux") && PROCESSOR.equals("amd64");
  }

  /// Why there is none here, in a few words; null if there may be some.
  public static @Nullable String unavailable() {
    if (!isForThisSystem()) {
      return "it is written for Linux on x86-64, this is %s on %s".formatted(SYSTEM, PROCESSOR);
    }
    if (!CodeMemory.class.getModule().isNativeAccessEnabled()) {
      return "start java with --enable-native-access=ALL-UNNAMED";
    }
    return null;
  }

  /// Opens the system's functions.
  ///
  /// @throws IllegalStateException if it is [#unavailable]
  public static CodeMemory open() {
    String why = unavailable();
    if (why != null) {
      throw new IllegalStateException(why);
    }
    return new CodeMemory();
  }

  /// Code as a function for [#call]. It must be short: the garbage collector waits for it.
  ///
  /// @param code follows System V's conventions, takes eight 64-bit numbers or addresses of native
  ///   memory, or fewer, and may return one
  /// @throws IllegalStateException if the system lets nothing be executed
  public MethodHandle function(byte[] code) {
    return function(seal(code));
  }

  /// Calls a function that takes eight numbers.
  ///
  /// @return what it leaves in `rax`
  public static long call(
      MethodHandle function, long a, long b, long c, long d, long e, long f, long g, long h) {
    try {
      return (long) function.invokeExact(a, b, c, d, e, f, g, h);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new AssertionError("machine code threw", thrown);
    }
  }

  /// Calls a function that takes seven numbers.
  public static long call(
      MethodHandle function, long a, long b, long c, long d, long e, long f, long g) {
    return call(function, a, b, c, d, e, f, g, 0);
  }

  /// Calls a function that takes five numbers.
  public static long call(MethodHandle function, long a, long b, long c, long d, long e) {
    return call(function, a, b, c, d, e, 0, 0, 0);
  }

  /// Calls a function that takes four numbers.
  public static long call(MethodHandle function, long a, long b, long c, long d) {
    return call(function, a, b, c, d, 0, 0, 0, 0);
  }

  /// Calls a function that takes three numbers.
  public static long call(MethodHandle function, long a, long b, long c) {
    return call(function, a, b, c, 0, 0, 0, 0, 0);
  }

  private MemorySegment seal(byte[] code) {
    long size = (code.length + PAGE - 1) / PAGE * PAGE;
    long start = call(map, 0, size, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0, 0, 0);
    if (start == FAILED) {
      throw new IllegalStateException("the system has no memory for %d bytes".formatted(size));
    }
    MemorySegment memory = MemorySegment.ofAddress(start).reinterpret(size);
    memory.copyFrom(MemorySegment.ofArray(code));
    if (Boolean.getBoolean(REFUSED) || (int) call(protect, start, size, READ | EXECUTE) != 0) {
      throw new IllegalStateException("the system lets no memory be executed that was written");
    }
    return memory;
  }
}
