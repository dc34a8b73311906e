package org.internvl4j.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.internvl4j.media.DecodingMemory;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.search.Entry.Stamp;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read again and what is not, who may write, and what happens when nobody can.
class IndexerTest {
  @TempDir Path temp;
  private Path index;
  private Path photos;
  private final Drawn.Model model = new Drawn.Model();

  @BeforeEach
  void draw() throws IOException {
    index = temp.resolve("index");
    photos = Drawn.folder(temp.resolve("photos"), 7);
  }

  @Test
  void embedsEachPictureOnce() throws IOException {
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(7, 7, 0, 0, 0, 0));
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(7, 0, 0, 7, 0, 0));
    assertThat(model.embedded).isEqualTo(7);
    assertThat(model.opened).isEqualTo(1); // not where there is nothing to do
  }

  @Test
  void addingAPictureEmbedsItAlone() throws IOException {
    Drawn.index(index, model, photos);
    Pictures.writePng(Drawn.picture(99), photos.resolve("0003a.png"));
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(8, 1, 0, 7, 0, 0));
    assertThat(model.embedded).isEqualTo(8);
  }

  @Test
  void whatHasMovedOrWasCopiedIsNotEmbeddedAgain() throws IOException {
    Drawn.index(index, model, photos);
    Files.move(photos.resolve("0002.png"), photos.resolve("moved.png"));
    Files.copy(photos.resolve("0004.png"), photos.resolve("copy.png"));
    Files.setLastModifiedTime(photos.resolve("0005.png"), FileTime.fromMillis(1));
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(8, 0, 3, 5, 0, 1));
    assertThat(model.embedded).isEqualTo(7);
    try (Index found = Index.open(index)) {
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(2)), 1))
          .containsExactly(new Hit(photos.resolve("moved.png").toString(), 1));
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(4)), 2))
          .extracting(Hit::path)
          .containsExactly(
              photos.resolve("0004.png").toString(), photos.resolve("copy.png").toString());
    }
  }

  @Test
  void whatHasChangedIsAndWhatHasVanishedDropsOut() throws IOException {
    Drawn.index(index, model, photos);
    Pictures.writePng(Drawn.picture(50), photos.resolve("0001.png"));
    Files.setLastModifiedTime(photos.resolve("0001.png"), FileTime.fromMillis(5));
    Files.delete(photos.resolve("0006.png"));
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(6, 1, 0, 5, 0, 1));
    try (Index found = Index.open(index)) {
      assertThat(found.pictures()).isEqualTo(6);
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(50)), 1).getFirst().path())
          .endsWith("0001.png");
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(6)), 9))
          .noneMatch(hit -> hit.path().endsWith("0006.png"))
          .hasSize(6);
    }
  }

  @Test
  void foldersThatAreNotNamedStay() throws IOException {
    Path others = Drawn.folder(temp.resolve("others"), 2);
    Pictures.writePng(Drawn.picture(77), others.resolve("x.png"));
    Drawn.index(index, model, photos, others);
    Files.delete(photos.resolve("0006.png"));
    assertThat(Drawn.index(index, model, others).pictures()).isEqualTo(10);
    assertThat(Drawn.index(index, model, photos).pictures()).isEqualTo(9);
    assertThat(model.embedded).isEqualTo(8);
    assertThatThrownBy(() -> Drawn.index(index, model, temp.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aFolderThatIsGoneDropsOutWhenItIsNamed() throws IOException {
    Path others = Drawn.folder(temp.resolve("others"), 2);
    Path near = Drawn.folder(temp.resolve("others and more"), 1);
    Drawn.index(index, model, photos, others, near);
    for (Path picture : List.of(others.resolve("0000.png"), others.resolve("0001.png"))) {
      Files.delete(picture);
    }
    Files.delete(others);
    assertThat(Drawn.index(index, model, photos).pictures()).isEqualTo(10); // it is not named
    Told told = new Told();
    try (Indexer indexer = open(told, IndexOptions.DEFAULT)) {
      assertThat(indexer.update(List.of(photos, others))).isEqualTo(new Indexed(8, 0, 0, 7, 0, 2));
    }
    assertThat(told.lines)
        .containsExactly(others + ": is gone; what the index has of it drops out");
    for (String never : List.of("others", "none", "photo")) {
      assertThatThrownBy(() -> Drawn.index(index, model, temp.resolve(never)))
          .isInstanceOf(NoSuchFileException.class);
    }
    Files.delete(near.resolve("0000.png"));
    Files.delete(near);
    assertThat(Drawn.index(index, model, near.resolve("0000.png")).gone()).isEqualTo(1);
  }

  @Test
  void whatIsNoPictureIsToldOnceAndNeverFatal() throws IOException {
    Files.write(photos.resolve("0000.png"), new byte[] {1, 2, 3});
    Files.write(photos.resolve("empty.jpg"), new byte[0]);
    Told told = new Told();
    for (int i = 0; i < 2; i++) {
      try (Indexer indexer = open(told, IndexOptions.DEFAULT)) {
        assertThat(indexer.update(List.of(photos)).unreadable()).isEqualTo(2);
      }
    }
    assertThat(told.lines).hasSize(2);
    assertThat(told.lines.getFirst())
        .startsWith(photos.resolve("0000.png") + ": ")
        .doesNotContain("\n");
    Files.copy(photos.resolve("0000.png"), photos.resolve("same.png"));
    try (Indexer indexer = open(told, IndexOptions.DEFAULT)) {
      assertThat(indexer.update(List.of(photos)).unreadable()).isEqualTo(3);
    }
    assertThat(told.lines).hasSize(3);
    assertThat(told.lines.getLast()).startsWith(photos.resolve("same.png") + ": ");
    try (Indexer indexer = open(told, new IndexOptions(IndexOptions.DEFAULT.pictures(), true))) {
      assertThat(indexer.update(List.of(photos)).pictures()).isEqualTo(6);
    }
    assertThat(told.lines).hasSize(6);
    assertThat(model.embedded).isEqualTo(6);
  }

  @Test
  void whatCouldNotBeReadThisTimeIsCounted() throws IOException {
    Files.write(photos.resolve("0000.png"), new byte[] {1, 2, 3});
    Files.write(photos.resolve("long.png"), new byte[200_000]);
    IndexOptions options =
        new IndexOptions(IndexOptions.DEFAULT.pictures().withMaxBytes(100_000), false);
    Told told = new Told();
    try (Indexer indexer = open(told, options)) {
      assertThat(indexer.update(List.of(photos))).isEqualTo(new Indexed(6, 6, 0, 0, 2, 0));
      assertThat(indexer.update(List.of(photos)).unreadable()).isEqualTo(2);
    }
    assertThat(told.lines).hasSize(3);
  }

  /// What is named is an error, what lies in it is told.
  @Test
  void aFolderThatMayNotBeReadIsAnErrorIfItIsNamed() throws IOException {
    Told told = new Told();
    PictureFolders found = PictureFolders.of(List.of(photos), new TreeSet<>(), told);
    IOException e = new AccessDeniedException(photos.toString());
    FileVisitor<Path> visitor = found.visitor(photos, told);
    assertThatThrownBy(() -> visitor.visitFileFailed(photos, e)).isSameAs(e);
    assertThat(visitor.visitFileFailed(photos.resolve("in"), e))
        .isEqualTo(FileVisitResult.CONTINUE);
    assertThat(told.lines)
        .containsExactly(photos.resolve("in") + ": may not be read: permission denied");
    assertThat(found.leftOut()).isEqualTo(1);
  }

  @Test
  void aNameThatIsNoTextIsTold() throws Exception {
    String copy = "cp \"$1/0000.png\" \"$(printf '%s/bad\\377.png' \"$1\")\"";
    Process process = new ProcessBuilder("sh", "-c", copy, "sh", photos.toString()).start();
    assumeTrue(process.waitFor() == 0, "names are texts here");
    Told told = new Told();
    try (Indexer indexer = open(told, IndexOptions.DEFAULT)) {
      assertThat(indexer.update(List.of(photos))).isEqualTo(new Indexed(7, 7, 0, 0, 1, 0));
    }
    assertThat(told.lines).hasSize(1);
    assertThat(told.lines.getFirst())
        .startsWith(photos.resolve("bad").toString())
        .contains(": has a name that is no text in ")
        .endsWith("; rename it");
  }

  private Indexer open(IndexListener told, IndexOptions options) throws IOException {
    return Indexer.open(index, model, options, told);
  }

  @Test
  void anotherModelAndOtherOptionsAreRefused() throws IOException {
    Drawn.index(index, model, photos);
    Drawn.Model other = new Drawn.Model();
    other.weights = "of something else";
    assertThatThrownBy(() -> Drawn.index(index, other, photos))
        .isInstanceOf(SearchException.class)
        .hasMessage(
            index
                + ": holds vectors of pixels, whose weights are not those of pixels; go on as it"
                + " was begun, or name another folder");
    other.weights = model.weights;
    other.options = "q8";
    assertThatThrownBy(() -> Drawn.index(index, other, photos))
        .hasMessageContaining("holds vectors made with [], not with [q8]");
    assertThatThrownBy(() ->
            Indexer.open(
                index,
                model,
                new IndexOptions(IndexOptions.DEFAULT.pictures().withOrientation(true), false),
                IndexListener.NONE))
        .hasMessageContaining("not with [upright]");
    assertThat(Drawn.index(index, model, photos).unchanged()).isEqualTo(7);
  }

  /// An index that does not say, as older ones do not, goes on with any.
  @Test
  void whatTheLastBitsDependOnIsRefusedWhereItIsKnown() throws IOException {
    IndexOptions exact = IndexOptions.DEFAULT.withNumbers("activations f32");
    IndexOptions other = IndexOptions.DEFAULT.withNumbers("activations bf16");
    open(new Told(), exact).close();
    open(new Told(), exact).close();
    open(new Told(), IndexOptions.DEFAULT).close();
    assertThatThrownBy(() -> open(new Told(), other))
        .isInstanceOf(SearchException.class)
        .hasMessage(
            index
                + ": holds vectors made with activations f32, not with activations bf16; go on as"
                + " it was begun, or name another folder");
    Path manifest = index.resolve(Manifest.FILE);
    Files.writeString(
        manifest, Files.readString(manifest).replace(",\"numbers\":\"activations f32\"", ""));
    assertThat(Files.readString(manifest)).doesNotContain("numbers");
    open(new Told(), other).close();
  }

  @Test
  void oneWritesAtATimeAndOthersReadMeanwhile() throws IOException {
    Drawn.index(index, model, photos);
    try (Indexer first = open(new Told(), IndexOptions.DEFAULT)) {
      assertThatThrownBy(() -> Drawn.index(index, model, photos))
          .isInstanceOf(SearchException.class)
          .hasMessage(
              index
                  + ": is being written to by another 'internvl index'; wait until that has ended");
      Pictures.writePng(Drawn.picture(30), photos.resolve("z.png"));
      try (Index before = Index.open(index)) {
        first.update(List.of(photos));
        try (Index after = Index.open(index)) {
          assertThat(before.pictures()).isEqualTo(7);
          assertThat(before.nearest(Drawn.pixels(Drawn.picture(30)), 9)).hasSize(7);
          assertThat(after.pictures()).isEqualTo(8);
          first.compact();
          assertThat(after.nearest(Drawn.pixels(Drawn.picture(30)), 1).getFirst().cosine())
              .isEqualTo(1);
        }
      }
    }
    assertThat(Drawn.index(index, model, photos).unchanged()).isEqualTo(8);
  }

  @Test
  void aFolderOfOtherThingsIsLeftAlone() {
    assertThatThrownBy(() -> Drawn.index(photos, model, photos))
        .isInstanceOf(SearchException.class)
        .hasMessageStartingWith(photos + ": is no index, and holds 00");
    assertThat(Drawn.bytes(photos)).hasSize(7);
  }

  @Test
  void compactingKeepsWhatLives() throws IOException {
    Files.write(photos.resolve("bad.png"), new byte[] {1});
    Drawn.index(index, model, photos);
    Files.copy(photos.resolve("0005.png"), photos.resolve("copy.png"));
    for (int seed = 0; seed < 3; seed++) {
      Files.delete(photos.resolve("000" + seed + ".png"));
    }
    List<Hit> before;
    Drawn.index(index, model, photos);
    try (Index found = Index.open(index)) {
      before = found.nearest(Drawn.pixels(Drawn.picture(3)), 9);
    }
    try (Indexer indexer = open(new Told(), IndexOptions.DEFAULT)) {
      indexer.compact();
      assertThat(indexer.update(List.of(photos))).isEqualTo(new Indexed(5, 0, 0, 6, 1, 0));
    }
    Map<String, byte[]> files = Drawn.bytes(index);
    assertThat(files).containsOnlyKeys("index.json", "log-2", "vectors-2.f32");
    assertThat(files.get("vectors-2.f32")).hasSize(4 * 4 * Drawn.DIMENSION);
    try (Index found = Index.open(index)) {
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(3)), 9)).isEqualTo(before).hasSize(5);
    }
  }

  @Test
  void whoWasStoppedWhileCompactingLeftTheOldIndex() throws IOException {
    Drawn.index(index, model, photos);
    Map<String, byte[]> before = Drawn.bytes(index);
    Files.write(index.resolve("log-2"), new byte[40]);
    Files.write(index.resolve("vectors-2.f32"), new byte[40]);
    Files.write(index.resolve("index.json.part"), new byte[4]);
    assertThat(Drawn.index(index, model, photos).unchanged()).isEqualTo(7);
    Files.delete(index.resolve("index.json.part"));
    assertThat(Drawn.bytes(index)).containsExactlyInAnyOrderEntriesOf(before);
  }

  @Test
  void oneThatWasStoppedGoesOn() throws IOException {
    Indexer[] running = new Indexer[1];
    IndexListener stopping =
        new Told() {
          @Override
          public void done(int done, int total) {
            if (done == 3) {
              running[0].stop();
            }
          }
        };
    try (Indexer indexer = open(stopping, IndexOptions.DEFAULT)) {
      running[0] = indexer;
      assertThatThrownBy(() -> indexer.update(List.of(photos)))
          .isInstanceOf(CancellationException.class);
    }
    assertThat(model.embedded).isEqualTo(3);
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(7, 4, 0, 3, 0, 0));
  }

  @Test
  void whatNeedsMoreMemoryThanThereIsIsNoPicture() throws IOException {
    int side = 1000; // 12 MB while it is decoded
    Pictures.writePng(
        Picture.ofRgb(side, side, new byte[3 * side * side]), photos.resolve("0003.png"));
    Iterator<Map.Entry<String, Stamp>> files =
        PictureFolders.of(List.of(photos), new TreeSet<>(), new Told())
            .files()
            .entrySet()
            .iterator();
    try (ReadAhead ahead =
        new ReadAhead(files, PictureOptions.DEFAULT, new DecodingMemory(1 << 20), _ -> false)) {
      for (int i = 0; i < 7; i++) {
        ReadAhead.Looked looked = ahead.next();
        if (i == 3) {
          assertThat(looked.why())
              .startsWith(
                  "needs 12 MiB of memory to be decoded, and there are 1 MiB; shrink it, or");
          assertThat(looked.hash()).isNull(); // it is tried again
        } else {
          assertThat(looked.picture()).isNotNull();
        }
      }
    }
  }

  @Test
  void whereALinkMayNotBeFollowedWhatWasThereStays() throws IOException {
    Path linked = photos.resolve("linked.png");
    Path target = Files.move(photos.resolve("0003.png"), temp.resolve("target.png"));
    Files.createSymbolicLink(linked, target);
    Drawn.index(index, model, photos);
    Files.delete(linked);
    Files.createSymbolicLink(linked, linked.getFileName()); // to itself
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(7, 0, 0, 6, 1, 0));
    Files.delete(linked);
    Files.createSymbolicLink(linked, temp.resolve("nowhere.png"));
    assertThat(Drawn.index(index, model, photos).gone()).isEqualTo(1);
  }
}
