package org.internvl4j.media.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Files that are no videos, cut off, with bits flipped or made to hurt: what comes back is frames
/// or one sentence, never anything else. `-Dinternvl4j.damage=N` tries N variants of each clip.
class DamagedVideosTest {
  private static final int VARIANTS = Integer.getInteger("internvl4j.damage", 60);
  private static final VideoOptions LIMITS =
      VideoOptions.DEFAULT.withExternal(false).withMaxPixels(1_000_000).withMaxFrames(10_000);
  static final List<String> OURS = Clips.OURS;

  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("clip.mp4"), bytes);
  }

  private void assertRefused(byte[] bytes, String message) throws IOException {
    Path file = file(bytes);
    assertThatThrownBy(() -> Video.open(file, LIMITS).frames(0))
        .isInstanceOf(VideoException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesWhatIsNoVideo() throws IOException {
    assertRefused(new byte[0], "the file is empty, expected a video");
    assertRefused(
        "just some text".getBytes(StandardCharsets.US_ASCII),
        "is of no kind that is known here (it begins with 6a 75 73 74 20 73 6f 6d); without ffmpeg, which");
    assertRefused(new byte[] {0, 0, 0, 8, 'f', 't', 'y', 'p'}, "has no MP4 header (moov)");
    assertThatThrownBy(() -> Video.open(folder))
        .hasMessage(folder + ": is a folder, expected a video file");
    Path none = folder.resolve("none.mp4");
    assertThatThrownBy(() -> Video.open(none)).hasMessage(none + ": there is no such file");
  }

  @Test
  void refusesWhatIsAboveALimit() throws IOException {
    Path clip = Clips.ours("reordered.mp4");
    assertThatThrownBy(() -> Video.open(clip, LIMITS.withMaxBytes(1000)))
        .hasMessageContaining("bytes long, more than the limit of 1000; cut the video");
    assertThatThrownBy(() -> Video.open(clip, LIMITS.withMaxPixels(5000)))
        .hasMessageContaining("110 x 78 pixels, more than the limit of 5000; make the video");
    assertThatThrownBy(() -> Video.open(clip, LIMITS.withMaxFrames(49)))
        .hasMessageContaining("50 frames, more than the limit of 49; cut the video or raise");
    assertThatThrownBy(() -> LIMITS.withMaxFrames(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tellsWhereAFileIsCutOff() throws IOException {
    byte[] whole = Files.readAllBytes(Clips.ours("reordered.mp4"));
    assertRefused(Arrays.copyOf(whole, 500), "it looks cut off");
    try (Video video = Video.open(file(Arrays.copyOf(whole, whole.length - 900)), LIMITS)) {
      assertThat(video.frames(0)).hasSize(1);
      assertThatThrownBy(() -> video.frames(49))
          .isInstanceOf(VideoException.class)
          .hasMessageMatching(
              ".*: the file has \\d+ bytes, frame \\d+ ends at byte \\d+; it looks cut off");
    }
  }

  /// Counts and sizes of four gigabytes, in every place where the header might have one.
  @Test
  void hugeNumbersInTheHeaderAreAnswered() throws IOException {
    byte[] whole = Files.readAllBytes(Clips.ours("slices.mp4"));
    int header = indexOf(whole, "moov");
    int end = header + ByteBuffer.wrap(whole).getInt(header - 4) - 4;
    for (int at = header + 4; at < end - 4; at += 2) {
      byte[] damaged = whole.clone();
      ByteBuffer.wrap(damaged).putInt(at, at % 4 == 0 ? -1 : Integer.MAX_VALUE);
      assertAnswered(damaged, "bytes at " + at);
    }
  }

  private static int indexOf(byte[] bytes, String latin1) {
    return new String(bytes, StandardCharsets.ISO_8859_1).indexOf(latin1);
  }

  @ParameterizedTest(name = "{0}, seed 81")
  @FieldSource("OURS")
  void damageIsAnsweredByFramesOrOneSentence(String clip) throws IOException {
    byte[] whole = Files.readAllBytes(Clips.ours(clip));
    Random random = new Random(81);
    for (int variant = 0; variant < VARIANTS; variant++) {
      assertAnswered(damage(whole, random, variant), "variant " + variant + " of " + clip);
    }
  }

  private static byte[] damage(byte[] whole, Random random, int variant) {
    if (variant % 4 == 0) {
      return Arrays.copyOf(whole, random.nextInt(whole.length));
    }
    byte[] damaged = whole.clone();
    for (int flips = 1 + random.nextInt(variant % 4 == 1 ? 3 : 40); flips > 0; flips--) {
      int at = random.nextInt(variant % 4 == 3 ? Math.min(2500, whole.length) : whole.length);
      damaged[at] = (byte) (variant % 8 < 4 ? random.nextInt() : damaged[at] ^ 1 << flips % 8);
    }
    return damaged;
  }

  private void assertAnswered(byte[] bytes, String what) throws IOException {
    try (Video video = Video.open(file(bytes), LIMITS)) {
      int frames = Math.min(video.frameCount(), 60);
      assertThat(video.frames(IntStream.range(0, frames).toArray())).hasSize(frames);
    } catch (VideoException e) {
      assertThat(e.getMessage()).as(what).startsWith(folder.toString()).doesNotContain("\n");
    } catch (RuntimeException | Error e) {
      fail(what, e);
    }
  }

  /// Nor one of what was thrown, which says nothing to who sees it.
  @Test
  void noMessageIsTheNameOfAClass() {
    String end =
        "; the file is damaged or of a rare kind, convert it with ffmpeg -i IN -pix_fmt yuv420p OUT.mp4";
    assertThat(H264.damaged("a.mp4", "frame 3", new IllegalStateException()))
        .hasMessage("a.mp4: frame 3 cannot be decoded (the decoder does not say why)" + end);
    assertThat(H264.damaged("a.mp4", "frame 3", new IllegalStateException("Index 5\nof 4")))
        .hasMessage("a.mp4: frame 3 cannot be decoded (Index 5)" + end);
  }

  /// A video may lie in a file whose path is nobody's business: its name is all that is said.
  @Test
  void noMessageNamesThePath() {
    FileSystemException full = new FileSystemException("/tmp/secret", null, "Too many open files");
    assertThat(VideoFile.unreadable("video", full))
        .hasMessage("video: cannot be read: Too many open files");
    assertThat(VideoFile.unreadable("video", new FileSystemException("/tmp/secret")))
        .hasMessage("video: cannot be read");
  }
}
