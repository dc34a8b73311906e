package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows times blocks of drawn numbers: bit for bit what plain loops compute.
class BlockRowTest extends DrawnBlocks {
  @ParameterizedTest
  @ValueSource(ints = {8, 4})
  void blocksAreWhatLoopsCompute(int bits) {
    BlockWeights weights = new BlockWeights(bits);
    MethodHandle pack = pack(weights);
    MethodHandle row = function(new BlockRow(weights), 512);
    for (int n = 0; n < SHAPES; n++) {
      int blocks = 1 + random.nextInt(MOST_BLOCKS_OF_INPUTS);
      MemorySegment packed = drawn(zs, (long) PackedRow.BLOCK * blocks);
      Inputs inputs = drawn(blocks, pack, packed);
      MemorySegment w = drawnPanel(weights, blocks, ws);
      MemorySegment v = drawnPanel(weights, blocks, vs);
      MemorySegment y = drawn(ys, 2 * LINE);
      MemorySegment init = drawn(starts, 2 * LINE);
      fill(init);
      call(
          row,
          blocks,
          packed.address(),
          w.address(),
          v.address(),
          y.address(),
          y.address() + LINE,
          init.address(),
          init.address() + LINE);
      String what = bits + " bits, blocks " + blocks;
      assertLines(sums(weights, inputs, w, init, 0), y.asSlice(0, LINE), LINE, what);
      assertLines(sums(weights, inputs, v, init, LINE), y.asSlice(LINE, LINE), LINE, what);
    }
  }
}
