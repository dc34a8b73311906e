package org.internvl4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The NVIDIA driver's library, looked for in one place after the other.
///
/// @param lookup its symbols; null if it was not found
/// @param where what was opened, or what was tried
record CudaLibrary(@Nullable SymbolLookup lookup, String where) {
  /// The path of the library, or of the stand-in that tests run on.
  static final String PROPERTY = "internvl4j.cuda.library";

  private static final String VARIABLE = "INTERNVL4J_CUDA_LIBRARY";
  private static final List<String> NAMES = List.of("libcuda.so.1", "nvcuda.dll");

  /// Whether somebody says which library to take.
  static boolean isNamed() {
    return !named().isEmpty();
  }

  private static String named() {
    return System.getProperty(PROPERTY, System.getenv().getOrDefault(VARIABLE, ""));
  }

  /// A named path and nothing else if one is given; otherwise the names that the loader knows.
  static CudaLibrary find() {
    String named = named();
    if (!named.isEmpty()) {
      Path path = Path.of(named).toAbsolutePath();
      SymbolLookup lookup = Files.isRegularFile(path) ? open(path) : null;
      return new CudaLibrary(
          lookup, lookup == null ? path + " is no library that can be opened" : path.toString());
    }
    List<String> tried = new ArrayList<>();
    for (String name : NAMES) {
      SymbolLookup lookup = open(name);
      if (lookup != null) {
        return new CudaLibrary(lookup, name);
      }
      tried.add(name);
    }
    return new CudaLibrary(null, tried.getFirst() + " not found");
  }

  private static @Nullable SymbolLookup open(String name) {
    try {
      return SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException notFound) {
      return null;
    }
  }

  private static @Nullable SymbolLookup open(Path path) {
    try {
      return SymbolLookup.libraryLookup(path, Arena.global());
    } catch (IllegalArgumentException notLoadable) {
      return null;
    }
  }
}
