package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Several rows times blocks of drawn numbers: bit for bit what plain loops compute.
class BlockTileTest extends DrawnBlocks {
  @ParameterizedTest
  @ValueSource(ints = {8, 4})
  void tilesAreWhatLoopsCompute(int bits) {
    BlockWeights weights = new BlockWeights(bits);
    MethodHandle pack = pack(weights);
    List<MethodHandle> tiles = new ArrayList<>();
    for (int rows = 1; rows <= BlockTile.MOST; rows++) {
      tiles.add(function(new BlockTile(weights, rows), 512));
    }
    for (int n = 0; n < SHAPES; n++) {
      int rows = 1 + random.nextInt(BlockTile.MOST);
      int blocks = 1 + random.nextInt(MOST_BLOCKS_OF_INPUTS);
      long xStride = PackedRow.BLOCK * (blocks + random.nextLong(3));
      long yStride = LINE * (1 + random.nextInt(2));
      long iStride = LINE * random.nextInt(2);
      MemorySegment x = drawn(zs, xStride * (rows - 1) + (long) PackedRow.BLOCK * blocks);
      List<Inputs> inputs = new ArrayList<>();
      for (int r = 0; r < rows; r++) {
        long packed = (long) PackedRow.BLOCK * blocks;
        inputs.add(drawn(blocks, pack, x.asSlice(xStride * r, packed)));
      }
      MemorySegment w = drawnPanel(weights, blocks, ws);
      MemorySegment y = drawn(ys, yStride * (rows - 1) + LINE);
      MemorySegment init = drawn(starts, iStride * (rows - 1) + LINE);
      fill(init);
      call(
          tiles.get(rows - 1),
          blocks,
          x.address(),
          xStride,
          w.address(),
          y.address(),
          init.address(),
          iStride,
          yStride);
      String what = "%d bits, blocks %d, rows %d".formatted(bits, blocks, rows);
      for (int r = 0; r < rows; r++) {
        float[] sums = sums(weights, inputs.get(r), w, init, iStride * r);
        assertLines(sums, y.asSlice(yStride * r, LINE), LINE, what + ", row " + r);
      }
    }
  }
}
