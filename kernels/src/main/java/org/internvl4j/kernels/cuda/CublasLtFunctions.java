package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
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

/// The functions of cublasLt's library that are used here, of versions 11 to 13, and the constants
/// that they are called with. All return a `cublasStatus_t` but the version and names of states.
///
/// Handles and device addresses are `long`, pointers to host memory are segments, as in
/// [CudaFunctions].
final class CublasLtFunctions {
  /// Names and types, as `cublasLt.h` has them.
  static final SortedMap<String, FunctionDescriptor> TYPES = types();

  static final int NOT_SUPPORTED = 15; // status
  static final int COMPUTE_F32 = 68;
  static final int F32 = 0; // data types
  static final int BF16 = 14;
  static final int TRANSPOSED = 1;
  static final int TRANSPOSE_A = 3; // attribute of products
  static final int MOST_WORKSPACE = 1; // attributes of preferences
  static final int REDUCTIONS = 3;
  static final int ALIGNMENT_A = 5;
  static final int ALIGNMENT_B = 6;
  static final int ALIGNMENT_C = 7;
  static final int ALIGNMENT_D = 8;
  static final int REDUCTION_IN_F32 = 2;

  /// Bytes of a `cublasLtMatmulAlgo_t`, and of a `cublasLtMatmulHeuristicResult_t`, which begins
  /// with one.
  static final int ALGORITHM_BYTES = 64;

  static final int RESULT_BYTES = 96;
  static final int RESULT_WORKSPACE = 64; // offsets in it
  static final int RESULT_STATE = 72;

  final MethodHandle create;
  final MethodHandle destroy;
  final MethodHandle version;
  final MethodHandle statusName;
  final MethodHandle productCreate;
  final MethodHandle productDestroy;
  final MethodHandle productSet;
  final MethodHandle layoutCreate;
  final MethodHandle layoutDestroy;
  final MethodHandle preferenceCreate;
  final MethodHandle preferenceDestroy;
  final MethodHandle preferenceSet;
  final MethodHandle heuristic;
  final MethodHandle multiply;

  private final SymbolLookup library;

  /// @throws DeviceException if a function is missing
  CublasLtFunctions(SymbolLookup library) {
    this.library = library;
    create = bind("cublasLtCreate");
    destroy = bind("cublasLtDestroy");
    version = bind("cublasLtGetVersion");
    statusName = bind("cublasLtGetStatusName");
    productCreate = bind("cublasLtMatmulDescCreate");
    productDestroy = bind("cublasLtMatmulDescDestroy");
    productSet = bind("cublasLtMatmulDescSetAttribute");
    layoutCreate = bind("cublasLtMatrixLayoutCreate");
    layoutDestroy = bind("cublasLtMatrixLayoutDestroy");
    preferenceCreate = bind("cublasLtMatmulPreferenceCreate");
    preferenceDestroy = bind("cublasLtMatmulPreferenceDestroy");
    preferenceSet = bind("cublasLtMatmulPreferenceSetAttribute");
    heuristic = bind("cublasLtMatmulAlgoGetHeuristic");
    multiply = bind("cublasLtMatmul");
  }

  private MethodHandle bind(String name) {
    return Linker.nativeLinker()
        .downcallHandle(
            library
                .find(name)
                .orElseThrow(() -> new DeviceException("cuda: the library has no " + name)),
            TYPES.get(name));
  }

  private static SortedMap<String, FunctionDescriptor> types() {
    SortedMap<String, FunctionDescriptor> types = new TreeMap<>();
    put(types, "cublasLtCreate", ADDRESS);
    put(types, "cublasLtDestroy", JAVA_LONG);
    types.put("cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG));
    types.put("cublasLtGetStatusName", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    put(types, "cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
    put(types, "cublasLtMatmulDescDestroy", JAVA_LONG);
    put(types, "cublasLtMatmulDescSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    put(types, "cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    put(types, "cublasLtMatrixLayoutDestroy", JAVA_LONG);
    put(types, "cublasLtMatmulPreferenceCreate", ADDRESS);
    put(types, "cublasLtMatmulPreferenceDestroy", JAVA_LONG);
    put(types, "cublasLtMatmulPreferenceSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    put(
        types,
        "cublasLtMatmulAlgoGetHeuristic",
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_INT,
        ADDRESS,
        ADDRESS);
    put(
        types,
        "cublasLtMatmul",
        JAVA_LONG,
        JAVA_LONG,
        ADDRESS,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        ADDRESS,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG,
        ADDRESS,
        JAVA_LONG,
        JAVA_LONG,
        JAVA_LONG);
    return types;
  }

  private static void put(
      SortedMap<String, FunctionDescriptor> types, String name, MemoryLayout... parameters) {
    types.put(name, FunctionDescriptor.of(JAVA_INT, parameters));
  }
}
