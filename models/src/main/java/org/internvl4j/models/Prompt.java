package org.internvl4j.models;

import java.util.Arrays;
import java.util.List;
import org.internvl4j.models.image.Tiles;

/// A prompt as the decoder sees it: ids, and the tiles that the image tokens among them stand for.
///
/// @param ids all tokens
/// @param imageToken the id that stands for a place where image tokens go
/// @param tiles all tiles, in the order of their places
/// @param tokensPerTile places a tile takes
record Prompt(int[] ids, int imageToken, List<Tile> tiles, int tokensPerTile) {
  /// One tile of a picture.
  record Tile(Tiles tiles, int index, String digest) {}

  Prompt {
    tiles = List.copyOf(tiles);
    int places = (int) Arrays.stream(ids).filter(id -> id == imageToken).count();
    if (places != tiles.size() * tokensPerTile) {
      throw new IllegalArgumentException(
          "prompt: has places for "
              + places
              + " image tokens but "
              + tiles.size()
              + " tiles make "
              + tiles.size() * tokensPerTile);
    }
  }

  int length() {
    return ids.length;
  }

  /// How many tokens from the start this prompt shares with an earlier one and the answer that
  /// followed it, pictures compared by content.
  ///
  /// @param made ids that were chosen after `earlier`
  int commonPrefix(Prompt earlier, List<Integer> made) {
    int place = 0;
    int n = Math.min(length(), earlier.length() + made.size());
    for (int i = 0; i < n; i++) {
      boolean inPrompt = i < earlier.length();
      if (ids[i] != (inPrompt ? earlier.ids[i] : made.get(i - earlier.length()))) {
        return i;
      }
      if (ids[i] == imageToken) {
        int tile = place++ / tokensPerTile;
        if (!inPrompt || !tiles.get(tile).digest().equals(earlier.tiles.get(tile).digest())) {
          return i;
        }
      }
    }
    return n;
  }
}
