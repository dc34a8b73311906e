package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.jspecify.annotations.Nullable;

/// `W[i] = map[q[i]] · absmax[i / block]`, `i` counting row by row: `weight` of bytes with two
/// numbers each, the first in the upper half (NF4 of bitsandbytes). `absmax` may be quantised
/// itself: `nested_quant_map[absmax[b]] · nested_absmax[b / nested_block] + offset`.
///
/// @param nested how `absmax` is quantised; null where it is floats
record Nf4Matrix(
    int out,
    int in,
    int block,
    List<String> stored,
    MemorySegment weights,
    float[] map,
    MemorySegment scales,
    @Nullable Nested nested)
    implements QuantisedMatrix {
  /// @param block scales that share one of `scales`
  private record Nested(int block, float[] map, MemorySegment scales, double offset) {
    double scale(int code, long b) {
      return (double) map[code] * Elements.get(scales, DType.F32, b / block) + offset;
    }
  }

  static final String STATE = ".weight.quant_state.bitsandbytes__nf4";
  private static final String WEIGHT = ".weight";
  private static final String MAP = ".weight.quant_map";
  private static final String SCALES = ".weight.absmax";
  private static final String NESTED_MAP = ".weight.nested_quant_map";
  private static final String NESTED_SCALES = ".weight.nested_absmax";
  private static final int MOST_STATE = 1 << 16;
  private static final Set<String> FLOAT = Set.of("F32");
  private static final Set<String> BYTE = Set.of("U8");

  static Nf4Matrix of(Parts p) {
    Json state = state(p);
    List<Json> shape = state.at("shape").items();
    if (shape.size() != 2) {
      throw state.at("shape").wrong("two sizes, [out, in]");
    }
    int out = count(shape.get(0));
    int in = count(shape.get(1));
    int block = count(state.at("blocksize"));
    long numbers = (long) out * in;
    if (!p.info(WEIGHT).dtype().equals("U8") || p.info(WEIGHT).bytes() != (numbers + 1) / 2) {
      throw p.wrong(WEIGHT, (numbers + 1) / 2 + " U8, two numbers each, as its quant_state says");
    }
    p.require(MAP, FLOAT, 16);
    long blocks = Math.ceilDiv(numbers, block);
    Nested nested = state.has("nested_blocksize") ? nested(p, state, blocks) : null;
    p.require(SCALES, nested == null ? FLOAT : BYTE, blocks);
    return new Nf4Matrix(
        out, in, block, stored(p), p.bytes(WEIGHT), p.floats(MAP), p.bytes(SCALES), nested);
  }

  private static List<String> stored(Parts p) {
    List<String> nested = p.names(NESTED_SCALES, NESTED_MAP);
    return Stream.concat(p.names(WEIGHT, SCALES, MAP, STATE).stream(), nested.stream()).toList();
  }

  private static Json state(Parts p) {
    if (!p.info(STATE).dtype().equals("U8") || p.info(STATE).bytes() > MOST_STATE) {
      throw p.wrong(STATE, "at most " + MOST_STATE + " U8, JSON");
    }
    byte[] json = p.bytes(STATE).toArray(JAVA_BYTE);
    Json state = Json.parse(json, p.path() + STATE);
    String type = state.getText("quant_type", "nf4");
    if (!type.equals("nf4")) {
      throw state.at("quant_type").wrong("nf4");
    }
    return state;
  }

  private static int count(Json value) {
    if (value.asLong() < 1 || value.asLong() > Integer.MAX_VALUE) {
      throw value.wrong("an integer of 1 to " + Integer.MAX_VALUE);
    }
    return value.asInt();
  }

  private static Nested nested(Parts p, Json state, long blocks) {
    int block = count(state.at("nested_blocksize"));
    p.require(NESTED_MAP, FLOAT, 256);
    p.require(NESTED_SCALES, FLOAT, Math.ceilDiv(blocks, block));
    return new Nested(
        block, p.floats(NESTED_MAP), p.bytes(NESTED_SCALES), state.getDouble("nested_offset"));
  }

  private double scale(long b) {
    return nested == null
        ? Elements.get(scales, DType.F32, b)
        : nested.scale(scales.get(JAVA_BYTE, b) & 0xff, b);
  }

  @Override
  public void decode(Tile t) {
    for (int r = 0; r < t.rows; r++) {
      long i = (long) (t.row + r) * in + t.input;
      long end = i; // of the block
      double scale = 0;
      for (int k = 0; k < t.inputs; k++, i++) {
        if (i >= end) {
          scale = scale(i / block);
          end = (i / block + 1) * block;
        }
        int two = weights.get(JAVA_BYTE, i >> 1);
        int q = ((i & 1) == 0 ? two >> 4 : two) & 15;
        t.values[r * Tile.INPUTS + k] = (float) (map[q] * scale);
      }
    }
  }
}
