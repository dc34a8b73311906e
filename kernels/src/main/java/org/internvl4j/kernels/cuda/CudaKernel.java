package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.LongStream;

/// An entry point of a kernel file and the block of memory that its parameters are written to: a
/// launch writes them in their order, laid out as C does, and allocates nothing but for maps.
///
/// One thread at a time, which the device sees to.
final class CudaKernel {
  private static final int MOST_PARAMETERS = 16;
  private static final int MOST_BYTES = 4096;
  private static final int MAP_BYTES = 128;
  private static final int MAP_ALIGNMENT = 64;

  /// Dynamic bytes of a block that no launch asks for: of 48 KiB, all but what is left to static
  /// ones, which count, too.
  private static final int SHARED_FOR_ALL = (48 << 10) - (1 << 10);

  private final String name;
  private final long function;
  private final CudaDriver driver;
  private final long stream;
  private final MemorySegment values;
  private final MemorySegment pointers;
  private int parameters;
  private long at; // where the next value goes
  private int depth; // of structs that are begun
  private long begun; // where the last parameter begins
  private final long[] bytes = new long[MOST_PARAMETERS]; // of each parameter
  private boolean checked;
  private int allowedShared = SHARED_FOR_ALL;

  /// @param stream where launches are queued
  /// @param arena for the parameter block
  CudaKernel(CudaDriver driver, long function, String name, long stream, Arena arena) {
    this.driver = driver;
    this.stream = stream;
    this.function = function;
    this.name = name;
    this.values = arena.allocate(MOST_BYTES, MAP_ALIGNMENT);
    this.pointers = arena.allocate(ADDRESS, MOST_PARAMETERS);
  }

  /// Begins a new launch.
  CudaKernel with() {
    parameters = 0;
    at = 0;
    depth = 0;
    return this;
  }

  CudaKernel add(long value) {
    begin(Long.BYTES);
    values.set(JAVA_LONG, at, value);
    return end(Long.BYTES);
  }

  CudaKernel add(int value) {
    begin(Integer.BYTES);
    values.set(JAVA_INT, at, value);
    return end(Integer.BYTES);
  }

  CudaKernel add(float value) {
    begin(Float.BYTES);
    values.set(JAVA_FLOAT, at, value);
    return end(Float.BYTES);
  }

  /// Adds a tensor as the copy engine reads it; see [CudaDriver#tensorMap].
  CudaKernel addMap(long address, long[] sizes, long[] pitches, int[] box) {
    begin(MAP_ALIGNMENT);
    MemorySegment map = values.asSlice(at, MAP_BYTES);
    driver.tensorMap(map, address, sizes, pitches, box);
    return end(MAP_BYTES);
  }

  /// What is added until [#endStruct] are members of one parameter, or of a member of it, which has
  /// members of 8 bytes.
  CudaKernel beginStruct() {
    begin(Long.BYTES);
    depth++;
    return this;
  }

  CudaKernel endStruct() {
    align(Long.BYTES);
    depth--;
    return end(0);
  }

  private void begin(int alignment) {
    align(alignment);
    if (depth == 0) {
      begun = at;
      pointers.setAtIndex(ADDRESS, parameters++, values.asSlice(at));
    }
  }

  private CudaKernel end(int size) {
    at += size;
    if (depth == 0) {
      bytes[parameters - 1] = at - begun;
    }
    return this;
  }

  private void align(int alignment) {
    at = (at + alignment - 1) / alignment * alignment;
  }

  /// Queues the kernel with what was added; nothing if the grid is empty.
  ///
  /// @param sharedBytes dynamic shared memory of a block
  /// @throws org.internvl4j.runtime.DeviceException if the driver refuses
  void launch(int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
    if (gridX == 0 || gridY == 0 || gridZ == 0) {
      return;
    }
    if (!checked) {
      requireParameters();
      checked = true;
    }
    if (sharedBytes > allowedShared) {
      driver.allowSharedMemory(function, sharedBytes);
      allowedShared = sharedBytes;
    }
    int code = driver.launch(function, gridX, gridY, gridZ, threads, sharedBytes, stream, pointers);
    if (code != 0) {
      throw driver.failure(
          "%s <<<(%d,%d,%d),(%d,1,1)>>>".formatted(name, gridX, gridY, gridZ, threads), code);
    }
  }

  /// Holds what was added against what the machine code expects, once an entry.
  private void requireParameters() {
    List<Long> expected = driver.parameterBytes(function);
    List<Long> found = LongStream.of(bytes).limit(parameters).boxed().toList();
    if (expected != null && !expected.equals(found)) {
      throw new IllegalStateException(
          name + ": its parameters have " + expected + " bytes, but " + found + " were given");
    }
  }

  /// [#launch(int, int, int, int, int)] of a line of blocks without dynamic shared memory.
  void launch(int blocks, int threads) {
    launch(blocks, 1, 1, threads, 0);
  }
}
