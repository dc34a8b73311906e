package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The functions and constants of cublasLt are those that JavaCPP's declarations have, which are
/// made from NVIDIA's header. Constants are the compiler's; no class of JavaCPP's is initialised.
final class CublasLtFunctionsTest {
  static Stream<String> names() {
    return CublasLtFunctions.TYPES.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void areThoseOfTheHeader(String name) {
    FunctionDescriptor type = CublasLtFunctions.TYPES.get(name);
    assertThat(Arrays.stream(cublas.class.getMethods()).filter(m -> m.getName().equals(name)))
        .isNotEmpty()
        .allSatisfy(m -> assertThat(sizes(m)).isEqualTo(sizes(type)));
  }

  /// Bytes of what is returned, then of the parameters.
  private static List<Long> sizes(Method method) {
    return Stream.concat(Stream.of(method.getReturnType()), Stream.of(method.getParameterTypes()))
        .map(type -> type == int.class ? 4L : 8L)
        .toList();
  }

  private static List<Long> sizes(FunctionDescriptor type) {
    return Stream.concat(type.returnLayout().stream(), type.argumentLayouts().stream())
        .map(MemoryLayout::byteSize)
        .toList();
  }

  @Test
  void constantsAreThoseOfTheHeader() {
    assertThat(CublasLtFunctions.NOT_SUPPORTED).isEqualTo(cublas.CUBLAS_STATUS_NOT_SUPPORTED);
    assertThat(CublasLtFunctions.COMPUTE_F32).isEqualTo(cublas.CUBLAS_COMPUTE_32F);
    assertThat(CublasLtFunctions.F32).isEqualTo(cudart.CUDA_R_32F);
    assertThat(CublasLtFunctions.BF16).isEqualTo(cudart.CUDA_R_16BF);
    assertThat(CublasLtFunctions.TRANSPOSED).isEqualTo(cublas.CUBLAS_OP_T);
    assertThat(CublasLtFunctions.TRANSPOSE_A).isEqualTo(cublas.CUBLASLT_MATMUL_DESC_TRANSA);
    assertThat(CublasLtFunctions.MOST_WORKSPACE)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
    assertThat(CublasLtFunctions.REDUCTIONS)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
    assertThat(CublasLtFunctions.ALIGNMENT_A)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
    assertThat(CublasLtFunctions.ALIGNMENT_B)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
    assertThat(CublasLtFunctions.ALIGNMENT_C)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
    assertThat(CublasLtFunctions.ALIGNMENT_D)
        .isEqualTo(cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
    assertThat(CublasLtFunctions.REDUCTION_IN_F32)
        .isEqualTo(cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
  }

  @Test
  void areAllInTheStandIn() {
    SymbolLookup library = StandIn.cublasLt();
    assertThat(CublasLtFunctions.TYPES.keySet()).allMatch(name -> library.find(name).isPresent());
  }
}
