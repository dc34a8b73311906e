package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.internvl4j.testkit.Effort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed at any moment, again and again, leaves the file of one that was not.
class KilledBatchTest {
  private static final int KILLS = 20;
  private static final int ROWS = Effort.isWhole() ? 2_000 : 1_400;

  @TempDir private Path temp;

  @Test
  void killedProcessesLoseNothing() throws Exception {
    Path pictures = pictures();
    Path wanted = temp.resolve("wanted.jsonl");
    assertThat(child(pictures, wanted).waitFor()).isZero();

    Path out = temp.resolve("out.jsonl");
    Random random = new Random(20);
    long length = Files.size(wanted);
    int kills = 0;
    for (int i = 1; i <= KILLS; i++) {
      long until = Math.max(size(out), length * i / (KILLS + 1)); // bytes of rows
      Process child = child(pictures, out);
      while (child.isAlive() && size(out) <= until) {
        Thread.sleep(2);
      }
      Thread.sleep(random.nextInt(30)); // into the writing of a segment, or between two
      kills += child.destroyForcibly().waitFor() == 0 ? 0 : 1;
    }
    assertThat(child(pictures, out).waitFor()).isZero();
    System.out.printf("batch: %d of %d processes were killed, %d rows%n", kills, KILLS, ROWS);
    assertThat(kills).isGreaterThan(KILLS / 2);
    assertThat(Files.mismatch(out, wanted)).isEqualTo(-1);
    assertThat(Journal.rowsFile(out)).doesNotExist();
  }

  /// Scenes; those behind the first ones are copies where the model does not look at them.
  private Path pictures() throws IOException {
    int scenes = Effort.isWhole() ? ROWS : 20;
    Path folder = Scenery.paint(temp.resolve("pictures"), scenes);
    for (int i = scenes; i < ROWS; i++) {
      Path scene = folder.resolve("%05d.png".formatted(i % scenes));
      Files.copy(scene, folder.resolve("%05d.png".formatted(i)));
    }
    return folder;
  }

  private static long size(Path out) throws IOException {
    Path rows = Journal.rowsFile(out);
    return Files.exists(rows) ? Files.size(rows) : 0;
  }

  private Process child(Path pictures, Path out) throws IOException {
    return new ProcessBuilder(Child.command(pictures, out))
        .redirectErrorStream(true)
        .redirectOutput(temp.resolve("child.log").toFile())
        .start();
  }
}
