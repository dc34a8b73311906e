package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Tiles that go through the tower together, in recorded passes, against tiles that go alone,
/// kernel after kernel.
class VisionStepTest {
  private static final String DEMO = "demo";

  /// Pairs, of which the smallest network's projector has eight rows: as many as go one way. The
  /// demo's tiles have enough rows for three.
  @ParameterizedTest(name = "{0} on {1}, {2} together")
  @CsvSource({
    "internvl2-1b, cpu, 2",
    "internvl2-1b, reference, 2",
    "internvl2-1b, cuda, 2",
    "internvl2-1b, 'cuda:0,1,2,3', 2",
    "internvl2-1b-resized, cuda, 2",
    "internvl-chat-v1-1, cuda, 2",
    "internvl-chat-v1-1, 'cuda:0,1,2,3', 2",
    "internvl-chat-v1-1, 'cuda:1,0', 2",
    "demo, cpu, 3",
  })
  void tilesTogetherHaveTheBitsOfTilesAlone(String fixture, String device, int count) {
    try (VisionLanguageModel model = open(fixture, device);
        TilePixels pixels = new TilePixels(model.device());
        Workspace steps = new Workspace(model.device(), "test")) {
      Tiles tiles = tiles(model, 2 * count);
      List<float[]> alone = model.imageTokens(tiles).tiles();
      VisionStep together = new VisionStep(model.net(), steps, count);
      for (int from : new int[] {0, count, 1}) { // the first time it is recorded
        float[] seen = together.run(some(tiles, from, count), pixels).toFloats();
        int size = seen.length / count;
        for (int i = 0; i < count; i++) {
          float[] found = new float[size];
          System.arraycopy(seen, i * size, found, 0, size);
          TensorAssert.assertSameBits(
              "tile %d of those from %d".formatted(i, from), found, alone.get(from + i));
        }
      }
    }
  }

  /// Tiles that the device makes, of two pictures in one step, against those that Java makes.
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference", "cuda"})
  void tilesMadeOnTheDeviceHaveTheBitsOfThoseMadeInJava(String device) {
    try (VisionLanguageModel model = open("internvl2-1b", device);
        TilePixels pixels = new TilePixels(model.device());
        Workspace steps = new Workspace(model.device(), "test")) {
      Tiling tiling = Tiling.of(model.config().forceImageSize(), 4);
      List<float[]> ones = model.imageTokens(tiling.cut(picture(1))).tiles();
      List<float[]> twos = model.imageTokens(tiling.cut(picture(2))).tiles();
      assertThat(ones.size()).isGreaterThan(1);
      List<Prompt.Tile> both = some(tiling.cut(picture(1)), ones.size() - 1, 1);
      both.addAll(some(tiling.cut(picture(2)), 0, 2));
      float[] seen = new VisionStep(model.net(), steps, 3).run(both, pixels).toFloats();
      float[] last = ones.getLast();
      assertThat(Arrays.copyOf(seen, last.length)).isEqualTo(last);
      assertThat(Arrays.copyOfRange(seen, last.length, 2 * last.length)).isEqualTo(twos.get(0));
      assertThat(Arrays.copyOfRange(seen, 2 * last.length, 3 * last.length)).isEqualTo(twos.get(1));
    }
  }

  /// Steps for other numbers of tiles and everything else of a session use the same memory.
  @Test
  void aStepDoesNotMindWhatItsMemoryWasUsedFor() {
    try (VisionLanguageModel model = open("internvl2-1b", "cuda");
        TilePixels pixels = new TilePixels(model.device());
        Workspace steps = new Workspace(model.device(), "test")) {
      Tiles tiles = tiles(model, 2);
      List<float[]> alone = model.imageTokens(tiles).tiles();
      Workspace.Mark start = steps.mark();
      VisionStep two = new VisionStep(model.net(), steps, 2);
      two.run(some(tiles, 0, 2), pixels);
      long bytes = steps.allocatedBytes();
      steps.reset(start);
      VisionStep one = new VisionStep(model.net(), steps, 1);
      one.run(some(tiles, 0, 1), pixels);
      Tensor other = steps.activations(1000);
      other.fromHost(MemorySegment.ofArray(new byte[2000]));
      float[] both = two.run(some(tiles, 0, 2), pixels).toFloats();
      assertThat(both).startsWith(alone.get(0)).endsWith(alone.get(1));
      assertThat(one.run(some(tiles, 1, 1), pixels).toFloats()).isEqualTo(alone.get(1));
      assertThat(steps.allocatedBytes()).isEqualTo(bytes);
    }
  }

  /// Two pictures of thirteen tiles: as many as go together at most.
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "cuda"})
  void everyTileIsCountedAndCancelledOnesAreEncodedLater(String device) {
    int together = device.equals("cuda") ? 13 : 1;
    try (VisionLanguageModel model = open("internvl2-1b", device);
        Conversation conversation = model.conversation()) {
      Question question = Question.of("What is it?", picture(1), picture(2));
      Counter cancelled = new Counter(conversation::cancel);
      Answer first = conversation.ask(question, Generation.GREEDY, cancelled);
      assertThat(first.finish()).isEqualTo(Answer.Finish.CANCELLED);
      assertThat(cancelled.done).isEqualTo(upTo(together));
      Counter counter = new Counter(() -> {});
      Answer second = conversation.ask(question, Generation.GREEDY.withMaxNewTokens(4), counter);
      assertThat(counter.done).isEqualTo(upTo(26 - together));
      assertThat(second.usage().encodedTiles()).isEqualTo(26 - together);
      assertThat(second.plainText())
          .isEqualTo(
              model
                  .ask(question, Generation.GREEDY.withMaxNewTokens(4), AnswerListener.NONE)
                  .plainText());
    }
  }

  private static List<Integer> upTo(int count) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      numbers.add(i);
    }
    return numbers;
  }

  /// Hears of tiles, and does something at the first.
  private static final class Counter implements AnswerListener {
    private final Runnable atFirst;
    private final List<Integer> done = new ArrayList<>();

    Counter(Runnable atFirst) {
      this.atFirst = atFirst;
    }

    @Override
    public void text(String piece) {}

    @Override
    public void tileEncoded(int done, int total) {
      this.done.add(done);
      if (done == 1) {
        atFirst.run();
      }
    }
  }

  private static Picture picture(int seed) {
    byte[] rgb = new byte[3 * 224 * 168]; // 4 by 3 tiles, and the thumbnail
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(224, 168, rgb);
  }

  private static Tiles tiles(VisionLanguageModel model, int count) {
    int side = model.config().forceImageSize();
    float[] pixels = new float[count * 3 * side * side];
    Random random = new Random(5);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return Tiles.ofPixels(pixels, count, side);
  }

  private static List<Prompt.Tile> some(Tiles tiles, int from, int count) {
    List<Prompt.Tile> some = new ArrayList<>();
    for (int i = from; i < from + count; i++) {
      some.add(new Prompt.Tile(tiles, i, "tile " + i));
    }
    return some;
  }

  private static VisionLanguageModel open(String fixture, String device) {
    if (device.startsWith("cuda")) {
      assumeTrue(
          Files.exists(Path.of(System.getProperty("internvl4j.cuda.library"))),
          "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    }
    Path folder =
        fixture.equals(DEMO)
            ? Fixtures.home().resolve("demo/src/main/resources/org/internvl4j/demo/model")
            : Fixtures.folder(fixture);
    return VisionLanguageModel.open(
        Checkpoint.open(folder),
        OpenOptions.DEFAULT.withDevice(device).withThreads(2).withWholeTower().withoutCache());
  }
}
