package org.internvl4j.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// Finds the machine code of a kernel file: `ARCHITECTURE/FILE.cubin` among this module's
/// resources, or compiled when it is first asked for ([CudaCompiler]), or, over the stand-in
/// driver, `FILE.so` beside its library.
///
/// Code of an architecture runs on later ones of the same major number; `a` marks code that runs on
/// that one alone.
final class CudaImages {
  /// Where the stand-in's code lies, if not beside it.
  static final String FOLDER = "internvl4j.cuda.emulated";

  /// Architectures that the build makes code for, best first for each major number.
  static final List<String> ARCHITECTURES = List.of("sm_90a", "sm_89", "sm_86", "sm_80");

  private final @Nullable Path folder; // of the stand-in
  private final @Nullable CudaCompiler compiler; // where the build made no code
  private final String architecture;

  private CudaImages(@Nullable Path folder, @Nullable CudaCompiler compiler, String architecture) {
    this.folder = folder;
    this.compiler = compiler;
    this.architecture = architecture;
  }

  /// @throws DeviceException if there is no code for this device
  static CudaImages of(CudaDriver driver, int device) {
    int major = driver.attribute(CudaDriver.MAJOR, device);
    int minor = driver.attribute(CudaDriver.MINOR, device);
    if (major < 8) {
      throw new DeviceException(
          "cuda: this GPU has compute capability %d.%d, expected 8.0 or later; use --device cpu"
              .formatted(major, minor));
    }
    if (driver.isStandIn()) {
      String folder = System.getProperty(FOLDER);
      return new CudaImages(
          folder == null ? Path.of(driver.where()).getParent() : Path.of(folder), null, "emulated");
    }
    for (String architecture : ARCHITECTURES) {
      if (runs(architecture, major, minor) && has(architecture)) {
        return new CudaImages(null, null, architecture);
      }
    }
    CudaCompiler compiler = CudaCompiler.find();
    if (compiler != null) {
      return new CudaImages(null, compiler, CudaCompiler.architecture(major, minor));
    }
    throw new DeviceException(
        "cuda: no kernels for compute capability "
            + major
            + "."
            + minor
            + " here, expected one that runs "
            + String.join(", ", ARCHITECTURES)
            + "; build the project where nvcc is, put org.bytedeco:cuda-redist on the class path, or"
            + " use --device cpu");
  }

  private static boolean has(String architecture) {
    return CudaImages.class.getResource("images/" + architecture + "/rms_norm.cubin") != null;
  }

  private static boolean runs(String architecture, int major, int minor) {
    boolean exact = architecture.endsWith("a");
    int number = Integer.parseInt(architecture.replaceAll("\\D", ""));
    return number / 10 == major && (exact ? number % 10 == minor : number % 10 <= minor);
  }

  /// What the code is made for: `sm_90a`.
  String architecture() {
    return compiler == null ? architecture : architecture + " by " + compiler.version();
  }

  /// The code of a kernel file.
  byte[] read(String file) {
    try {
      if (folder != null) {
        return Files.readAllBytes(folder.resolve(file + ".so"));
      }
      if (compiler != null) {
        return compiler.image(file, architecture);
      }
      try (InputStream in = find(architecture, file)) {
        if (in == null) {
          throw new DeviceException("cuda: no code of " + file + " for " + architecture);
        }
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cuda: cannot read the code of " + file, e);
    }
  }

  private static @Nullable InputStream find(String architecture, String file) {
    return CudaImages.class.getResourceAsStream("images/" + architecture + "/" + file + ".cubin");
  }
}
