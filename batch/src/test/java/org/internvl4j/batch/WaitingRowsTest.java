package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rows that wait keep their pictures, if they came with them: so many are read as there is memory
/// for.
class WaitingRowsTest {
  private static final int ROWS = 3;
  private static final Task TASK = new Task.Embedding(Task.Vectors.MEAN);

  @TempDir private Path temp;
  private final AtomicInteger done = new AtomicInteger();

  /// Rows that have more than may be kept each: it is asked for one when the one before is done.
  private final class Large implements Input {
    private int asked;

    @Override
    public long size() {
      return ROWS;
    }

    @Override
    public @Nullable Row next() {
      assertThat(done).hasValue(asked);
      if (asked == ROWS) {
        return null;
      }
      byte[] part = new byte[1 << 22];
      int parts = (int) (Runtime.getRuntime().maxMemory() / 8 / part.length) + 1;
      PictureSource picture = new PictureSource.OfBytes("part", part);
      return new Row.Item("row " + asked++, Collections.nCopies(parts, picture), null);
    }

    @Override
    public void close() {}
  }

  private final class Counting implements Worker.Skill {
    @Override
    public int atOnce() {
      return 2 * ROWS;
    }

    @Override
    public Outcome work(Row.Item item) {
      done.incrementAndGet();
      return new Outcome.Embedded(new float[] {1}, 0);
    }

    @Override
    public void close() {}
  }

  @Test
  void nothingIsReadThatThereIsNoMemoryFor() throws Exception {
    Path out = temp.resolve("out.jsonl");
    Batch batch =
        new Batch(
            () -> Worker.of(new Counting()),
            new Large(),
            Batch.Output.of(out, false, TASK),
            Scenery.manifest(TASK, "large"),
            Batch.Listener.NONE);
    assertThat(batch.run().rows()).isEqualTo(ROWS);
  }
}
