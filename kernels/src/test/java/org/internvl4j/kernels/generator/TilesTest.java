package org.internvl4j.kernels.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TilesTest {
  @Test
  void writesAllClassesAndTheSameEveryTime(@TempDir Path folder) throws Exception {
    Tiles.main(new String[] {folder.toString()});
    for (String name : Tiles.names()) {
      Path file = folder.resolve("org/internvl4j/kernels/cpu/" + name + ".java");
      assertThat(Files.readString(file)).isEqualTo(Tiles.source(name)).contains("class " + name);
    }
  }

  @Test
  void everySumIsMadeOnceAddedToOnceAndStoredOnce() {
    for (String name : Tiles.names()) {
      String source = Tiles.source(name);
      int pairs = name.startsWith("Tile") ? 6 : 4;
      assertThat(count(source, " = a\\.fma\\(")).as(name).isEqualTo(2 * pairs);
      for (int r = 0; r < pairs; r++) {
        for (String sum : new String[] {"l" + r, "h" + r}) {
          assertThat(count(source, "FloatVector " + sum + " = ")).as(sum).isEqualTo(1);
          assertThat(count(source, sum + " = a\\.fma\\([bd], " + sum + "\\)")).isEqualTo(1);
          assertThat(count(source, sum + "\\.intoMemorySegment")).as(sum).isEqualTo(1);
        }
      }
    }
  }

  private static int count(String source, String pattern) {
    return (int) Pattern.compile(pattern).matcher(source).results().count();
  }
}
