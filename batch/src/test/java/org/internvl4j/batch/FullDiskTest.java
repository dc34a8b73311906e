package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk that is really full, a small tmpfs: one sentence, nothing lost, and once there is room
/// the same run ends as if nothing had happened.
class FullDiskTest {
  private static final int ROWS = 150;
  private static final long PAGE = 4096; // bytes

  /// Mounts a small disk, in a namespace of its own; runs; makes it larger; runs.
  private static final String SCRIPT =
      """
      set -eu
      disk=$1; size=$2; shift 2
      mount -t tmpfs -o size="$size" internvl "$disk"
      code=0; "$@" >"$disk/../full.log" 2>&1 || code=$?
      echo "full $code"
      ls "$disk"
      mount -o remount,size=8m "$disk"
      code=0; "$@" >"$disk/../room.log" 2>&1 || code=$?
      echo "room $code"
      cp "$disk"/out.* "$disk/.."
      """;

  @TempDir private Path temp;

  private Path pictures;

  @BeforeEach
  void requireNamespaces() throws Exception {
    pictures = Scenery.paint(temp.resolve("pictures"), ROWS);
    Path disk = Files.createDirectories(temp.resolve("try"));
    assumeTrue(
        exec(List.of("unshare", "-rm", "mount", "-t", "tmpfs", "none", disk.toString())) == 0,
        "this system lets nobody mount a small disk");
  }

  private int exec(List<String> command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(temp.resolve("exec.log").toFile())
              .start();
      process.waitFor(10, TimeUnit.MINUTES);
      return process.waitFor();
    } catch (IOException e) {
      return -1;
    }
  }

  /// Half of the rows have room.
  @Test
  void rowsGoOnOnceThereIsRoom() throws Exception {
    Path wanted = wanted("out.jsonl");
    requireSame(wanted, pages(wanted) / 2 + 2);
  }

  /// All rows have room, and the table that is made of them has not.
  @Test
  void tablesGoOnOnceThereIsRoom() throws Exception {
    requireSame(wanted("out.parquet"), pages(wanted("out.jsonl")) + 2);
  }

  private Path wanted(String name) throws Exception {
    Path wanted = temp.resolve("wanted").resolve(name);
    Files.createDirectories(wanted.getParent());
    Child.run(pictures, wanted);
    return wanted;
  }

  private static long pages(Path file) throws IOException {
    return Math.ceilDiv(Files.size(file), PAGE);
  }

  /// @param pages on the disk, the manifest's and that of the checksums among them
  private void requireSame(Path wanted, long pages) throws Exception {
    String name = String.valueOf(wanted.getFileName());
    Path disk = Files.createDirectories(temp.resolve("disk"));
    List<String> command = new ArrayList<>(List.of("unshare", "-rm", "sh", "-c"));
    command.addAll(List.of(SCRIPT, "sh", disk.toString(), String.valueOf(PAGE * pages)));
    command.addAll(Child.command(pictures, disk.resolve(name)));
    assertThat(exec(command)).isZero();
    assertThat(Files.readString(temp.resolve("exec.log")))
        .contains("full 1", "room 0", name + ".part");
    assertThat(Files.readString(temp.resolve("full.log")))
        .containsIgnoringCase("no space left on device")
        .contains("cannot be written", "make room and run the same again");
    assertThat(Files.mismatch(temp.resolve(name), wanted)).isEqualTo(-1);
  }
}
