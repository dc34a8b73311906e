package org.internvl4j.loader;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.internvl4j.runtime.DType;
import org.jspecify.annotations.Nullable;

/// The dtypes of the safetensors format by their names there. Files may hold any of them; kernels
/// read those that have a [DType].
enum StoredType {
  F32(32, DType.F32),
  BF16(16, DType.BF16),
  F16(16, DType.F16),
  I8(8, DType.I8),
  U8(8, DType.U8),
  I32(32, DType.I32),
  I64(64, DType.I64),
  BOOL(8, null),
  F4(4, null),
  F6_E2M3(6, null),
  F6_E3M2(6, null),
  F8_E5M2(8, null),
  F8_E4M3(8, null),
  F8_E8M0(8, null),
  F8_E4M3FNUZ(8, null),
  F8_E5M2FNUZ(8, null),
  I16(16, null),
  U16(16, null),
  U32(32, null),
  U64(64, null),
  F64(64, null),
  C64(64, null);

  final int bits;
  final @Nullable DType dtype;

  StoredType(int bits, @Nullable DType dtype) {
    this.bits = bits;
    this.dtype = dtype;
  }

  static @Nullable StoredType named(String name) {
    return Arrays.stream(values()).filter(t -> t.name().equals(name)).findFirst().orElse(null);
  }

  static StoredType of(DType dtype) {
    return Arrays.stream(values()).filter(t -> t.dtype == dtype).findFirst().orElseThrow();
  }

  /// `F32, BF16, …`
  static String readable() {
    return Arrays.stream(values())
        .filter(t -> t.dtype != null)
        .map(Enum::name)
        .collect(Collectors.joining(", "));
  }
}
