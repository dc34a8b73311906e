package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Several processes, and several threads of one, that want to write the same file.
class PackedWritersTest {
  private static final WeightFormat STORED = WeightFormat.STORED;

  @TempDir Path temp;
  private Path folder;
  private Path user;

  @BeforeEach
  void write() throws IOException {
    folder = PackedModel.write(temp.resolve("model"), 3);
    user = temp.resolve("user");
  }

  /// Another process: loads the model, says so, and waits for a line before it finishes.
  static final class Other {
    private Other() {}

    static void main(String[] args) throws IOException {
      PackingDevice device = new PackingDevice();
      try (Checkpoint checkpoint = Checkpoint.open(Path.of(args[0]));
          PackedStore store = PackedModel.open(checkpoint, device, Path.of(args[1]), STORED);
          Workspace model = new Workspace(device, "model")) {
        PackedModel.load(checkpoint, device, store, model, STORED);
        System.out.println("prepared " + device.prepared);
        if (System.in.read() > 0) {
          store.finish();
        }
      }
    }
  }

  private Process start() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-XX:+UseSerialGC",
                Other.class.getName(),
                folder.toString(),
                user.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return process;
  }

  private static int prepared(Process process) throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line = String.valueOf(out.readLine());
    assertThat(line).startsWith("prepared ");
    return Integer.parseInt(line.substring("prepared ".length()));
  }

  private static void goOn(Process process) throws IOException, InterruptedException {
    process.getOutputStream().write('\n');
    process.getOutputStream().close();
    assertThat(process.waitFor()).isZero();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(".internvl4j"))) {
      return files.toList();
    }
  }

  @Test
  void whileAnotherProcessWritesItWorksFromMemory() throws Exception {
    Process other = start();
    assertThat(prepared(other)).isEqualTo(PackedModel.MATRICES);
    Path temporary = files().getFirst();
    assertThat(new PackedFiles(user).of(folder))
        .singleElement()
        .extracting(PackedFiles.Found::state)
        .isEqualTo(PackedFiles.State.WRITING);
    assertThat(PackedModel.use(folder, user, STORED)).isEqualTo(PackedModel.MATRICES);
    assertThat(files()).containsExactly(temporary);
    goOn(other);
    assertThat(files()).containsExactly(PackedModel.file(folder, STORED));
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }

  @Test
  void whatAKilledProcessLeftIsDeletedAndMadeAnew() throws Exception {
    Process other = start();
    prepared(other);
    other.destroyForcibly().waitFor();
    assertThat(new PackedFiles(user).of(folder))
        .singleElement()
        .extracting(PackedFiles.Found::state)
        .isEqualTo(PackedFiles.State.LEFT);
    assertThat(PackedModel.use(folder, user, STORED)).isEqualTo(PackedModel.MATRICES);
    assertThat(files()).containsExactly(PackedModel.file(folder, STORED));
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }

  @Test
  void threeProcessesAtOnceLeaveOneWholeFile() throws Exception {
    List<Process> all = List.of(start(), start(), start());
    for (Process process : all) {
      assertThat(prepared(process)).isIn(0, PackedModel.MATRICES);
    }
    for (Process process : all) {
      goOn(process);
    }
    assertThat(files()).containsExactly(PackedModel.file(folder, STORED));
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }

  @Test
  void twoProcessesThatFindADamagedFileLeaveAWholeOne() throws Exception {
    PackedModel.use(folder, user, STORED);
    Path file = PackedModel.file(folder, STORED);
    byte[] good = Files.readAllBytes(file);
    byte[] bad = good.clone();
    bad[PackedHead.PAGE + 1] ^= 1;
    Files.write(file, bad);
    List<Process> both = List.of(start(), start());
    for (Process process : both) {
      assertThat(prepared(process)).isEqualTo(PackedModel.MATRICES);
    }
    for (Process process : both) {
      goOn(process);
    }
    assertThat(files()).containsExactly(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(good);
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }

  @Test
  void manyThreadsLeaveOneWholeFile() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int round = 0; round < 10; round++) {
        Files.deleteIfExists(PackedModel.file(folder, STORED));
        List<Future<Integer>> uses = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          uses.add(threads.submit(() -> PackedModel.use(folder, user, STORED)));
        }
        for (Future<Integer> use : uses) {
          assertThat(use.get()).isIn(0, PackedModel.MATRICES);
        }
        assertThat(files()).containsExactly(PackedModel.file(folder, STORED));
      }
    }
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }

  @Test
  void aSecondOneOfThisProcessDoesNotFreeTheFirstOnesLock() throws Exception {
    PackingDevice device = new PackingDevice();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        PackedStore store = PackedModel.open(checkpoint, device, user, STORED);
        Workspace model = new Workspace(device, "model")) {
      PackedModel.load(checkpoint, device, store, model, STORED);
      assertThat(PackedModel.use(folder, user, STORED)).isEqualTo(PackedModel.MATRICES);
      assertThat(new PackedFiles(user).of(folder)).hasSize(1);
      Process other = start(); // sees the lock
      assertThat(prepared(other)).isEqualTo(PackedModel.MATRICES);
      goOn(other);
      assertThat(files()).singleElement().matches(Temporary::isName);
      store.finish();
    }
    assertThat(PackedModel.use(folder, user, STORED)).isZero();
  }
}
