package org.internvl4j.kernels.cuda;

import java.lang.foreign.SymbolLookup;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.DeviceException;
import org.jspecify.annotations.Nullable;

/// Whether a device's plain products of many rows are cublasLt's or its own kernels', decided when
/// it opens:
///
/// | `internvl4j.cublaslt` | compute capability 9.0 | others |
/// |---|---|---|
/// | `auto` | own | cublasLt, where it is found |
/// | `always` | cublasLt | cublasLt |
/// | `never` | own | own |
///
/// On Hopper there is a kernel of our own for it (`gemm.sm90`), elsewhere one through `mma.sync`
/// alone; which is faster is to be measured.
///
/// @param cublasLt null for own kernels
/// @param said which of the two and why, in one line for people
record CublasLtPolicy(@Nullable CublasLt cublasLt, String said) {
  /// `auto`, `always` or `never`.
  static final String PROPERTY = "internvl4j.cublaslt";

  private static final String AUTO = "auto";
  private static final String ALWAYS = "always";
  private static final String NEVER = "never";

  /// What only the stand-in has.
  private static final String MARK = "emuCublasLtFault";

  /// @throws DeviceException if it must be there and is not
  static CublasLtPolicy of(CudaDevice device, CudaDriver driver) {
    String wish = System.getProperty(PROPERTY, AUTO);
    if (!List.of(AUTO, ALWAYS, NEVER).contains(wish)) {
      throw new DeviceException(
          "cuda: " + PROPERTY + " is " + wish + ", expected auto, always or never");
    }
    if (device.activations() != DType.BF16) {
      return own("everything is " + device.activations());
    }
    if (wish.equals(NEVER)) {
      return own(PROPERTY + " is never");
    }
    if (wish.equals(AUTO) && device.isHopper()) {
      return own("this GPU has gemm.sm90");
    }
    CublasLtPolicy found = find(device, driver);
    if (wish.equals(ALWAYS) && found.cublasLt == null) {
      throw new DeviceException("cuda: no cublasLt, but it is asked for; " + found.said);
    }
    return found;
  }

  private static CublasLtPolicy find(CudaDevice device, CudaDriver driver) {
    if (driver.isStandIn() && !CudaLibrary.isNamed(CudaLibrary.CUBLAS_LT)) {
      return own("the emulator takes cublasLt where it is named only");
    }
    CudaLibrary library = CudaLibrary.findCublasLt(driver.version() / 1000);
    SymbolLookup lookup = library.lookup();
    if (lookup == null) {
      return own(library.where());
    }
    try {
      CublasLtFunctions functions = new CublasLtFunctions(lookup);
      if (lookup.find(MARK).isPresent() != driver.isStandIn()) {
        return own(library.where() + " does not go with " + driver.where());
      }
      return new CublasLtPolicy(
          new CublasLt(device, functions),
          "plain products of more than " + MatMul.MANY + " rows are those of " + library.where());
    } catch (DeviceException e) {
      String why = String.valueOf(e.getMessage()).replaceFirst("^cuda: ", "");
      return own(library.where() + " cannot be used: " + why);
    }
  }

  private static CublasLtPolicy own(String reason) {
    return new CublasLtPolicy(null, "own kernels compute all products, not cublasLt: " + reason);
  }
}
