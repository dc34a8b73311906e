package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  private static final int SEGMENTS = 12;

  @TempDir private Path temp;

  private static String segment(int i) {
    return ("{\"id\":\"" + i + "\"}\n").repeat(i % 3 + 1);
  }

  private Path written() throws IOException {
    Path out = temp.resolve("out.jsonl");
    try (Journal journal = Journal.open(out)) {
      for (int i = 0; i < SEGMENTS; i++) {
        journal.add(segment(i), i % 3 + 1, i);
      }
    }
    return out;
  }

  private static List<String> lines(Journal journal) throws IOException {
    try (BufferedReader reader = journal.lines()) {
      return reader.lines().toList();
    }
  }

  /// Whole segments from the front are found, whatever was cut off or changed.
  private static void requirePrefix(Path out) throws IOException {
    try (Journal journal = Journal.open(out)) {
      StringBuilder all = new StringBuilder();
      int rows = 0;
      for (int i = 0; i < SEGMENTS && rows < journal.rows(); i++) {
        all.append(segment(i));
        rows += i % 3 + 1;
      }
      assertThat(journal.rows()).isEqualTo(rows);
      assertThat(String.join("\n", lines(journal))).isEqualTo(all.toString().strip());
      journal.add("more\n", 1, 7);
    }
    try (Journal journal = Journal.open(out)) {
      assertThat(lines(journal)).last().isEqualTo("more");
    }
  }

  @Test
  void goesOnBehindWhatIsThere() throws IOException {
    Path out = written();
    try (Journal journal = Journal.open(out)) {
      assertThat(journal.rows()).isEqualTo(24);
      assertThat(lines(journal)).hasSize(24);
    }
    requirePrefix(out);
  }

  @Test
  void whatIsCutOffOrChangedIsDoneAgain() throws IOException {
    Path out = written();
    List<Path> files = List.of(Journal.rowsFile(out), temp.resolve("out.jsonl.part.sums"));
    List<byte[]> whole =
        List.of(Files.readAllBytes(files.get(0)), Files.readAllBytes(files.get(1)));
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      for (int f = 0; f < 2; f++) {
        byte[] bytes = whole.get(f).clone();
        boolean touched = random.nextBoolean();
        if (touched && random.nextBoolean()) {
          bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        } else if (touched) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(files.get(f), bytes);
      }
      requirePrefix(out);
    }
  }

  @Test
  void twoCannotWriteOneOutput() throws IOException {
    Path out = written();
    try (Journal first = Journal.open(out)) {
      assertThatThrownBy(() -> Journal.open(out))
          .isInstanceOf(BatchException.class)
          .hasMessageContaining("is being written by another batch");
      first.add("more\n", 1, 1);
    }
  }

  @Test
  void fullDiskKeepsWhatIsThere() throws IOException {
    Configuration small =
        Configuration.unix().toBuilder().setMaxSize(8192).setBlockSize(512).build();
    try (FileSystem disk = Jimfs.newFileSystem(small)) {
      Path out = disk.getPath("/out.jsonl");
      Path other = disk.getPath("/other");
      Files.write(other, new byte[4096]);
      String line = "x".repeat(99) + "\n";
      int rows = fill(out, line);
      assertThat(rows).isBetween(10, 40);
      Files.delete(other);
      try (Journal journal = Journal.open(out)) {
        assertThat(journal.rows()).isEqualTo(rows);
        journal.add(line, 1, 7);
        assertThat(lines(journal)).hasSize(rows + 1).containsOnly(line.strip());
      }
    }
  }

  private static int fill(Path out, String line) throws IOException {
    try (Journal journal = Journal.open(out)) {
      while (journal.rows() < 1000) {
        journal.add(line, 1, 7);
      }
      throw new AssertionError("the disk is larger than it should be");
    } catch (IOException e) {
      assertThat(e)
          .hasMessageMatching(
              "/out.jsonl.part: cannot be written: .*; the \\d+ rows in it are kept: make room and run"
                  + " the same again");
      return Integer.parseInt(
          String.valueOf(e.getMessage()).replaceAll(".* the (\\d+) rows.*", "$1"));
    }
  }
}
