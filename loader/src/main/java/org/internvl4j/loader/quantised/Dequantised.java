package org.internvl4j.loader.quantised;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Chunks;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.loader.Scratch;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A checkpoint whose quantised matrices are there as `X.weight`, in bf16, made when asked for.
/// What is not quantised is as it is in its file.
///
/// The numbers that the bits stand for are computed as floats and rounded once, to bf16: a relative
/// error of at most 2⁻⁹, a sixteenth of the finest step that 4 bits leave.
public final class Dequantised implements WeightSource {
  private static final String PACKED = ".qweight";
  private static final List<String> SIGNS =
      List.of(PACKED, Int8Matrix.SCALES, ".weight.absmax", Float8Matrix.SCALES);

  private final Checkpoint files;
  private final Quantisation quantisation;
  private final int threads;
  private final Map<String, QuantisedMatrix> matrices;
  private final Set<String> names;

  private Dequantised(
      Checkpoint files,
      Quantisation quantisation,
      int threads,
      Map<String, QuantisedMatrix> matrices) {
    this.files = files;
    this.quantisation = quantisation;
    this.threads = threads;
    this.matrices = matrices;
    this.names = new LinkedHashSet<>(files.names());
    matrices.values().forEach(matrix -> names.removeAll(matrix.stored()));
    names.addAll(matrices.keySet());
  }

  /// @param quantisation what config.json says; null if it says nothing
  /// @param threads how many make a matrix; 0 for one a core
  /// @throws CheckpointException if parts of a matrix are missing or do not fit together, or there
  ///   are some of which config.json does not say what they mean
  public static WeightSource of(
      Checkpoint files, @Nullable Quantisation quantisation, int threads) {
    if (quantisation == null) {
      requirePlain(files);
      return files;
    }
    Map<String, QuantisedMatrix> matrices = new LinkedHashMap<>();
    for (String name : files.names()) {
      String ending = ending(name, quantisation);
      if (name.endsWith(ending)) {
        String path = name.substring(0, name.length() - ending.length());
        matrices.put(path + ".weight", matrix(new Parts(files, path), quantisation));
      }
    }
    int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    return new Dequantised(files, quantisation, workers, matrices);
  }

  /// How the part is called that every quantised matrix has, and nothing else.
  private static String ending(String name, Quantisation quantisation) {
    return switch (quantisation) {
      case Quantisation.Awq _, Quantisation.Gptq _ -> PACKED;
      case Quantisation.BitsAndBytes _ ->
          name.endsWith(Int8Matrix.SCALES) ? Int8Matrix.SCALES : Nf4Matrix.STATE;
      case Quantisation.Float8 _ -> Float8Matrix.SCALES;
    };
  }

  private static QuantisedMatrix matrix(Parts parts, Quantisation quantisation) {
    if (parts.has(PACKED) && parts.has(".weight")) {
      throw parts.bad(
          PACKED, "is the same weight as " + parts.path() + ".weight; expected one of them");
    }
    return switch (quantisation) {
      case Quantisation.Awq awq -> AwqMatrix.of(parts, awq);
      case Quantisation.Gptq gptq -> GptqMatrix.of(parts, gptq);
      case Quantisation.BitsAndBytes _ ->
          parts.has(Int8Matrix.SCALES) ? Int8Matrix.of(parts) : Nf4Matrix.of(parts);
      case Quantisation.Float8 _ -> Float8Matrix.of(parts);
    };
  }

  private static void requirePlain(Checkpoint files) {
    for (String name : files.names()) {
      if (SIGNS.stream().anyMatch(name::endsWith)) {
        throw new CheckpointException(
            files.fileOf(name),
            name + " is quantised, but config.json has no quantization_config that says how");
      }
    }
  }

  @Override
  public Set<String> names() {
    return names;
  }

  @Override
  public TensorInfo info(String name) {
    QuantisedMatrix matrix = matrices.get(name);
    if (matrix == null) {
      return files.info(name);
    }
    long out = matrix.out();
    long in = matrix.in();
    return new TensorInfo(name, "BF16", List.of(out, in), 0, DType.BF16.bytes() * out * in);
  }

  @Override
  public List<String> stored(String name) {
    QuantisedMatrix matrix = matrices.get(name);
    return matrix == null ? files.stored(name) : matrix.stored();
  }

  @Override
  public String reading(String name) {
    return matrices.containsKey(name) ? quantisation.toString() : "";
  }

  @Override
  public Tensor tensor(String name, Device device, Scratch space) {
    QuantisedMatrix matrix = matrices.get(name);
    if (matrix == null) {
      return files.tensor(name, device, space);
    }
    matrix.stored().forEach(files::bytes); // whole still, and open
    matrix.check();
    Tensor made = space.tensor(DType.BF16, Shape.of(matrix.out(), matrix.in()), device);
    int bands = Math.ceilDiv(matrix.out(), Tile.ROWS);
    try {
      Chunks.each(bands, threads, i -> band(matrix, i, made));
    } catch (IOException e) {
      throw new CheckpointException(name, "cannot be made: " + e.getMessage(), e);
    }
    return made;
  }

  /// Makes some rows, tile by tile.
  private static void band(QuantisedMatrix matrix, int i, Tensor to) {
    Tile tile = new Tile();
    tile.row = i * Tile.ROWS;
    tile.rows = Math.min(Tile.ROWS, matrix.out() - tile.row);
    for (tile.input = 0; tile.input < matrix.in(); tile.input += Tile.INPUTS) {
      tile.inputs = Math.min(Tile.INPUTS, matrix.in() - tile.input);
      matrix.decode(tile);
      tile.write(to);
    }
  }
}
