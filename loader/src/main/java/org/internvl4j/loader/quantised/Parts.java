package org.internvl4j.loader.quantised;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;

/// The tensors of a file that one matrix is made of: those of a path, with endings.
///
/// @param path `language_model.model.layers.0.mlp.up_proj`
record Parts(Checkpoint files, String path) {
  static final Set<String> FLOATS = Set.of("F32", "F16", "BF16");
  private static final int MOST = Integer.MAX_VALUE / 8;

  boolean has(String ending) {
    return files.has(path + ending);
  }

  /// What is there of `endings`, by names.
  List<String> names(String... endings) {
    return Stream.of(endings).filter(this::has).map(ending -> path + ending).toList();
  }

  TensorInfo info(String ending) {
    if (!has(ending)) {
      throw new CheckpointException(
          path + ending, "not in this checkpoint, though other parts of this weight are");
    }
    return files.info(path + ending);
  }

  /// The shape of a part with two dimensions.
  ///
  /// @param dtypes one of which it must have
  /// @param expected for messages
  int[] matrix(String ending, Set<String> dtypes, String expected) {
    TensorInfo info = info(ending);
    List<Long> shape = info.shape();
    boolean fits = shape.size() == 2 && shape.stream().allMatch(d -> d >= 1 && d <= MOST);
    if (!fits || !dtypes.contains(info.dtype())) {
      throw wrong(ending, expected);
    }
    return shape.stream().mapToInt(Math::toIntExact).toArray();
  }

  /// Refuses a part of another dtype or shape.
  ///
  /// @param dtypes one of which it must have
  void require(String ending, Set<String> dtypes, long... dims) {
    TensorInfo info = info(ending);
    boolean same = info.shape().equals(Arrays.stream(dims).boxed().toList());
    if (!same || !dtypes.contains(info.dtype())) {
      throw wrong(ending, Arrays.toString(dims) + " " + any(dtypes));
    }
  }

  private static String any(Set<String> dtypes) {
    return String.join(" or ", dtypes.stream().sorted().toList());
  }

  /// `model.safetensors: X.qzeros is [4, 2] I32, expected …`
  CheckpointException wrong(String ending, String expected) {
    return bad(ending, "is " + info(ending) + ", expected " + expected);
  }

  /// `model.safetensors: X.g_idx …`
  CheckpointException bad(String ending, String what) {
    String name = path + ending;
    return new CheckpointException(files.fileOf(name), name + " " + what);
  }

  MemorySegment bytes(String ending) {
    return files.bytes(path + ending);
  }

  /// All numbers of a small part, which has been checked.
  float[] floats(String ending) {
    TensorInfo info = info(ending);
    DType dtype = info.type();
    if (dtype == null) {
      throw new AssertionError(info);
    }
    MemorySegment bytes = bytes(ending);
    float[] values = new float[Math.toIntExact(info.bytes() / dtype.bytes())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Elements.get(bytes, dtype, i);
    }
    return values;
  }
}
