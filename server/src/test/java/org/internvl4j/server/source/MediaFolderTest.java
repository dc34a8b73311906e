package org.internvl4j.server.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.Limits;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// No path leads out of the media folder; those inside are read.
@DisabledOnOs(OS.WINDOWS) // links and pipes are made here
class MediaFolderTest {
  private static final Picture PICTURE = Picture.ofRgb(2, 1, new byte[] {1, 2, 3, 4, 5, 6});

  @TempDir Path temp;
  private Path root;

  @BeforeEach
  void fill() throws IOException, InterruptedException {
    temp = temp.toRealPath();
    root = Files.createDirectories(temp.resolve("media"));
    byte[] png = Pictures.png(PICTURE);
    Files.createDirectories(root.resolve("sub"));
    Files.createDirectories(temp.resolve("media-other"));
    for (String name :
        List.of(
            "secret.png",
            "media-other/secret.png",
            "media/cat.png",
            "media/猫 1.png",
            "media/a%20b.png",
            "media/sub/deep.png")) {
      Files.write(temp.resolve(name), png);
    }
    link("out-link.png", "../secret.png");
    link("chain.png", "sub/out.png");
    link("sub/out.png", temp.resolve("secret.png").toString());
    link("out-folder", temp.toString());
    link("up-link", "..");
    link("loop", "loop");
    link("dangling", "nowhere");
    link("dev-link", "/dev/zero");
    link("in-link.png", "sub/deep.png");
    link("in-folder", root.resolve("sub").toString());
    assertThat(new ProcessBuilder("mkfifo", root.resolve("pipe").toString()).start().waitFor())
        .isZero();
  }

  @AfterEach
  void cut() throws IOException {
    Files.delete(root.resolve("dev-link")); // of which the end of a test would warn
  }

  private void link(String name, String target) throws IOException {
    Files.createSymbolicLink(root.resolve(name), Path.of(target));
  }

  private PictureSource source(Path folder) {
    return new PictureSource(SourceOptions.of(Limits.DEFAULT).withMediaPath(folder));
  }

  @Test
  void noneOfTheTableGetsOut() throws IOException {
    List<List<String>> rows = Table.rows("paths.tsv");
    assertThat(rows).hasSizeGreaterThan(90);
    PictureSource source = source(root);
    for (List<String> row : rows) {
      String path = row.get(0).replace("@ROOT@", root.toString());
      Throwable refusal = catchThrowable(() -> source.open(path));
      assertThat(refusal).as("%s", row).isInstanceOf(PictureRefusedException.class);
      assertThat(((PictureRefusedException) refusal).kind())
          .as("%s", row)
          .isIn(Kind.NOT_ALLOWED, Kind.NOT_FOUND);
      assertThat(refusal.getMessage())
          .as("%s", row)
          .doesNotContain("/tmp", "media/", "\n", "secret");
    }
  }

  @Test
  void whatIsInsideIsRead() throws IOException {
    Path alias = Files.createSymbolicLink(temp.resolve("alias"), root);
    for (String path :
        List.of(
            "cat.png",
            "./cat.png",
            "sub/deep.png",
            "猫 1.png",
            "a%20b.png",
            "in-link.png",
            "in-folder/deep.png",
            root + "/cat.png",
            "file://" + root + "/cat.png",
            "FILE:" + root + "/sub/deep.png",
            "file://localhost" + root + "/in-link.png",
            "file://" + root + "/%E7%8C%AB%201.png",
            "file://" + root + "/a%2520b.png")) {
      assertThat(source(root).open(path).read()).as(path).isEqualTo(PICTURE);
    }
    for (String path : List.of("cat.png", alias + "/cat.png", "file://" + root + "/cat.png")) {
      assertThat(source(alias).open(path).read()).as(path).isEqualTo(PICTURE);
    }
  }

  @Test
  void asksNothingAboutFilesOutside() {
    for (String path : List.of("/etc/passwd", "/no/such/file")) {
      assertThatThrownBy(() -> source(root).open(path))
          .hasMessage("the file does not lie below the folder whose files requests may name");
    }
  }

  @Test
  void refusesEveryFileWithoutAFolder() {
    PictureSource closed = new PictureSource(SourceOptions.of(Limits.DEFAULT));
    for (String path : List.of("cat.png", "/etc/passwd", "file:///etc/passwd", "")) {
      assertThatThrownBy(() -> closed.open(path))
          .isInstanceOfSatisfying(
              PictureRefusedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NOT_ALLOWED))
          .hasMessage(
              "local files are not read by this server unless it is started with --media-path; send the file as a data: URI");
    }
  }

  private interface Swap {
    void run() throws IOException, InterruptedException;
  }

  private void assertSwapRefused(String path, Swap swap) {
    Runnable hook =
        () -> {
          try {
            swap.run();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    MediaFolder folder = new MediaFolder(root, hook);
    assertThatThrownBy(() -> folder.read(FilePath.of(path), 1 << 20))
        .isInstanceOf(PictureRefusedException.class);
  }

  @Test
  void aSwapAfterTheCheckGainsNothing() {
    Path file = root.resolve("cat.png");
    Path folder = root.resolve("sub");
    assertSwapRefused(
        "cat.png",
        () -> {
          Files.delete(file);
          Files.createSymbolicLink(file, temp.resolve("secret.png"));
        });
    assertSwapRefused(
        "sub/deep.png",
        () -> {
          Files.move(folder, root.resolve("moved"));
          Files.write(temp.resolve("media-other/deep.png"), new byte[] {1});
          Files.createSymbolicLink(folder, temp.resolve("media-other"));
        });
    assertSwapRefused(
        "a%20b.png",
        () -> {
          Files.delete(root.resolve("a%20b.png"));
          Files.move(root.resolve("pipe"), root.resolve("a%20b.png"));
        });
  }

  @Test
  void limitsTheLengthAndTellsWhatIsNoPicture() throws IOException {
    Files.write(root.resolve("long.png"), new byte[1001]);
    Files.write(root.resolve("text.png"), "hello".getBytes(StandardCharsets.US_ASCII));
    PictureSource small =
        new PictureSource(SourceOptions.of(Limits.DEFAULT).withMediaPath(root).withBytes(1000));
    assertThatThrownBy(() -> small.open("long.png"))
        .isInstanceOfSatisfying(
            PictureRefusedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_LARGE))
        .hasMessage("the file is longer than the limit of 1000 bytes; shrink it");
    assertThatThrownBy(() -> small.open("text.png"))
        .isInstanceOfSatisfying(
            PictureRefusedException.class, e -> assertThat(e.kind()).isEqualTo(Kind.BROKEN));
  }

  @Test
  void wantsAFolder() {
    assertThatThrownBy(() -> source(root.resolve("cat.png")))
        .hasMessage("--media-path: " + root + "/cat.png: is a file, expected a folder");
    assertThatThrownBy(() -> source(root.resolve("none")))
        .hasMessage("--media-path: " + root + "/none: there is no such folder");
  }
}
