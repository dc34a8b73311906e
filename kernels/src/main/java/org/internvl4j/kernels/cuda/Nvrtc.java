package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.DeviceException;

/// NVIDIA's run-time compiler: kernels for an architecture that the jar has no code for. It needs
/// neither a CUDA toolkit nor a GPU, and of headers those of `cuda-src` alone.
///
/// One thread at a time.
final class Nvrtc {
  private final MethodHandle version;
  private final MethodHandle createProgram;
  private final MethodHandle compileProgram;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final MethodHandle cubinSize;
  private final MethodHandle cubin;
  private final MethodHandle destroyProgram;

  private final SymbolLookup library;

  /// @throws DeviceException if a function is missing
  Nvrtc(SymbolLookup library) {
    this.library = library;
    version = bind("nvrtcVersion", ADDRESS, ADDRESS);
    createProgram =
        bind("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    compileProgram = bind("nvrtcCompileProgram", JAVA_LONG, JAVA_INT, ADDRESS);
    logSize = bind("nvrtcGetProgramLogSize", JAVA_LONG, ADDRESS);
    log = bind("nvrtcGetProgramLog", JAVA_LONG, ADDRESS);
    cubinSize = bind("nvrtcGetCUBINSize", JAVA_LONG, ADDRESS);
    cubin = bind("nvrtcGetCUBIN", JAVA_LONG, ADDRESS);
    destroyProgram = bind("nvrtcDestroyProgram", ADDRESS);
  }

  private MethodHandle bind(String name, MemoryLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(
            library
                .find(name)
                .orElseThrow(
                    () -> new DeviceException("cuda: the run-time compiler has no " + name)),
            FunctionDescriptor.of(JAVA_INT, parameters));
  }

  /// `12.9`.
  String version() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment major = arena.allocate(JAVA_INT);
      MemorySegment minor = arena.allocate(JAVA_INT);
      check("nvrtcVersion", () -> (int) version.invokeExact(major, minor));
      return major.get(JAVA_INT, 0) + "." + minor.get(JAVA_INT, 0);
    }
  }

  /// Machine code of a kernel file.
  ///
  /// @param name the file's, for messages
  /// @param source its text
  /// @param headers texts by the names that it includes
  /// @param architecture `sm_90a`
  /// @throws DeviceException if it does not compile, with the compiler's log
  byte[] compile(String name, String source, Map<String, String> headers, String architecture) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(JAVA_LONG);
      MemorySegment text = arena.allocateFrom(source);
      MemorySegment title = arena.allocateFrom(name);
      MemorySegment texts = strings(arena, List.copyOf(headers.values()));
      MemorySegment names = strings(arena, List.copyOf(headers.keySet()));
      check(
          "nvrtcCreateProgram",
          () -> (int) createProgram.invokeExact(handle, text, title, headers.size(), texts, names));
      try {
        return compile(arena, handle.get(JAVA_LONG, 0), name, architecture);
      } finally {
        check("nvrtcDestroyProgram", () -> (int) destroyProgram.invokeExact(handle));
      }
    }
  }

  private byte[] compile(Arena arena, long program, String name, String architecture) {
    List<String> options =
        List.of("--gpu-architecture=" + architecture, "--std=c++17", "-default-device");
    MemorySegment pointers = strings(arena, options);
    int code;
    try {
      code = (int) compileProgram.invokeExact(program, options.size(), pointers);
    } catch (Throwable e) {
      throw new AssertionError("nvrtcCompileProgram", e);
    }
    if (code != 0) {
      byte[] told = bytes(arena, program, logSize, log);
      throw new DeviceException(
          "cuda: "
              + name
              + " does not compile for "
              + architecture
              + ": "
              + new String(told, StandardCharsets.UTF_8).replace("\0", "").strip());
    }
    return bytes(arena, program, cubinSize, cubin);
  }

  private static byte[] bytes(Arena arena, long program, MethodHandle size, MethodHandle contents) {
    MemorySegment count = arena.allocate(JAVA_LONG);
    check("nvrtc", () -> (int) size.invokeExact(program, count));
    MemorySegment to = arena.allocate(Math.max(1, count.get(JAVA_LONG, 0)));
    check("nvrtc", () -> (int) contents.invokeExact(program, to));
    return to.toArray(JAVA_BYTE);
  }

  private static MemorySegment strings(Arena arena, List<String> strings) {
    MemorySegment pointers = arena.allocate(ADDRESS, Math.max(1, strings.size()));
    for (int i = 0; i < strings.size(); i++) {
      pointers.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
    }
    return pointers;
  }

  private interface Call {
    int run() throws Throwable;
  }

  private static void check(String name, Call call) {
    int code;
    try {
      code = call.run();
    } catch (Throwable e) {
      throw new AssertionError(name, e); // functions of C throw nothing
    }
    if (code != 0) {
      throw new DeviceException("cuda: " + name + " failed: NVRTC error " + code);
    }
  }

  /// Opens the library at `path`. It opens another one by its bare name, which is loaded first, so
  /// that no search path is needed.
  static Nvrtc open(Path path, List<Path> builtins) {
    for (Path library : builtins) {
      SymbolLookup.libraryLookup(library, Arena.global());
    }
    return new Nvrtc(SymbolLookup.libraryLookup(path, Arena.global()));
  }
}
