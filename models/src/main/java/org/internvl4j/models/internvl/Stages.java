package org.internvl4j.models.internvl;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.loader.WeightSource;

/// How a network is cut where several devices share it: layers in the order of computing, the
/// tower's blocks and then the decoder's, in one run of about as many bytes a device.
///
/// What is not part of a layer goes with the one that it comes before or after: the tower's
/// embeddings with its first block, the projector with its last one, the decoder's embeddings with
/// its first, its norm and head with its last.
public final class Stages {
  private static final Pattern BLOCK =
      Pattern.compile(
          "(vision_model\\.encoder|language_model\\.model)\\.layers\\.(\\d+)(?:\\..*)?");

  private final int towerBlocks;
  private final int layers;
  private final int[] stages; // of each layer

  private Stages(int towerBlocks, int decoderBlocks, WeightSource source, int count) {
    this.towerBlocks = towerBlocks;
    this.layers = towerBlocks + decoderBlocks;
    this.stages = split(bytes(source), count);
  }

  /// @param blocks how many blocks of the tower are loaded
  /// @param count how many stages there are to be
  /// @throws IllegalArgumentException if there are fewer layers
  public static Stages of(WeightSource source, InternVlConfig c, int blocks, int count) {
    return new Stages(blocks, c.language().numHiddenLayers(), source, count);
  }

  /// The stage of what lies below a path of the weights.
  public int of(String path) {
    return stages[layer(path)];
  }

  /// How many layers each stage has, for people: `12, 20`.
  @Override
  public String toString() {
    int[] counts = new int[stages[layers - 1] + 1];
    for (int stage : stages) {
      counts[stage]++;
    }
    return Arrays.toString(counts).replaceAll("[\\[\\]]", "");
  }

  private int layer(String path) {
    Matcher block = BLOCK.matcher(path);
    if (block.matches()) {
      int index = Integer.parseInt(block.group(2));
      return path.startsWith("vision") ? index : towerBlocks + index;
    }
    if (path.startsWith("vision_model")) {
      return 0;
    }
    if (path.startsWith("mlp1")) {
      return towerBlocks - 1;
    }
    return path.contains("embed") ? towerBlocks : layers - 1;
  }

  private long[] bytes(WeightSource source) {
    long[] bytes = new long[layers];
    long embeddings = 0;
    boolean tied = true;
    for (String name : source.names()) {
      Matcher block = BLOCK.matcher(name);
      boolean behind =
          name.startsWith("vision")
              && block.matches()
              && Integer.parseInt(block.group(2)) >= towerBlocks;
      if (behind) {
        continue;
      }
      long size = source.info(name).bytes();
      bytes[layer(name)] += size;
      embeddings += name.startsWith("language_model") && name.contains("embed") ? size : 0;
      tied &= !name.startsWith("language_model.") || name.startsWith("language_model.model.");
    }
    bytes[layers - 1] += tied ? embeddings : 0; // they are the head, too
    return bytes;
  }

  /// Cuts layers into runs, each at least one long, so that the largest has as few bytes as can be.
  ///
  /// @param bytes of each layer
  /// @return the run of each layer, from 0
  static int[] split(long[] bytes, int runs) {
    int n = bytes.length;
    if (n < runs) {
      throw new IllegalArgumentException(
          "device: " + runs + " devices for " + n + " layers, expected at most one a layer");
    }
    long[][] largest = new long[runs + 1][n + 1]; // of the first layers, in so many runs
    int[][] cut = new int[runs + 1][n + 1]; // where the last of them begins
    Arrays.fill(largest[0], 1, n + 1, Long.MAX_VALUE);
    for (int r = 1; r <= runs; r++) {
      Arrays.fill(largest[r], Long.MAX_VALUE);
      for (int end = r; end <= n; end++) {
        long last = 0;
        for (int begin = end - 1; begin >= r - 1; begin--) {
          last += bytes[begin];
          long size = Math.max(largest[r - 1][begin], last);
          if (size < largest[r][end]) {
            largest[r][end] = size;
            cut[r][end] = begin;
          }
        }
      }
    }
    int[] run = new int[n];
    for (int r = runs, end = n; r > 0; end = cut[r][end], r--) {
      Arrays.fill(run, cut[r][end], end, r - 1);
    }
    return run;
  }
}
