package org.internvl4j.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// Compiles kernels for architectures that the build made no code for, out of the sources in the
/// jar, and keeps the code by the hash of what it was made from.
///
/// The compiler, [Nvrtc], is the system's, or that of JavaCPP's `cuda-redist` if it is on the class
/// path; then it is first copied out of the jar.
final class CudaCompiler {
  private static final Logger LOG = System.getLogger(CudaCompiler.class.getName());

  /// Where code and the compiler are kept.
  private static final String CACHE = "internvl4j.cuda.cache";

  private static final String BUNDLE = "org/bytedeco/cuda/linux-x86_64/";
  private static final List<List<String>> BUNDLED =
      List.of(
          List.of("libnvrtc.so.13", "libnvrtc-builtins.so.13.3"),
          List.of("libnvrtc.so.12", "libnvrtc-builtins.so.12.9"));
  private static final List<String> NAMES = List.of("libnvrtc.so.13", "libnvrtc.so.12");
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(\\w+\\.cuh)\"");

  /// Behind it all; seen by tests.
  final Nvrtc nvrtc;

  private final String version;
  private final Path folder;

  private CudaCompiler(Nvrtc nvrtc, Path folder) {
    this.nvrtc = nvrtc;
    this.version = nvrtc.version();
    this.folder = folder;
  }

  /// The compiler of this machine; null if there is none.
  static @Nullable CudaCompiler find() {
    Path folder = folder();
    for (List<String> files : BUNDLED) {
      URL jar = CudaCompiler.class.getClassLoader().getResource(BUNDLE + files.getFirst());
      if (jar != null) {
        Path library = unpack(files.getFirst(), folder);
        return new CudaCompiler(
            Nvrtc.open(library, List.of(unpack(files.getLast(), folder))), folder);
      }
    }
    for (String name : NAMES) {
      try {
        return new CudaCompiler(
            new Nvrtc(SymbolLookup.libraryLookup(name, Arena.global())), folder);
      } catch (IllegalArgumentException notFound) {
        // the next one, then
      }
    }
    return null;
  }

  private static Path folder() {
    String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
    Path user =
        cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
    String told = System.getProperty(CACHE);
    return told == null ? user.resolve("internvl4j").resolve("cuda") : Path.of(told);
  }

  private static Path unpack(String name, Path folder) {
    Path to = folder.resolve(name);
    try (InputStream in = CudaCompiler.class.getClassLoader().getResourceAsStream(BUNDLE + name)) {
      if (in == null) {
        throw new DeviceException("cuda: the compiler on the class path lacks " + name);
      }
      if (!Files.exists(to)) {
        write(to, in.readAllBytes());
      }
      return to;
    } catch (IOException e) {
      throw new UncheckedIOException("cuda: cannot unpack " + name + " to " + folder, e);
    }
  }

  /// Whole or not at all, whoever else writes it at the same time.
  private static void write(Path to, byte[] bytes) throws IOException {
    Files.createDirectories(to.getParent());
    Path temporary = Files.createTempFile(to.getParent(), to.getFileName().toString(), ".tmp");
    try {
      Files.write(temporary, bytes);
      Files.move(temporary, to, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /// `NVRTC 12.9`.
  String version() {
    return "NVRTC " + version;
  }

  /// The architecture that code for a device of this compute capability is made for.
  static String architecture(int major, int minor) {
    return "sm_" + major + minor + (major >= 9 ? "a" : "");
  }

  /// Machine code of a kernel file, from the cache if it was made before.
  ///
  /// @throws DeviceException if it does not compile
  byte[] image(String file, String architecture) {
    String source = source("src/" + file + ".cu");
    SortedMap<String, String> headers = new TreeMap<>();
    addHeaders(source, headers);
    Path kept = folder.resolve(architecture + "-" + file + "-" + hash(source, headers) + ".cubin");
    try {
      if (Files.exists(kept)) {
        return Files.readAllBytes(kept);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cuda: cannot read {0}, compiles it again: {1}", kept, e.toString());
    }
    byte[] image = nvrtc.compile(file + ".cu", source, headers, architecture);
    try {
      write(kept, image);
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "cuda: cannot keep {0}, compiles it again next time: {1}",
          kept,
          e.toString());
    }
    return image;
  }

  private static void addHeaders(String source, Map<String, String> headers) {
    Matcher include = INCLUDE.matcher(source);
    while (include.find()) {
      String name = include.group(1);
      if (!headers.containsKey(name)) {
        String text = source("include/" + name);
        headers.put(name, text);
        addHeaders(text, headers);
      }
    }
  }

  private String hash(String source, SortedMap<String, String> headers) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(version.getBytes(StandardCharsets.UTF_8));
      digest.update(source.getBytes(StandardCharsets.UTF_8));
      headers.values().forEach(text -> digest.update(text.getBytes(StandardCharsets.UTF_8)));
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static String source(String path) {
    try (InputStream in = CudaCompiler.class.getResourceAsStream("source/" + path)) {
      if (in == null) {
        throw new DeviceException("cuda: this jar has no source " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cuda: cannot read " + path, e);
    }
  }
}
