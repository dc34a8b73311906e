package org.internvl4j.kernels.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A library of NVIDIA's, looked for in one place after the other.
///
/// @param lookup its symbols; null if it was not found
/// @param where what was opened, or what was tried
record CudaLibrary(@Nullable SymbolLookup lookup, String where) {
  /// The path of the driver's library, or of the stand-in that tests run on.
  static final String PROPERTY = "internvl4j.cuda.library";

  /// The path of cublasLt's library, or [#NONE].
  static final String CUBLAS_LT = "internvl4j.cublaslt.library";

  /// The path of a library that is not to be used.
  static final String NONE = "none";

  private static final List<String> DRIVER = List.of("libcuda.so.1", "nvcuda.dll");
  private static final int NEWEST = 13; // major versions of cublasLt
  private static final int OLDEST = 11;

  /// Whether somebody says which library to take.
  ///
  /// @param property [#PROPERTY] or [#CUBLAS_LT]
  static boolean isNamed(String property) {
    return !named(property).isEmpty();
  }

  /// The property, or the environment variable of that name: `INTERNVL4J_CUDA_LIBRARY`.
  private static String named(String property) {
    String variable = property.toUpperCase(Locale.ROOT).replace('.', '_');
    return System.getProperty(property, System.getenv().getOrDefault(variable, ""));
  }

  /// The driver's: a named path and nothing else if one is given; otherwise the names that the
  /// loader knows.
  static CudaLibrary find() {
    return find(PROPERTY, DRIVER, List.of());
  }

  /// cublasLt's: a named path and nothing else if one is given; otherwise the names that the loader
  /// knows, then the folders of toolkits and Python packages.
  ///
  /// @param cuda the major version of CUDA that the driver has; later ones' are passed over
  static CudaLibrary findCublasLt(int cuda) {
    List<String> names = new ArrayList<>();
    for (int version = Math.clamp(cuda, OLDEST, NEWEST); version >= OLDEST; version--) {
      names.add("libcublasLt.so." + version);
    }
    return find(CUBLAS_LT, names, isNamed(CUBLAS_LT) ? List.of() : folders());
  }

  private static CudaLibrary find(String property, List<String> names, List<Path> folders) {
    String named = named(property);
    if (named.equals(NONE)) {
      return new CudaLibrary(null, property + " is none");
    }
    if (!named.isEmpty()) {
      Path path = Path.of(named).toAbsolutePath();
      SymbolLookup lookup = Files.isRegularFile(path) ? open(path) : null;
      return new CudaLibrary(
          lookup, lookup == null ? path + " is no library that can be opened" : path.toString());
    }
    for (String name : names) {
      SymbolLookup lookup = open(name);
      if (lookup != null) {
        return new CudaLibrary(lookup, name);
      }
    }
    for (String name : names) {
      for (Path folder : folders) {
        Path path = folder.resolve(name);
        SymbolLookup lookup = Files.isRegularFile(path) ? open(path) : null;
        if (lookup != null) {
          return new CudaLibrary(lookup, path.toString());
        }
      }
    }
    return new CudaLibrary(null, names.getFirst() + " not found");
  }

  /// Where toolkits and Python packages put their libraries.
  static List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    Path toolkit = Path.of(System.getenv().getOrDefault("CUDA_HOME", "/usr/local/cuda"));
    folders.add(toolkit.resolve("lib64"));
    folders.add(toolkit.resolve("lib"));
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      String environment = System.getenv(variable);
      if (environment != null) {
        folders.add(Path.of(environment, "lib"));
        addPackages(folders, Path.of(environment, "lib"));
      }
    }
    addPackages(folders, Path.of(System.getProperty("user.home"), ".local", "lib"));
    addPackages(folders, Path.of("/usr/local/lib"));
    addPackages(folders, Path.of("/usr/lib"));
    return folders;
  }

  /// `python3.12/site-packages/nvidia/cublas/lib` and its like.
  private static void addPackages(List<Path> folders, Path lib) {
    for (Path python : matching(lib, "python3*")) {
      for (Path packages : matching(python, "{site,dist}-packages")) {
        for (Path part : matching(packages.resolve("nvidia"), "*")) {
          folders.add(part.resolve("lib"));
        }
      }
    }
  }

  private static List<Path> matching(Path folder, String glob) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder, glob)) {
      inside.forEach(found::add);
    } catch (IOException notReadable) {
      return List.of();
    }
    found.sort(null);
    return found;
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
