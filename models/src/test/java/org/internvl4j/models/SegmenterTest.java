package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.heads.HeadFiles;
import org.internvl4j.models.heads.HeadFiles.Values;
import org.internvl4j.models.heads.ReferenceHeads;
import org.internvl4j.models.heads.ReferenceHeads.Map3;
import org.internvl4j.models.heads.Segmentation;
import org.internvl4j.models.heads.Windows;
import org.internvl4j.models.heads.Windows.Place;
import org.internvl4j.models.heads.Windows.Size;
import org.internvl4j.models.image.LinearResize;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From a picture to classes of its pixels, on toy towers, against the same written down in double.
class SegmenterTest {
  private static final OpenOptions CPU = OpenOptions.DEFAULT.withDevice("cpu");
  private static final Windows SMALL = new Windows(70, 42, 14);
  private static final Segmenter.Options LOOKING = new Segmenter.Options(SMALL, -1);
  private static final int CLASSES = 5;

  @TempDir Path folder;

  private static Checkpoint toy() {
    return Checkpoint.open(Fixtures.folder("internvl2-26b"));
  }

  private static Segmenter open(Path head) {
    return Segmenter.open(toy(), head, CPU, LOOKING);
  }

  /// Spots of colour: noise alone would be one class everywhere.
  private static Picture picture(int width, int height) {
    Random random = new Random(11);
    byte[] rgb = new byte[3 * width * height];
    byte[] spots = new byte[3 * 100];
    random.nextBytes(spots);
    for (int i = 0; i < rgb.length; i++) {
      int spot = i / 3 / width * 10 / height * 10 + i / 3 % width * 10 / width;
      rgb[i] = (byte) (spots[3 * spot + i % 3] / 2 + random.nextInt(64));
    }
    return Picture.ofRgb(width, height, rgb);
  }

  /// The mean logits of a picture, enlarged to it.
  private static Map3 expected(Segmenter segmenter, Picture picture, Map<String, Values> w) {
    Size scaled = SMALL.scaled(picture.width(), picture.height());
    Size size = SMALL.aligned(scaled);
    Picture small = LinearResize.resize(picture, scaled.width(), scaled.height());
    small = LinearResize.resize(small, size.width(), size.height());
    Map3 sums = new Map3(CLASSES, size.height(), size.width());
    int[] counts = new int[size.height() * size.width()];
    for (Place place : SMALL.places(size)) {
      Picture window = small.crop(place.x(), place.y(), 70, 70);
      Map3 logits = ReferenceHeads.resize(logits(segmenter, window, w), 70, 70);
      for (int i = 0; i < 70 * 70; i++) {
        int at = (place.y() + i / 70) * size.width() + place.x() + i % 70;
        counts[at]++;
        for (int k = 0; k < CLASSES; k++) {
          sums.v()[k * counts.length + at] += logits.v()[k * 4900 + i];
        }
      }
    }
    for (int i = 0; i < sums.v().length; i++) {
      sums.v()[i] /= counts[i % counts.length];
    }
    return ReferenceHeads.resize(sums, picture.height(), picture.width());
  }

  private static Map3 logits(Segmenter segmenter, Picture window, Map<String, Values> w) {
    try (Workspace steps = new Workspace(segmenter.device(), "test")) {
      float[] pixels = Tiles.of(List.of(window), Normalization.IMAGENET).pixels(0);
      List<Tensor> levels =
          segmenter.tower().levels(steps.of(pixels, 1, 3, 70, 70), segmenter.head().blocks());
      Map3[] maps =
          levels.stream().map(x -> Map3.ofPixels(x.toFloats(), 5, 5, 80)).toArray(Map3[]::new);
      return maps.length == 1 ? ReferenceHeads.linear(maps[0], w) : ReferenceHeads.uperNet(maps, w);
    }
  }

  /// Equal wherever the largest logit is larger than the next one by more than the error of f32.
  private static void assertSame(Segmentation found, Map3 expected) {
    int pixels = expected.h() * expected.w();
    int clear = 0;
    boolean[] seen = new boolean[CLASSES];
    for (int i = 0; i < pixels; i++) {
      int best = 0;
      double next = Double.NEGATIVE_INFINITY;
      for (int k = 1; k < CLASSES; k++) {
        double value = expected.v()[k * pixels + i];
        double top = expected.v()[best * pixels + i];
        next = Math.max(next, Math.min(value, top));
        best = value > top ? k : best;
      }
      if (expected.v()[best * pixels + i] - next > 1e-4) {
        assertThat(found.ids()[i]).as("pixel %d", i).isEqualTo((short) best);
        seen[best] = true;
        clear++;
      }
    }
    assertThat(clear).isGreaterThan(pixels * 95 / 100);
    assertThat(seen).contains(true, true);
  }

  @Test
  void equalsTheReferenceWithALinearHead() {
    Map<String, Values> w = HeadFiles.weights("linear.pth");
    try (Segmenter segmenter = open(HeadFiles.file("linear.pth"))) {
      Picture picture = picture(150, 91);
      List<String> heard = new ArrayList<>();
      Segmentation found = segmenter.segment(picture, (done, all) -> heard.add(done + "/" + all));
      assertThat(heard).containsExactly("0/3", "1/3", "2/3", "3/3");
      assertThat(found.width()).isEqualTo(150);
      assertThat(found.height()).isEqualTo(91);
      assertSame(found, expected(segmenter, picture, w));
      double sum = 0;
      for (double share : found.shares()) {
        sum += share;
      }
      assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-12));
    }
  }

  @Test
  void equalsTheReferenceWithUperNet() throws IOException {
    Map<String, Values> w = HeadFiles.weights("upernet.pth");
    Path head = HeadFiles.file("upernet.pth");
    try (Segmenter segmenter =
        Segmenter.open(Towers.ofFourBlocks("internvl2-26b"), head, CPU, LOOKING)) {
      assertThat(segmenter.head().blocks()).containsExactly(0, 1, 2, 3);
      Picture picture = picture(80, 100);
      assertSame(segmenter.segment(picture), expected(segmenter, picture, w));
    }
  }

  @Test
  void saysThatATowerIsTooShortForUperNet() {
    assertThatThrownBy(() -> open(HeadFiles.file("upernet.pth")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("num_hidden_layers: is 3, expected at least 4 for UperNet");
  }

  @Test
  void safetensorsAndTorchFilesGiveTheSame() {
    Path safe =
        HeadFiles.write(HeadFiles.weights("linear.pth"), folder.resolve("head.safetensors"));
    try (Segmenter a = open(HeadFiles.file("linear.pth"));
        Segmenter b = open(safe)) {
      Picture picture = picture(77, 80);
      assertThat(a.segment(picture).ids()).isEqualTo(b.segment(picture).ids());
    }
  }

  /// A tower that was trained along: other weights, positions of its own, and its last block.
  @Test
  void takesTheTowerOfTheHeadsFileIfThereIsOne() {
    Map<String, Values> w = HeadFiles.weights("linear.pth");
    w.putAll(Towers.training("internvl-chat-v1-1", "backbone."));
    Path head = HeadFiles.write(w, folder.resolve("tuned.safetensors"));
    Checkpoint chat = Checkpoint.open(Fixtures.folder("internvl-chat-v1-1"));
    Picture picture = picture(90, 70);
    try (Segmenter both = open(head);
        Segmenter own = Segmenter.open(chat, HeadFiles.file("linear.pth"), CPU, LOOKING)) {
      assertThat(both.head().blocks()).containsExactly(2);
      assertThat(own.head().blocks()).containsExactly(2);
      assertThat(both.segment(picture).ids()).isEqualTo(own.segment(picture).ids());
    }
  }

  @Test
  void namesAMissingBlockOfATowerThatWasTrainedAlong() {
    Map<String, Values> w = HeadFiles.weights("linear.pth");
    w.putAll(Towers.training("internvl-chat-v1-1", "backbone."));
    w.remove("backbone.blocks.1.ls2.gamma");
    Path head = HeadFiles.write(w, folder.resolve("tuned.safetensors"));
    assertThatThrownBy(() -> open(head))
        .hasMessageStartingWith(
            "vision_model.encoder.layers.1.ls2: not in this checkpoint (nearest: ");
  }

  @Test
  void looksAtTheBlockThatIsWanted() {
    Path linear = HeadFiles.file("linear.pth");
    try (Segmenter segmenter = Segmenter.open(toy(), linear, CPU, LOOKING.withBlock(1))) {
      assertThat(segmenter.head().blocks()).containsExactly(1);
      Picture picture = picture(70, 75);
      assertSame(
          segmenter.segment(picture),
          expected(segmenter, picture, HeadFiles.weights("linear.pth")));
    }
    assertThatThrownBy(() -> Segmenter.open(toy(), linear, CPU, LOOKING.withBlock(3)))
        .hasMessage("block: is 3, expected 0 to 2, those of the tower");
    assertThatThrownBy(
            () -> Segmenter.open(toy(), HeadFiles.file("upernet.pth"), CPU, LOOKING.withBlock(1)))
        .hasMessage("block: is 1, but UperNet looks at four; expected it to be left out");
  }

  @Test
  void refusesWindowsOfOtherPatches() {
    assertThatThrownBy(() ->
            Segmenter.open(
                toy(),
                HeadFiles.file("linear.pth"),
                CPU,
                new Segmenter.Options(new Windows(64, 32, 16), -1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("windows: sides are multiples of 16 pixels, expected those of a patch, 14");
  }
}
