package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Memory between two pages that nothing may touch: a kernel that reads or writes a byte too far
/// ends the process.
final class GuardedMemory {
  private static final long PAGE = 4096;
  private static final MethodHandle MMAP =
      system(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      system("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  private final MemorySegment open;

  /// @param bytes the most that is asked for
  GuardedMemory(long bytes) {
    long size = (bytes + PAGE - 1) / PAGE * PAGE;
    try {
      MemorySegment all =
          ((MemorySegment) MMAP.invokeExact(0L, size + 2 * PAGE, 3, 0x22, -1, 0L))
              .reinterpret(size + 2 * PAGE);
      protect(all.asSlice(0, PAGE));
      protect(all.asSlice(PAGE + size, PAGE));
      open = all.asSlice(PAGE, size);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle system(String name, FunctionDescriptor shape) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape);
  }

  private static void protect(MemorySegment page) throws Throwable {
    if ((int) MPROTECT.invokeExact(page, PAGE, 0) != 0) {
      throw new AssertionError("mprotect failed");
    }
  }

  /// So many bytes, whose end is the end.
  MemorySegment last(long bytes) {
    return open.asSlice(open.byteSize() - bytes, bytes);
  }

  /// So many bytes, whose begin is the begin.
  MemorySegment first(long bytes) {
    return open.asSlice(0, bytes);
  }
}
