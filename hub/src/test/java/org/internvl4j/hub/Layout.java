package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/// The rules of the cache that the hub's clients share, written from its description.
final class Layout {
  private Layout() {}

  /// Walks a model's folder: a ref of 40 digits and nothing more, a snapshot of that name, relative
  /// links into blobs that are called as their contents hash, and nothing else.
  static void check(Path cache, Map<String, byte[]> wanted) throws IOException {
    Path repository = cache.resolve("models--acme--Tiny-1B");
    assertThat(names(repository)).containsExactly("blobs", "refs", "snapshots");
    assertThat(names(repository.resolve("refs"))).containsExactly("main");
    assertThat(Files.readAllBytes(repository.resolve("refs/main")))
        .isEqualTo(TestHub.text(TestHub.COMMIT));
    assertThat(names(repository.resolve("snapshots"))).containsExactly(TestHub.COMMIT);
    Path snapshot = repository.resolve("snapshots").resolve(TestHub.COMMIT);
    assertThat(files(snapshot)).containsExactlyElementsOf(new TreeSet<>(wanted.keySet()));
    TreeSet<String> blobs = new TreeSet<>();
    for (Map.Entry<String, byte[]> file : wanted.entrySet()) {
      Path link = snapshot.resolve(file.getKey());
      String hash = TestHub.hash(file.getKey(), file.getValue());
      String up = "../".repeat(1 + file.getKey().split("/", -1).length);
      assertThat(Files.readSymbolicLink(link)).hasToString(up + "blobs/" + hash);
      assertThat(link.toRealPath()).isEqualTo(repository.toRealPath().resolve("blobs/" + hash));
      assertThat(Files.readAllBytes(link)).isEqualTo(file.getValue());
      blobs.add(hash);
    }
    assertThat(names(repository.resolve("blobs"))).containsExactlyElementsOf(blobs);
    assertThat(names(cache.resolve(".locks/models--acme--Tiny-1B")))
        .containsExactlyElementsOf(blobs.stream().map(hash -> hash + ".lock").toList());
  }

  /// Nothing has a final name that is not whole: blobs hash to their names, nothing is published.
  static void checkUnfinished(Path cache, Map<String, byte[]> wanted) throws IOException {
    Path repository = cache.resolve("models--acme--Tiny-1B");
    assertThat(repository.resolve("refs/main")).doesNotExist();
    assertThat(repository.resolve("snapshots")).doesNotExist();
    for (String name : names(repository.resolve("blobs"))) {
      if (!name.endsWith(".incomplete")) {
        byte[] content = Files.readAllBytes(repository.resolve("blobs").resolve(name));
        assertThat(wanted.entrySet())
            .anySatisfy(file -> {
              assertThat(TestHub.hash(file.getKey(), content)).isEqualTo(name);
              assertThat(file.getValue()).isEqualTo(content);
            });
      }
    }
  }

  static List<String> names(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
          .map(file -> folder.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
