package org.internvl4j.media.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.internvl4j.models.image.FrameSampler;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What ffmpeg decodes: with the real one where it is, and with stand-ins that answer wrongly.
class FfmpegTest {
  private static final @Nullable String TOLD = System.getProperty("internvl4j.ffmpeg");
  private static final int DIFFERENCE = 3; // levels; swscale's fast conversion rounds down

  private static final String READ =
      "only MP4 with H.264 of common kinds (8 bits, 4:2:0, progressive) is read";

  @TempDir Path folder;

  @AfterEach
  void restore() {
    if (TOLD == null) {
      System.clearProperty("internvl4j.ffmpeg");
    } else {
      System.setProperty("internvl4j.ffmpeg", TOLD);
    }
  }

  private static Ffmpeg real() {
    Ffmpeg ffmpeg = Ffmpeg.find();
    assumeTrue(ffmpeg != null, "no ffmpeg and ffprobe on PATH");
    return ffmpeg;
  }

  @ParameterizedTest
  @ValueSource(strings = {"small.webm", "small.avi", "hevc.mp4", "temporal.mp4"})
  void otherKindsAreItsOwn(String clip) {
    real();
    try (Video video = Video.open(Clips.ours(clip))) {
      assertThat(video.decoder()).startsWith("ffmpeg (");
      assertThat(video.frameCount()).isEqualTo(clip.endsWith("avi") ? 10 : 25);
      assertThat(video.framesPerSecond()).isEqualTo(25);
      List<Picture> all = video.frames(IntStream.range(0, video.frameCount()).toArray());
      assertThat(all).allMatch(frame -> frame.width() == 112 && frame.height() == 80);
      assertThat(all).doesNotHaveDuplicates();
      assertThat(video.frames(7, 3)).containsExactly(all.get(7), all.get(3));
    }
  }

  @Test
  void itsFramesAreThoseOfThisProcessButForRounding() {
    Ffmpeg ffmpeg = real();
    for (String clip : Clips.OURS) {
      compare(ffmpeg, Clips.ours(clip));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cup.mp4", "box.mp4"})
  void itsFramesOfRealFilesAreThoseOfThisProcessButForRounding(String clip) {
    compare(real(), Clips.real(clip, folder));
  }

  private static void compare(Ffmpeg ffmpeg, Path file) {
    try (Video here = Video.open(file);
        Video there = FfmpegVideo.open(ffmpeg, file, file.toString(), VideoOptions.DEFAULT)) {
      assertThat(here).isInstanceOf(Mp4Video.class);
      assertThat(there.frameCount()).isEqualTo(here.frameCount());
      int[] sampled = FrameSampler.uniform(here.frameCount(), 8);
      List<Picture> ours = here.frames(sampled);
      List<Picture> theirs = there.frames(sampled);
      for (int i = 0; i < sampled.length; i++) {
        assertThat(theirs.get(i)).hasToString(ours.get(i).toString());
        assertThat(difference(ours.get(i).rgb(), theirs.get(i).rgb()))
            .as("%s, frame %d", file.getFileName(), sampled[i])
            .isLessThanOrEqualTo(DIFFERENCE);
      }
    }
  }

  private static int difference(byte[] a, byte[] b) {
    int most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs((a[i] & 255) - (b[i] & 255)));
    }
    return most;
  }

  @Test
  void withoutItTheSentenceSaysWhatTheFileIs() {
    System.setProperty("internvl4j.ffmpeg", folder.toString());
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm")))
        .isInstanceOf(VideoException.class)
        .hasMessageEndingWith(
            "small.webm: is Matroska or WebM; without ffmpeg, which was not found on PATH, "
                + READ
                + "; install ffmpeg or convert the video");
    assertThatThrownBy(() -> Video.open(Clips.ours("small.avi"))).hasMessageContaining(": is AVI;");
    assertThatThrownBy(() -> Video.open(Clips.ours("hevc.mp4")))
        .hasMessageContaining(": is MP4 with HEVC; without ffmpeg");
    assertThatThrownBy(() -> Video.open(Clips.ours("temporal.mp4")))
        .hasMessageContaining(
            ": is MP4 with H.264 of a rare kind (motion that is predicted in time); without");
  }

  @Test
  void whereItMayNotBeUsedTheSentenceSaysSo() throws IOException {
    VideoOptions alone = VideoOptions.DEFAULT.withExternal(false);
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm"), alone))
        .hasMessageEndingWith(
            "small.webm: is Matroska or WebM; without ffmpeg, which may not be used here, "
                + READ
                + "; convert the video to that");
    Path text = Files.writeString(folder.resolve("a.txt"), "I am no video.");
    assertThatThrownBy(() -> Video.open(text, "video", alone))
        .hasMessage(
            "video: is of no kind that is known here (it begins with 49 20 61 6d 20 6e 6f 20); without ffmpeg, which may not be used here, "
                + READ
                + "; convert the video to that");
  }

  /// Writes programs in the shell's language that stand in for the two.
  private void standIns(String ffprobe, String ffmpeg) throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no shell to write stand-ins for");
    Files.writeString(folder.resolve("ffprobe"), "#!/bin/sh\n" + ffprobe);
    Files.writeString(folder.resolve("ffmpeg"), "#!/bin/sh\n" + ffmpeg);
    for (String program : List.of("ffprobe", "ffmpeg")) {
      Files.setPosixFilePermissions(
          folder.resolve(program), PosixFilePermissions.fromString("rwx------"));
    }
    System.setProperty("internvl4j.ffmpeg", folder.toString());
  }

  private static final String TWO_FRAMES =
      """
      echo 'packets.packet.0.flags="K__"'; echo 'packets.packet.1.flags="___"'
      echo 'packets.packet.2.flags="_D_"'
      echo 'streams.stream.0.codec_name="odd"'; echo 'streams.stream.0.width=2'
      echo 'streams.stream.0.height=1'; echo 'streams.stream.0.avg_frame_rate="30/1"'
      """;

  @Test
  void namesTheFileSafelyAndAllowsItAlone() throws IOException {
    Path odd = Files.copy(Clips.ours("small.webm"), folder.resolve("-i $(touch x); 'a.webm"));
    Path seen = folder.resolve("seen");
    String tell = "for a; do echo \"$a\"; done >>'" + seen + "'\n";
    standIns(tell + TWO_FRAMES, tell + "printf abcdefABCDEF");
    try (Video video = Video.open(odd)) {
      assertThat(video.frameCount()).isEqualTo(2);
      assertThat(video.framesPerSecond()).isEqualTo(30);
      assertThat(video.frames(0, 1))
          .extracting(frame -> new String(frame.rgb(), java.nio.charset.StandardCharsets.US_ASCII))
          .containsExactly("abcdef", "ABCDEF");
    }
    List<String> said = Files.readAllLines(seen);
    assertThat(said)
        .containsSequence("-protocol_whitelist", "file,pipe", "-format_whitelist")
        .containsSequence("-i", "file:" + odd.toAbsolutePath())
        .contains("-nostdin", "0:V:0");
    assertThat(folder.resolve("x")).doesNotExist();
  }

  @Test
  void saysWhatItComplainsOf() throws IOException {
    standIns("echo '[odd @ 0x5] cannot do this' >&2; echo more >&2; exit 1", "");
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm")))
        .isInstanceOf(VideoException.class)
        .hasMessageEndingWith("small.webm: ffmpeg cannot decode it: cannot do this");
    standIns("for a; do last=\"$a\"; done; echo \"$last: is odd\" >&2; exit 1", "");
    Path clip = Clips.ours("small.webm");
    assertThatThrownBy(() -> Video.open(clip, "video", VideoOptions.DEFAULT))
        .hasMessage("video: ffmpeg cannot decode it: video: is odd");
  }

  @Test
  void refusesNonsenseThatItTells() throws IOException {
    standIns("echo hello", "");
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm")))
        .hasMessageEndingWith("small.webm: ffmpeg finds no pictures in it, expected a video");
    standIns(TWO_FRAMES.replace("width=2", "width=2000000000"), "");
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm")))
        .hasMessageContaining("2000000000 x 1 pixels, more than the limit of 36000000");
    standIns(TWO_FRAMES.replace("height=1", "height=-1"), "");
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm")))
        .hasMessageContaining("2 frames of 2 x -1 pixels, expected at least one of 1 x 1");
  }

  @Test
  void noticesFramesThatDoNotCome() throws IOException {
    standIns(TWO_FRAMES, "printf abcdefAB");
    try (Video video = Video.open(Clips.ours("small.webm"))) {
      assertThatThrownBy(() -> video.frames(0, 1))
          .isInstanceOf(VideoException.class)
          .hasMessageEndingWith(
              "the header says 2 frames, but frame 1 cannot be decoded; the file is damaged or cut off");
    }
  }

  @Test
  void isStoppedAtTheDeadline() throws IOException {
    standIns("exec sleep 600", "");
    VideoOptions hasty = VideoOptions.DEFAULT.withDeadline(Duration.ofMillis(300));
    assertThatThrownBy(() -> Video.open(Clips.ours("small.webm"), hasty))
        .isInstanceOf(VideoException.class)
        .hasMessageEndingWith(
            "ffmpeg takes longer than 0 s; ask for fewer frames or raise the deadline");
  }

  @Test
  void isStoppedByAnInterruptAndByAListener() throws IOException {
    standIns(TWO_FRAMES, "echo $$ >'" + folder + "/pid'; printf abcdef; exec sleep 600");
    try (Video video = Video.open(Clips.ours("small.webm"))) {
      assertThatThrownBy(() ->
              video.frames(
                  new int[] {0, 1},
                  (done, total) -> {
                    throw new CancellationException("enough");
                  }))
          .isInstanceOf(CancellationException.class)
          .hasMessage("enough");
      assertGone();
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> video.frames(0, 1)).isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private void assertGone() throws IOException {
    long pid = Long.parseLong(Files.readString(folder.resolve("pid")).strip());
    ProcessHandle.of(pid).ifPresent(process -> process.onExit().join());
  }
}
