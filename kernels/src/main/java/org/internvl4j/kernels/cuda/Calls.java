package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DeviceException;

/// Calls of a library's functions, which answer 0 if all went well.
abstract class Calls {
  interface Call {
    int run() throws Throwable;
  }

  /// A call that writes 8 bytes to `out`: a handle, an address.
  interface Out {
    int run(MemorySegment out) throws Throwable;
  }

  /// What another answer than 0 means, naming the call.
  abstract DeviceException failure(String call, int code);

  final void check(String name, Call call) {
    int code;
    try {
      code = call.run();
    } catch (Throwable e) {
      throw new AssertionError(name, e); // functions of C throw nothing
    }
    if (code != 0) {
      throw failure(name, code);
    }
  }

  final long out(String name, Out call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cell = arena.allocate(JAVA_LONG);
      check(name, () -> call.run(cell));
      return cell.get(JAVA_LONG, 0);
    }
  }
}
