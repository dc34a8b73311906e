package org.internvl4j.media.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.internvl4j.models.image.FrameSampler;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// MP4 with H.264 against what FFmpeg decodes, bit for bit, and the frames that the reference shows
/// a model.
class FramesTest {
  static final List<String> OURS = Clips.OURS;
  static final List<String> REAL = Clips.REAL;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("OURS")
  void everySampleOfEveryFrameIsFfmpegs(String clip) {
    compare(clip, Clips.ours(clip));
  }

  @ParameterizedTest
  @FieldSource("REAL")
  void everySampleOfEveryFrameOfRealFilesIsFfmpegs(String clip) {
    compare(clip, Clips.real(clip, folder));
  }

  private static void compare(String clip, Path file) {
    List<String> expected = Clips.sums(clip);
    try (Mp4Video video = open(file)) {
      assertThat(video.frameCount()).isEqualTo(expected.size());
      Map<Integer, String> found = new TreeMap<>();
      int[] all = IntStream.range(0, expected.size()).toArray();
      video.decode(all, (frame, planes) -> found.put(frame, sum(planes)));
      assertThat(found.values()).containsExactlyElementsOf(expected);
    }
  }

  private static Mp4Video open(Path file) {
    return (Mp4Video) Video.open(file, VideoOptions.DEFAULT.withExternal(false));
  }

  private static String sum(Planes planes) {
    try {
      MessageDigest sum = MessageDigest.getInstance("MD5");
      sum.update(planes.luma());
      sum.update(planes.blue());
      sum.update(planes.red());
      return HexFormat.of().formatHex(sum.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /// Indices as the reference's `get_index` names them, frames as FFmpeg decodes them.
  @Test
  void theFramesThatAModelSeesAreTheReferences() {
    for (List<String> row : Clips.sampled()) {
      String clip = row.getFirst();
      int[] indices = row.stream().skip(3).mapToInt(Integer::parseInt).toArray();
      String[] rate = row.get(2).split("/", -1);
      try (Mp4Video video = open(Clips.ours(clip))) {
        assertThat(video.frameCount()).as(clip).isEqualTo(Integer.parseInt(row.get(1)));
        assertThat(video.framesPerSecond())
            .isCloseTo(Double.parseDouble(rate[0]) / Double.parseDouble(rate[1]), within(1e-9));
        assertThat(FrameSampler.uniform(video.frameCount(), indices.length))
            .as(clip)
            .containsExactly(indices);
        List<String> sums = Clips.sums(clip);
        Map<Integer, Picture> seen = new TreeMap<>();
        video.decode(
            indices,
            (frame, planes) -> {
              assertThat(sum(planes)).as("%s, frame %d", clip, frame).isEqualTo(sums.get(frame));
              seen.put(frame, planes.picture(Colours.UNKNOWN));
            });
        assertThat(video.sample(indices.length, FrameListener.NONE))
            .containsExactlyElementsOf(seen.values());
      }
    }
  }

  /// Numbers of the sampling rule written out: `trunc(seg / 2 + rint(seg · k))`.
  @Test
  void theFramesThatAModelSeesOfRealFilesAreTheReferences() {
    assertThat(FrameSampler.uniform(217, 8)).containsExactly(13, 40, 67, 94, 121, 148, 175, 202);
    assertThat(FrameSampler.uniform(455, 8)).containsExactly(28, 85, 142, 198, 255, 312, 368, 425);
    for (String clip : REAL) {
      try (Video video = Video.open(Clips.real(clip, folder))) {
        List<Integer> heard = new ArrayList<>();
        List<Picture> sampled = video.sample(8, (done, total) -> heard.add(done * 100 + total));
        assertThat(sampled)
            .isEqualTo(video.frames(FrameSampler.uniform(video.frameCount(), 8)))
            .allMatch(frame -> frame.width() == 640 && frame.height() == 480);
        assertThat(heard).containsExactly(108, 208, 308, 408, 508, 608, 708, 808);
      }
    }
  }

  @ParameterizedTest
  @FieldSource("OURS")
  void framesInAnyOrderAreThoseOfTheWholeClip(String clip) {
    Random random = new Random(7);
    try (Video video = open(Clips.ours(clip))) {
      List<Picture> all = video.frames(IntStream.range(0, video.frameCount()).toArray());
      int[] any = random.ints(12, 0, video.frameCount()).toArray();
      List<Picture> expected = IntStream.of(any).mapToObj(all::get).toList();
      assertThat(video.frames(any)).isEqualTo(expected);
      for (int i : any) {
        assertThat(video.frames(i)).containsExactly(all.get(i));
      }
    }
  }

  @Test
  void tellsWhatTheFileIs() {
    try (Video video = open(Clips.ours("reordered.mp4"))) {
      assertThat(video.frameCount()).isEqualTo(50);
      assertThat(video.framesPerSecond()).isEqualTo(25);
      assertThat(video.duration()).hasSeconds(2);
      assertThat(video.width()).isEqualTo(110);
      assertThat(video.height()).isEqualTo(78);
      assertThat(video.decoder()).isEqualTo("H.264");
      assertThat(video.frames()).isEmpty();
    }
  }

  @Test
  void turnsFramesUpright() {
    try (Video turned = open(Clips.ours("turned.mp4"));
        Video lying = open(Clips.ours("reordered.mp4"))) {
      assertThat(turned.width()).isEqualTo(78);
      Picture upright = turned.frames(9).getFirst();
      Picture flat = lying.frames(9).getFirst();
      assertThat(upright).hasToString("picture of 78 x 110");
      // as FFmpeg turns it: against the clock
      assertThat(upright.crop(20, 109 - 30, 1, 1)).isEqualTo(flat.crop(30, 20, 1, 1));
      for (int turns = 0; turns < 4; turns++) {
        Picture there = QuarterTurn.turned(flat, turns);
        assertThat(QuarterTurn.turned(there, (4 - turns) % 4)).isEqualTo(flat);
      }
    }
  }

  @Test
  void shortClipsRepeatFrames() {
    try (Video video = open(Clips.ours("edited.mp4"))) {
      List<Picture> sampled = video.sample(60, FrameListener.NONE);
      assertThat(sampled).hasSize(60);
      assertThat(sampled.stream().distinct().count()).isLessThanOrEqualTo(video.frameCount());
    }
  }

  @Test
  void refusesFramesThatAreNotThereAndTooManyAtOnce() {
    VideoOptions small = VideoOptions.DEFAULT.withMaxMemory(60_000);
    try (Video video = Video.open(Clips.ours("reordered.mp4"), small)) {
      assertThatThrownBy(() -> video.frames(50))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("reordered.mp4: there is no frame 50, it has frames 0 to 49");
      assertThatThrownBy(() -> video.frames(1, 2, 3))
          .isInstanceOf(VideoException.class)
          .hasMessageContaining("3 frames of 110 x 78 pixels take 0 MiB, more than the limit of");
      assertThat(video.frames(1, 2, 1)).hasSize(3);
    }
  }

  @Test
  void greysAndPrimariesAreTheFormulas() {
    assertThat(pixel(16, 128, 128, false, 2)).containsExactly(0, 0, 0);
    assertThat(pixel(235, 128, 128, false, 1)).containsExactly(255, 255, 255);
    assertThat(pixel(126, 128, 128, false, 9)).containsExactly(128, 128, 128);
    assertThat(pixel(77, 77, 77, true, 1)).containsExactly(0, 110, 0);
    assertThat(pixel(81, 90, 240, false, 2)).containsExactly(254, 0, 0); // red of BT.601
    assertThat(pixel(63, 102, 240, false, 1)).containsExactly(255, 1, 0); // red of BT.709
    assertThat(pixel(41, 240, 110, false, 6)).containsExactly(0, 0, 255);
  }

  private static int[] pixel(int luma, int blue, int red, boolean full, int matrix) {
    Planes planes =
        new Planes(
            1, 1, new byte[] {(byte) luma}, new byte[] {(byte) blue}, new byte[] {(byte) red});
    byte[] rgb = planes.picture(new Colours(matrix, full)).rgb();
    return new int[] {rgb[0] & 255, rgb[1] & 255, rgb[2] & 255};
  }
}
