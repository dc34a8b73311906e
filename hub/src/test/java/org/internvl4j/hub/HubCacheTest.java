package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.internvl4j.hub.CachedModel.Revision;
import org.internvl4j.loader.ModelName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubCacheTest {
  private static final String OLD = "a".repeat(40);
  private static final String NEW = "b".repeat(40);

  @TempDir Path temp;
  private Path cache;
  private Path repository;
  private HubCache models;

  @BeforeEach
  void layOut() throws IOException {
    cache = Files.createDirectories(temp.resolve("cache"));
    repository = cache.resolve("models--acme--Tiny-1B");
    models = HubCache.of(Map.of("HF_HUB_CACHE", cache.toString()), temp);
    file(repository, OLD, "config.json", 10, 1);
    file(repository, OLD, "model.safetensors", 1000, 2);
    file(repository, NEW, "config.json", 20, 3);
    file(repository, NEW, "model.safetensors", 1000, 2); // the same
    ref("v1", OLD);
    ref("main", NEW);
    ref("refs/pr/1", NEW);
    Files.setLastModifiedTime(
        repository.resolve("snapshots").resolve(OLD), FileTime.from(Instant.EPOCH));
  }

  private static void file(Path repository, String commit, String name, int bytes, int seed)
      throws IOException {
    Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
    byte[] content = TestHub.bytes(bytes, seed);
    String hash = TestHub.hash(name, content);
    Files.write(Files.createDirectories(repository.resolve("blobs")).resolve(hash), content);
    Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs", hash));
  }

  private void ref(String name, String commit) throws IOException {
    Path ref = repository.resolve("refs").resolve(name);
    Files.createDirectories(ref.resolveSibling(""));
    Files.writeString(ref, commit);
  }

  private CachedModel only() throws IOException {
    List<CachedModel> all = models.models();
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  @Test
  void listsModelsAndTheirRevisions() throws IOException {
    CachedModel model = only();
    assertThat(model.name()).isEqualTo("acme/Tiny-1B");
    assertThat(model.bytes()).isEqualTo(1030);
    assertThat(model.unfinished()).isZero();
    assertThat(model.revisions()).extracting(Revision::commit).containsExactly(NEW, OLD);
    assertThat(model.revisions()).extracting(Revision::bytes).containsExactly(1020L, 1010L);
    assertThat(model.revisions().getFirst().refs()).containsExactly("main", "refs/pr/1");
    assertThat(model.revisions()).allMatch(Revision::whole);
  }

  @Test
  void findsByName() throws IOException {
    assertThat(models.named(new ModelName("acme", "Tiny-1B", "main"))).hasSize(1);
    assertThat(models.named(new ModelName(null, "Tiny-1B", "main"))).hasSize(1);
    assertThat(models.named(new ModelName("other", "Tiny-1B", "main"))).isEmpty();
    assertThat(models.named(new ModelName(null, "1B", "main"))).isEmpty();
  }

  @Test
  void tellsWhatIsNotWhole() throws IOException {
    Files.write(
        repository.resolve("blobs/" + "c".repeat(64) + ".i4j12345.incomplete"), new byte[7]);
    Files.delete(repository.resolve("snapshots/" + OLD + "/config.json").toRealPath());
    CachedModel model = only();
    assertThat(model.unfinished()).isEqualTo(7);
    assertThat(model.bytes()).isEqualTo(1020);
    assertThat(model.revisions()).extracting(Revision::whole).containsExactly(true, false);
  }

  @Test
  void removingARevisionFreesWhatNoOtherHolds() throws IOException {
    CachedModel model = only();
    assertThat(models.remove(model, model.revisions().getLast())).isEqualTo(10);
    assertThat(Layout.names(repository.resolve("refs"))).containsExactly("main", "refs");
    assertThat(Layout.names(repository.resolve("snapshots"))).containsExactly(NEW);
    assertThat(Layout.names(repository.resolve("blobs"))).hasSize(2);
    CachedModel left = only();
    assertThat(left.bytes()).isEqualTo(1020);
    assertThat(left.revisions()).singleElement().matches(Revision::whole);
    assertThat(models.remove(left, left.revisions().getFirst())).isEqualTo(1020);
    assertThat(repository).doesNotExist();
  }

  @Test
  void linksOfOldClientsWhichAreAbsoluteHoldBlobsToo() throws IOException {
    Path link = repository.resolve("snapshots/" + NEW + "/model.safetensors");
    Path blob = link.toRealPath();
    Files.delete(link);
    Files.createSymbolicLink(
        link,
        Files.createSymbolicLink(temp.resolve("other"), cache)
            .resolve(cache.toRealPath().relativize(blob)));
    CachedModel model = only();
    models.remove(
        model,
        model.revisions().stream().filter(r -> r.commit().equals(OLD)).findFirst().orElseThrow());
    assertThat(blob).exists();
    models.remove(only(), only().revisions().getFirst());
    assertThat(repository).doesNotExist();
  }

  @Test
  void removingAModelRemovesItAlone() throws IOException {
    Path outside = Files.writeString(temp.resolve("outside"), "kept");
    Files.createSymbolicLink(repository.resolve("snapshots/" + OLD + "/outside"), outside);
    file(cache.resolve("models--acme--Other"), OLD, "config.json", 10, 1);
    CachedModel model = models.named(new ModelName("acme", "Tiny-1B", "main")).getFirst();
    models.remove(model);
    assertThat(repository).doesNotExist();
    assertThat(outside).hasContent("kept");
    assertThat(only().name()).isEqualTo("acme/Other");
  }

  @Test
  void linksThatLeadOutOfTheBlobsAreNotFollowed() throws IOException {
    Path outside = Files.writeString(temp.resolve("outside"), "kept");
    Files.createSymbolicLink(repository.resolve("snapshots/" + OLD + "/outside"), outside);
    Files.createSymbolicLink(
        repository.resolve("snapshots/" + OLD + "/ref"), Path.of("../../refs/main"));
    Files.setLastModifiedTime(
        repository.resolve("snapshots").resolve(OLD), FileTime.from(Instant.EPOCH));
    CachedModel model = only();
    assertThat(models.remove(model, model.revisions().getLast())).isEqualTo(10);
    assertThat(outside).hasContent("kept");
    assertThat(repository.resolve("refs/main")).hasContent(NEW);
  }

  @Test
  void aModelThatIsBeingPulledStays() throws Exception {
    CachedModel model = only();
    Path lock = cache.resolve(".locks/models--acme--Tiny-1B/" + "c".repeat(64) + ".lock");
    try (BlobLock held = BlobLock.take(lock, () -> {})) {
      assertThat(held.holds()).isTrue();
      assertThatThrownBy(() -> models.remove(model))
          .isInstanceOf(IOException.class)
          .hasMessage("acme/Tiny-1B: is being pulled at the moment");
      assertThatThrownBy(() -> models.remove(model, model.revisions().getLast()))
          .hasMessage("acme/Tiny-1B: is being pulled at the moment");
    }
    assertThat(models.remove(model)).isEqualTo(1030);
  }
}
