package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// The CUDA driver as Java sees it. Every call returns what it is asked for or throws a
/// [DeviceException] that names the call and the driver's code. Calls act on the context that is
/// current on the calling thread; work is queued in the stream that they name.
final class CudaDriver extends Calls {
  /// Device attributes.
  static final int MAJOR = 75;

  static final int MINOR = 76;

  private static final int MAX_DYNAMIC_SHARED = 8; // function attribute
  private static final int NON_BLOCKING = 1; // stream flag
  private static final int NO_TIMING = 2; // event flag
  private static final int PEER_ACCESS_ALREADY_ENABLED = 704;
  private static final int RELAXED = 2; // capture mode: other calls go on as ever
  private static final int NAME_LENGTH = 256;
  private static final int CONTEXT = 1; // pointer attributes
  private static final int MEMORY_TYPE = 2;
  private static final int ORDINAL = 9;
  private static final int BF16 = 9; // tensor map data type
  private static final int SWIZZLE_128 = 3;
  private static final int PROMOTE_128 = 2; // L2 promotion

  private final CudaFunctions cuda;
  private final String where;
  private final boolean standIn;

  private CudaDriver(CudaFunctions cuda, String where, boolean standIn) {
    this.cuda = cuda;
    this.where = where;
    this.standIn = standIn;
  }

  /// @param where the library came from, for messages
  /// @throws DeviceException if it lacks a function, or does not start
  static CudaDriver open(SymbolLookup library, String where) {
    CudaDriver driver =
        new CudaDriver(new CudaFunctions(library), where, library.find("emuLastFault").isPresent());
    driver.check("cuInit", () -> (int) driver.cuda.init.invokeExact(0));
    return driver;
  }

  /// Where the library was found.
  String where() {
    return where;
  }

  /// Whether this is the emulator, which runs kernels on the CPU.
  boolean isStandIn() {
    return standIn;
  }

  /// `13000` for CUDA 13.0.
  int version() {
    return (int) out("cuDriverGetVersion", p -> (int) cuda.driverVersion.invokeExact(p));
  }

  // ---- devices and contexts

  int deviceCount() {
    return (int) out("cuDeviceGetCount", p -> (int) cuda.deviceCount.invokeExact(p));
  }

  int device(int index) {
    return (int) out("cuDeviceGet", p -> (int) cuda.deviceGet.invokeExact(p, index));
  }

  String deviceName(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_LENGTH);
      check("cuDeviceGetName", () -> (int) cuda.deviceName.invokeExact(name, NAME_LENGTH, device));
      return name.getString(0);
    }
  }

  int attribute(int attribute, int device) {
    return (int)
        out(
            "cuDeviceGetAttribute",
            p -> (int) cuda.deviceAttribute.invokeExact(p, attribute, device));
  }

  long totalBytes(int device) {
    return out("cuDeviceTotalMem", p -> (int) cuda.deviceTotalMem.invokeExact(p, device));
  }

  long retainContext(int device) {
    return out(
        "cuDevicePrimaryCtxRetain", p -> (int) cuda.primaryContextRetain.invokeExact(p, device));
  }

  void releaseContext(int device) {
    check("cuDevicePrimaryCtxRelease", () -> (int) cuda.primaryContextRelease.invokeExact(device));
  }

  void use(long context) {
    check("cuCtxSetCurrent", () -> (int) cuda.contextSetCurrent.invokeExact(context));
  }

  // ---- memory

  long freeBytes() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(JAVA_LONG);
      MemorySegment total = arena.allocate(JAVA_LONG);
      check("cuMemGetInfo", () -> (int) cuda.memInfo.invokeExact(free, total));
      return free.get(JAVA_LONG, 0);
    }
  }

  long allocate(long bytes) {
    return out("cuMemAlloc", p -> (int) cuda.memAlloc.invokeExact(p, bytes));
  }

  void free(long address) {
    check("cuMemFree", () -> (int) cuda.memFree.invokeExact(address));
  }

  void zero(long address, long bytes, long stream) {
    check(
        "cuMemsetD8Async",
        () -> (int) cuda.memsetAsync.invokeExact(address, (byte) 0, bytes, stream));
  }

  /// What the driver knows of an address.
  ///
  /// @param context that the memory was allocated in; 0 if none, as for memory of a pool
  /// @param type 0 if the address is not known, 1 for memory of the host, other numbers else
  /// @param device its number
  record Address(long context, int type, int device) {}

  Address address(long address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attributes = arena.allocateFrom(JAVA_INT, CONTEXT, MEMORY_TYPE, ORDINAL);
      MemorySegment values = arena.allocate(JAVA_LONG, 3);
      MemorySegment places = arena.allocate(ADDRESS, 3);
      for (int i = 0; i < 3; i++) {
        places.setAtIndex(ADDRESS, i, values.asSlice(i * ADDRESS.byteSize()));
      }
      check(
          "cuPointerGetAttributes",
          () -> (int) cuda.pointerAttributes.invokeExact(3, attributes, places, address));
      return new Address(
          values.getAtIndex(JAVA_LONG, 0),
          values.get(JAVA_INT, 1 * Long.BYTES),
          values.get(JAVA_INT, 2 * Long.BYTES));
    }
  }

  /// Memory of the host that the driver copies from and to on its own.
  MemorySegment allocatePinned(long bytes) {
    long address = out("cuMemHostAlloc", p -> (int) cuda.memHostAlloc.invokeExact(p, bytes, 0));
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /// @param memory begins where it was allocated
  void freePinned(MemorySegment memory) {
    check("cuMemFreeHost", () -> (int) cuda.memFreeHost.invokeExact(memory));
  }

  /// Copies from pinned memory, which must stay as it is until the copy is done.
  void upload(long to, MemorySegment from, long bytes, long stream) {
    check("cuMemcpyHtoDAsync", () -> (int) cuda.copyToDevice.invokeExact(to, from, bytes, stream));
  }

  /// Copies into pinned memory, which holds the bytes once the stream was waited for.
  void download(MemorySegment to, long from, long bytes, long stream) {
    check("cuMemcpyDtoHAsync", () -> (int) cuda.copyToHost.invokeExact(to, from, bytes, stream));
  }

  void copy(long to, long from, long bytes, long stream) {
    check("cuMemcpyDtoDAsync", () -> (int) cuda.copyOnDevice.invokeExact(to, from, bytes, stream));
  }

  /// Lets the current context copy from another device's memory without going through the host,
  /// where the machine can do that.
  ///
  /// @param context of the other device
  void reach(int device, int other, long context) {
    boolean can =
        out("cuDeviceCanAccessPeer", p -> (int) cuda.canAccessPeer.invokeExact(p, device, other))
            != 0;
    if (can) {
      check(
          "cuCtxEnablePeerAccess",
          () -> {
            int code = (int) cuda.enablePeerAccess.invokeExact(context, 0);
            return code == PEER_ACCESS_ALREADY_ENABLED ? 0 : code;
          });
    }
  }

  /// Copies from one device to another.
  ///
  /// @param toContext of the device of `to`
  /// @param fromContext of the device of `from`
  void copy(long to, long toContext, long from, long fromContext, long bytes, long stream) {
    check(
        "cuMemcpyPeerAsync",
        () -> (int) cuda.copyFromPeer.invokeExact(to, toContext, from, fromContext, bytes, stream));
  }

  // ---- kernels

  long loadModule(MemorySegment image) {
    return out("cuModuleLoadData", p -> (int) cuda.moduleLoad.invokeExact(p, image));
  }

  void unloadModule(long module) {
    check("cuModuleUnload", () -> (int) cuda.moduleUnload.invokeExact(module));
  }

  long function(long module, String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(name);
      return out(
          "cuModuleGetFunction " + name,
          p -> (int) cuda.moduleGetFunction.invokeExact(p, module, text));
    }
  }

  void allowSharedMemory(long function, int bytes) {
    check(
        "cuFuncSetAttribute",
        () -> (int) cuda.functionSetAttribute.invokeExact(function, MAX_DYNAMIC_SHARED, bytes));
  }

  /// Bytes of each parameter of a kernel, as its machine code says; null if the driver cannot tell.
  @Nullable List<Long> parameterBytes(long function) {
    MethodHandle parameter = cuda.functionParameter;
    if (parameter == null) {
      return null;
    }
    List<Long> bytes = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offset = arena.allocate(JAVA_LONG);
      MemorySegment size = arena.allocate(JAVA_LONG);
      while ((int) parameter.invokeExact(function, (long) bytes.size(), offset, size) == 0) {
        bytes.add(size.get(JAVA_LONG, 0));
      }
    } catch (Throwable e) {
      throw new AssertionError("cuFuncGetParamInfo", e);
    }
    return bytes;
  }

  /// Whether the driver knows the copy engine of Hopper; from CUDA 12 on.
  boolean hasTensorMaps() {
    return cuda.tensorMapEncodeTiled != null;
  }

  /// Describes a bf16 tensor to the copy engine of Hopper, which reads it in boxes that lie in the
  /// 128-byte swizzle. Dimensions go from the innermost, which has no gaps, to the outermost.
  ///
  /// @param map 128 bytes, aligned to 64, that a kernel gets by value
  /// @param pitches bytes from one index to the next of all dimensions but the innermost, positive
  ///   multiples of 16
  void tensorMap(MemorySegment map, long address, long[] sizes, long[] pitches, int[] box) {
    MethodHandle encode = Objects.requireNonNull(cuda.tensorMapEncodeTiled);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ofSizes = arena.allocateFrom(JAVA_LONG, sizes);
      MemorySegment ofPitches = arena.allocateFrom(JAVA_LONG, pitches);
      MemorySegment ofBox = arena.allocateFrom(JAVA_INT, box);
      int[] ones = new int[sizes.length];
      Arrays.fill(ones, 1);
      MemorySegment steps = arena.allocateFrom(JAVA_INT, ones);
      check(
          "cuTensorMapEncodeTiled",
          () ->
              (int)
                  encode.invokeExact(
                      map,
                      BF16,
                      sizes.length,
                      address,
                      ofSizes,
                      ofPitches,
                      ofBox,
                      steps,
                      0,
                      SWIZZLE_128,
                      PROMOTE_128,
                      0));
    }
  }

  /// @return the driver's code; the caller knows what to say of it
  int launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      long stream,
      MemorySegment parameters) {
    try {
      return (int)
          cuda.launchKernel.invokeExact(
              function,
              gridX,
              gridY,
              gridZ,
              threads,
              1,
              1,
              sharedBytes,
              stream,
              parameters,
              MemorySegment.NULL);
    } catch (Throwable e) {
      throw new AssertionError("cuLaunchKernel", e);
    }
  }

  // ---- streams and graphs

  long createStream() {
    return out("cuStreamCreate", p -> (int) cuda.streamCreate.invokeExact(p, NON_BLOCKING));
  }

  void destroyStream(long stream) {
    check("cuStreamDestroy", () -> (int) cuda.streamDestroy.invokeExact(stream));
  }

  void synchronize(long stream) {
    check("cuStreamSynchronize", () -> (int) cuda.streamSynchronize.invokeExact(stream));
  }

  /// A mark in a stream that other streams can wait for, of the current context.
  long createEvent() {
    return out("cuEventCreate", p -> (int) cuda.eventCreate.invokeExact(p, NO_TIMING));
  }

  void destroyEvent(long event) {
    check("cuEventDestroy", () -> (int) cuda.eventDestroy.invokeExact(event));
  }

  /// Puts the mark behind what the stream, of the same context, was given so far.
  void record(long event, long stream) {
    check("cuEventRecord", () -> (int) cuda.eventRecord.invokeExact(event, stream));
  }

  /// Waits until what the event was recorded behind is done; at once if it never was.
  void synchronizeEvent(long event) {
    check("cuEventSynchronize", () -> (int) cuda.eventSynchronize.invokeExact(event));
  }

  /// What the stream is given from now on runs after what the event was recorded behind.
  void await(long event, long stream) {
    check("cuStreamWaitEvent", () -> (int) cuda.streamWaitEvent.invokeExact(stream, event, 0));
  }

  void beginCapture(long stream) {
    check("cuStreamBeginCapture", () -> (int) cuda.streamBeginCapture.invokeExact(stream, RELAXED));
  }

  /// @return what was captured, ready to launch
  long endCapture(long stream) {
    long graph = out("cuStreamEndCapture", p -> (int) cuda.streamEndCapture.invokeExact(stream, p));
    try {
      return out("cuGraphInstantiate", p -> (int) cuda.graphInstantiate.invokeExact(p, graph, 0L));
    } finally {
      check("cuGraphDestroy", () -> (int) cuda.graphDestroy.invokeExact(graph));
    }
  }

  void launchGraph(long graph, long stream) {
    check("cuGraphLaunch", () -> (int) cuda.graphLaunch.invokeExact(graph, stream));
  }

  void destroyGraph(long graph) {
    check("cuGraphExecDestroy", () -> (int) cuda.graphExecDestroy.invokeExact(graph));
  }

  // ---- errors

  /// `cuda: cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY (2), out of memory`.
  @Override
  DeviceException failure(String call, int code) {
    return new DeviceException(
        "cuda: "
            + call
            + " failed: "
            + text(cuda.errorName, code)
            + " ("
            + code
            + "), "
            + text(cuda.errorString, code));
  }

  private static String text(MethodHandle function, int code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cell = arena.allocate(ADDRESS);
      int known = (int) function.invokeExact(code, cell);
      MemorySegment text = cell.get(ADDRESS, 0);
      return known != 0 || text.address() == 0
          ? "unknown"
          : text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new AssertionError("cuGetErrorName", e);
    }
  }
}
