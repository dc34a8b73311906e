package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFoldersTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String OTHER = "f".repeat(40);

  @TempDir Path home;

  private ModelFolders folders(Map<String, String> environment) {
    return new ModelFolders(environment, home);
  }

  private Path find(String model) {
    return folders(Map.of()).find(model);
  }

  /// A repository as the Hugging Face client lays it out, its files links into `blobs`.
  private static Path repository(Path cache, String name, String commit) throws IOException {
    Path repository = cache.resolve("models--" + name.replace("/", "--"));
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), commit);
    Files.writeString(blobs.resolve("11"), "{\"x\": 1}");
    new SafeTensorsWriter().add("a", new float[] {5}, 1).write(blobs.resolve("22"));
    link(snapshot.resolve("config.json"), "../../blobs/11");
    link(snapshot.resolve("model.safetensors"), "../../blobs/22");
    return snapshot;
  }

  private static void link(Path link, String target) throws IOException {
    if (!Files.exists(link)) {
      Files.createSymbolicLink(link, Path.of(target));
    }
  }

  private Path standard() {
    return home.resolve(".cache/huggingface/hub");
  }

  @Test
  void findsAModelByOwnerAndNameOrNameAlone() throws IOException {
    Path snapshot = repository(standard(), "OpenGVLab/InternVL2-1B", COMMIT);
    repository(standard(), "OpenGVLab/InternVL2-1B-AWQ", OTHER);
    assertThat(find("OpenGVLab/InternVL2-1B")).isEqualTo(snapshot);
    assertThat(find("InternVL2-1B")).isEqualTo(snapshot);
    assertThat(find(standard().resolve("models--OpenGVLab--InternVL2-1B").toString()))
        .isEqualTo(snapshot);
    assertThat(find(snapshot.toString())).isEqualTo(snapshot);
    try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
      assertThat(checkpoint.name()).isEqualTo("InternVL2-1B");
      assertThat(checkpoint.tensor("a", Fixtures.DEVICE).toFloats()).containsExactly(5);
    }
  }

  @Test
  void looksWhereTheEnvironmentSaysFirst() throws IOException {
    repository(standard(), "a/m", COMMIT);
    Path xdg = repository(home.resolve("xdg/huggingface/hub"), "a/m", COMMIT);
    Path hf = repository(home.resolve("hf/hub"), "a/m", COMMIT);
    Path hub = repository(home.resolve("cache"), "a/m", COMMIT);
    String xdgHome = home.resolve("xdg").toString();
    String hfHome = home.resolve("hf").toString();
    assertThat(folders(Map.of("XDG_CACHE_HOME", xdgHome)).find("a/m")).isEqualTo(xdg);
    assertThat(folders(Map.of("XDG_CACHE_HOME", xdgHome, "HF_HOME", hfHome)).find("a/m"))
        .isEqualTo(hf);
    assertThat(folders(Map.of("HF_HOME", hfHome, "HF_HUB_CACHE", "~/cache")).find("a/m"))
        .isEqualTo(hub);
  }

  @Test
  void looksOnWhereOneCacheHasNoMoreThanABeginning() throws IOException {
    Path whole = repository(standard(), "a/m", COMMIT);
    Path begun = home.resolve("cache/models--a--m");
    Files.createDirectories(begun.resolve("blobs"));
    ModelFolders folders = folders(Map.of("HF_HUB_CACHE", home.resolve("cache").toString()));
    assertThat(folders.find("a/m")).isEqualTo(whole);
    assertThatThrownBy(() -> folders.find("a/m@v1"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(begun + ": has no revision v1; its snapshots are []");
  }

  @Test
  void takesARevisionWithFolders() throws IOException {
    Path snapshot = repository(standard(), "a/m", COMMIT);
    Path ref = standard().resolve("models--a--m/refs/refs/pr/1");
    Files.createDirectories(ref.resolveSibling(""));
    Files.writeString(ref, COMMIT);
    assertThat(find("a/m@refs/pr/1")).isEqualTo(snapshot);
    assertThatThrownBy(() -> find("a/m@../../x"))
        .hasMessage("a/m@../../x: no such folder, and no such model in " + standard());
  }

  @Test
  void saysWhereItLooked() {
    Path cache = home.resolve("cache");
    assertThatThrownBy(() -> folders(Map.of("HF_HUB_CACHE", cache.toString())).find("a/b"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("a/b: no such folder, and no such model in " + cache + ", " + standard());
    assertThatThrownBy(() -> find("../a/b c"))
        .hasMessage("../a/b c: no such folder, and no such model in " + standard());
    assertThatThrownBy(() -> find("nul\0"))
        .hasMessage("nul\\u0000: no such folder, and no such model in " + standard());
  }

  @Test
  void asksWhichWhenTwoOwnersHaveTheName() throws IOException {
    repository(standard(), "a/m", COMMIT);
    repository(standard(), "b/m", COMMIT);
    assertThatThrownBy(() -> find("m"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("m: several models have this name; say which: a/m, b/m");
  }

  @Test
  void takesARevision() throws IOException {
    Path old = repository(standard(), "a/m", OTHER);
    Path current = repository(standard(), "a/m", COMMIT);
    Files.writeString(standard().resolve("models--a--m/refs/v1"), OTHER + "\n");
    assertThat(find("a/m")).isEqualTo(current);
    assertThat(find("a/m@v1")).isEqualTo(old);
    assertThat(find("m@" + OTHER)).isEqualTo(old);
    assertThatThrownBy(() -> find("a/m@v2"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            standard().resolve("models--a--m")
                + ": has no revision v2; its snapshots are ["
                + COMMIT
                + ", "
                + OTHER
                + "]");
  }

  @Test
  void refusesARefThatLeadsElsewhere() throws IOException {
    repository(standard(), "a/m", COMMIT);
    Path ref = standard().resolve("models--a--m/refs/main");
    Files.writeString(ref, "../../../etc");
    assertThatThrownBy(() -> find("a/m"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(ref + ": does not hold a commit of 40 digits");
    Files.writeString(ref, OTHER);
    assertThatThrownBy(() -> find("a/m"))
        .hasMessage(
            standard().resolve("models--a--m")
                + ": refs/main says "
                + OTHER
                + " but snapshots does not have it; download it again");
    Files.delete(ref);
    assertThat(find("a/m")).hasFileName(COMMIT); // the only one there is
  }

  @Test
  void asksForTheFolderOfAFile() throws IOException {
    Path file = Files.writeString(home.resolve("model.safetensors"), "");
    assertThatThrownBy(() -> find(file.toString()))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(file + ": is a file; name the folder it is in");
  }
}
