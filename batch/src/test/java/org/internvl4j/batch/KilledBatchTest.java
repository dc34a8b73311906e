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
  private static final int KILLS = Effort.isWhole() ? 20 : 5;

  @TempDir private Path temp;

  @Test
  void killedProcessesLoseNothing() throws Exception {
    int rows = Effort.isWhole() ? 2_000 : 100;
    Path pictures = Scenery.paint(temp.resolve("pictures"), rows);
    Path wanted = temp.resolve("wanted.jsonl");
    assertThat(child(pictures, wanted).waitFor()).isZero();

    Path out = temp.resolve("out.jsonl");
    Random random = new Random(20);
    long length = Files.size(wanted);
    int kills = 0;
    for (int i = 1; i <= KILLS; i++) {
      long until = length * i / (KILLS + 1); // bytes of rows
      Process child = child(pictures, out);
      while (child.isAlive() && size(out) < until) {
        Thread.sleep(2);
      }
      Thread.sleep(random.nextInt(30)); // into the writing of a segment, or between two
      kills += child.destroyForcibly().waitFor() == 0 ? 0 : 1;
    }
    assertThat(child(pictures, out).waitFor()).isZero();
    System.out.printf("batch: %d of %d processes were killed, %d rows%n", kills, KILLS, rows);
    assertThat(kills).isGreaterThan(KILLS / 2);
    assertThat(Files.mismatch(out, wanted)).isEqualTo(-1);
    assertThat(Journal.rowsFile(out)).doesNotExist();
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
