package org.internvl4j.loader;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// Tells the system which pages of a mapped file will be read and which need not stay in memory.
///
/// The only class of the library that calls native code, `madvise` of the C library, and only on
/// Linux and where the module may (`--enable-native-access`); elsewhere it does nothing, and pages
/// of matrices that were packed stay resident until the system wants them back.
final class PageAdvice {
  private static final int WILLNEED = 3;
  private static final int DONTNEED = 4;
  private static final long PAGE = 4096;
  private static final long SMALLEST = 1 << 20; // not worth a call, nor the first one's 30 ms

  private PageAdvice() {}

  /// Begins to read a part of a mapped file.
  static void willNeed(MemorySegment file, long from, long to) {
    advise(file, from, to, WILLNEED);
  }

  /// Takes a part of a mapped file out of this process's memory; its next use reads it again.
  ///
  /// @param file a mapping that nobody writes to, from the first byte of a file: other memory would
  ///   lose its contents
  static void dontNeed(MemorySegment file, long from, long to) {
    advise(file, from, to, DONTNEED);
  }

  private static void advise(MemorySegment file, long from, long to, int advice) {
    if (to - from < SMALLEST || !file.isMapped()) {
      return;
    }
    MethodHandle madvise = Native.MADVISE;
    if (madvise != null) {
      long first = from / PAGE * PAGE;
      try {
        int _ = (int) madvise.invokeExact(file.asSlice(first, to - first), to - first, advice);
      } catch (Throwable e) {
        throw new AssertionError("madvise", e); // it reports errors by its result
      }
    }
  }

  /// Looked up when it is first needed.
  private static final class Native {
    static final @Nullable MethodHandle MADVISE = find();

    private static @Nullable MethodHandle find() {
      if (!PageAdvice.class.getModule().isNativeAccessEnabled()
          || !System.getProperty("os.name").equals("Linux")) {
        return null;
      }
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find("madvise")
          .map(madvise ->
              linker.downcallHandle(
                  madvise,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.JAVA_INT)))
          .orElse(null);
    }
  }
}
