package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.SortedMap;
import java.util.TreeMap;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// The functions of the CUDA driver's library that are used here, bound by their versioned names,
/// so that one program runs on drivers from CUDA 11.8 on. All return a `CUresult`.
///
/// Handles (`CUcontext`, `CUstream`, …) and device addresses are `long`: a device address never
/// becomes a segment that Java could read. Pointers to host memory are segments.
final class CudaFunctions {
  /// Names and types, as the toolkit's `cuda.h` has them.
  static final SortedMap<String, FunctionDescriptor> TYPES = types();

  final MethodHandle init;
  final MethodHandle driverVersion;
  final MethodHandle deviceCount;
  final MethodHandle deviceGet;
  final MethodHandle deviceName;
  final MethodHandle deviceTotalMem;
  final MethodHandle deviceAttribute;
  final MethodHandle primaryContextRetain;
  final MethodHandle primaryContextRelease;
  final MethodHandle contextSetCurrent;
  final MethodHandle memInfo;
  final MethodHandle memAlloc;
  final MethodHandle memFree;
  final MethodHandle memHostAlloc;
  final MethodHandle memFreeHost;
  final MethodHandle memsetAsync;
  final MethodHandle pointerAttributes;
  final MethodHandle copyToDevice;
  final MethodHandle copyToHost;
  final MethodHandle copyOnDevice;
  final MethodHandle copyFromPeer;
  final MethodHandle canAccessPeer;
  final MethodHandle enablePeerAccess;
  final MethodHandle moduleLoad;
  final MethodHandle moduleUnload;
  final MethodHandle moduleGetFunction;
  final MethodHandle functionSetAttribute;
  final MethodHandle launchKernel;
  final MethodHandle streamCreate;
  final MethodHandle streamDestroy;
  final MethodHandle streamSynchronize;
  final MethodHandle streamWaitEvent;
  final MethodHandle eventCreate;
  final MethodHandle eventDestroy;
  final MethodHandle eventRecord;
  final MethodHandle eventSynchronize;
  final MethodHandle streamBeginCapture;
  final MethodHandle streamEndCapture;
  final MethodHandle graphInstantiate;
  final MethodHandle graphLaunch;
  final MethodHandle graphExecDestroy;
  final MethodHandle graphDestroy;
  final MethodHandle errorName;
  final MethodHandle errorString;

  /// Null before CUDA 12, whose GPUs do not need it.
  final @Nullable MethodHandle tensorMapEncodeTiled;

  /// Null before CUDA 12.4.
  final @Nullable MethodHandle functionParameter;

  private final SymbolLookup library;

  /// @throws DeviceException if a function is missing
  CudaFunctions(SymbolLookup library) {
    this.library = library;
    init = bind("cuInit");
    driverVersion = bind("cuDriverGetVersion");
    deviceCount = bind("cuDeviceGetCount");
    deviceGet = bind("cuDeviceGet");
    deviceName = bind("cuDeviceGetName");
    deviceTotalMem = bind("cuDeviceTotalMem_v2");
    deviceAttribute = bind("cuDeviceGetAttribute");
    primaryContextRetain = bind("cuDevicePrimaryCtxRetain");
    primaryContextRelease = bind("cuDevicePrimaryCtxRelease_v2");
    contextSetCurrent = bind("cuCtxSetCurrent");
    memInfo = bind("cuMemGetInfo_v2");
    memAlloc = bind("cuMemAlloc_v2");
    memFree = bind("cuMemFree_v2");
    memHostAlloc = bind("cuMemHostAlloc");
    memFreeHost = bind("cuMemFreeHost");
    memsetAsync = bind("cuMemsetD8Async");
    pointerAttributes = bind("cuPointerGetAttributes");
    copyToDevice = bind("cuMemcpyHtoDAsync_v2");
    copyToHost = bind("cuMemcpyDtoHAsync_v2");
    copyOnDevice = bind("cuMemcpyDtoDAsync_v2");
    copyFromPeer = bind("cuMemcpyPeerAsync");
    canAccessPeer = bind("cuDeviceCanAccessPeer");
    enablePeerAccess = bind("cuCtxEnablePeerAccess");
    moduleLoad = bind("cuModuleLoadData");
    moduleUnload = bind("cuModuleUnload");
    moduleGetFunction = bind("cuModuleGetFunction");
    functionSetAttribute = bind("cuFuncSetAttribute");
    launchKernel = bind("cuLaunchKernel");
    streamCreate = bind("cuStreamCreate");
    streamDestroy = bind("cuStreamDestroy_v2");
    streamSynchronize = bind("cuStreamSynchronize");
    streamWaitEvent = bind("cuStreamWaitEvent");
    eventCreate = bind("cuEventCreate");
    eventDestroy = bind("cuEventDestroy_v2");
    eventRecord = bind("cuEventRecord");
    eventSynchronize = bind("cuEventSynchronize");
    streamBeginCapture = bind("cuStreamBeginCapture_v2");
    streamEndCapture = bind("cuStreamEndCapture");
    graphInstantiate = bind("cuGraphInstantiateWithFlags");
    graphLaunch = bind("cuGraphLaunch");
    graphExecDestroy = bind("cuGraphExecDestroy");
    graphDestroy = bind("cuGraphDestroy");
    errorName = bind("cuGetErrorName");
    errorString = bind("cuGetErrorString");
    tensorMapEncodeTiled = bindIfThere("cuTensorMapEncodeTiled");
    functionParameter = bindIfThere("cuFuncGetParamInfo");
  }

  private MethodHandle bind(String name) {
    MethodHandle handle = bindIfThere(name);
    if (handle == null) {
      throw new DeviceException(
          "cuda: the driver has no " + name + "; install a driver of CUDA 11.8 or later");
    }
    return handle;
  }

  private @Nullable MethodHandle bindIfThere(String name) {
    return library
        .find(name)
        .map(symbol -> Linker.nativeLinker().downcallHandle(symbol, TYPES.get(name)))
        .orElse(null);
  }

  private static SortedMap<String, FunctionDescriptor> types() {
    SortedMap<String, FunctionDescriptor> types = new TreeMap<>();
    put(types, "cuInit", JAVA_INT);
    put(types, "cuDriverGetVersion", ADDRESS);
    put(types, "cuDeviceGetCount", ADDRESS);
    put(types, "cuDeviceGet", ADDRESS, JAVA_INT);
    put(types, "cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
    put(types, "cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
    put(types, "cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
    put(types, "cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
    put(types, "cuDevicePrimaryCtxRelease_v2", JAVA_INT);
    put(types, "cuCtxSetCurrent", JAVA_LONG);
    put(types, "cuMemGetInfo_v2", ADDRESS, ADDRESS);
    put(types, "cuMemAlloc_v2", ADDRESS, JAVA_LONG);
    put(types, "cuMemFree_v2", JAVA_LONG);
    put(types, "cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
    put(types, "cuMemFreeHost", ADDRESS);
    put(types, "cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
    put(types, "cuPointerGetAttributes", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    put(types, "cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
    put(types, "cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    put(types, "cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    put(
        types,
        "cuMemcpyPeerAsync",
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG);
    put(types, "cuDeviceCanAccessPeer", ADDRESS, JAVA_INT, JAVA_INT);
    put(types, "cuCtxEnablePeerAccess", JAVA_LONG, JAVA_INT);
    put(types, "cuModuleLoadData", ADDRESS, ADDRESS);
    put(types, "cuModuleUnload", JAVA_LONG);
    put(types, "cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS);
    put(types, "cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    put(types, "cuFuncGetParamInfo", JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
    put(
        types,
        "cuLaunchKernel",
        JAVA_LONG,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_LONG,
        ADDRESS,
        ADDRESS);
    put(types, "cuStreamCreate", ADDRESS, JAVA_INT);
    put(types, "cuStreamDestroy_v2", JAVA_LONG);
    put(types, "cuStreamSynchronize", JAVA_LONG);
    put(types, "cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT);
    put(types, "cuEventCreate", ADDRESS, JAVA_INT);
    put(types, "cuEventDestroy_v2", JAVA_LONG);
    put(types, "cuEventRecord", JAVA_LONG, JAVA_LONG);
    put(types, "cuEventSynchronize", JAVA_LONG);
    put(types, "cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
    put(types, "cuStreamEndCapture", JAVA_LONG, ADDRESS);
    put(types, "cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
    put(types, "cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    put(types, "cuGraphExecDestroy", JAVA_LONG);
    put(types, "cuGraphDestroy", JAVA_LONG);
    put(types, "cuGetErrorName", JAVA_INT, ADDRESS);
    put(types, "cuGetErrorString", JAVA_INT, ADDRESS);
    put(
        types,
        "cuTensorMapEncodeTiled",
        ADDRESS,
        JAVA_INT,
        JAVA_INT,
        JAVA_LONG,
        ADDRESS,
        ADDRESS,
        ADDRESS,
        ADDRESS,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT,
        JAVA_INT);
    return types;
  }

  private static void put(
      SortedMap<String, FunctionDescriptor> types, String name, MemoryLayout... parameters) {
    types.put(name, FunctionDescriptor.of(JAVA_INT, parameters));
  }
}
