package org.internvl4j.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import org.internvl4j.models.Answer;
import org.internvl4j.models.AnswerListener;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.ShapedCheckpoint;

/// A whole model in true shapes, once: load, vision, prefill and decode rates of a picture of 13
/// tiles.
///
/// `java … org.internvl4j.bench.ModelRates INTERNVL2_1B FOLDER [NEW_TOKENS]` writes a random
/// checkpoint into `FOLDER` if there is none, then asks about a picture of noise. The answer means
/// nothing; the time does.
public final class ModelRates {
  private ModelRates() {}

  public static void main(String[] args) throws IOException {
    ShapedCheckpoint.Model shape = ShapedCheckpoint.Model.valueOf(args[0]);
    Path folder = Path.of(args[1]);
    int tokens = args.length > 2 ? Integer.parseInt(args[2]) : 64;
    if (!Files.exists(folder.resolve("model.safetensors"))) {
      ShapedCheckpoint.random(shape, folder);
    }
    run(folder, tokens, System.out);
  }

  private static void run(Path folder, int tokens, PrintStream out) {
    long start = System.nanoTime();
    try (VisionLanguageModel model = VisionLanguageModel.open(folder)) {
      double load = (System.nanoTime() - start) * 1e-9;
      try (Conversation conversation = model.conversation()) {
        Answer answer =
            conversation.ask(
                Question.of("Describe the picture.", noise()),
                Generation.GREEDY.withMaxNewTokens(tokens),
                progress());
        Answer.Usage usage = answer.usage();
        Answer.Timings timings = answer.timings();
        double vision = timings.vision().toNanos() * 1e-9;
        double prefill = timings.prefill().toNanos() * 1e-9;
        out.printf(Locale.ROOT, "%s%n", model.device().description());
        out.printf(Locale.ROOT, "load     %8.3f s%n", load);
        out.printf(
            Locale.ROOT,
            "vision   %8.1f s   %6.2f s a tile, %d tiles%n",
            vision,
            vision / usage.encodedTiles(),
            usage.encodedTiles());
        out.printf(
            Locale.ROOT,
            "prefill  %8.1f s   %6.1f tokens/s, %d tokens%n",
            prefill,
            usage.promptTokens() / prefill,
            usage.promptTokens());
        out.printf(
            Locale.ROOT,
            "decode   %8.1f s   %6.2f tokens/s, %d tokens%n",
            timings.decode().toNanos() * 1e-9,
            timings.decodeRate(usage.newTokens()),
            usage.newTokens());
        Runtime heap = Runtime.getRuntime();
        out.printf(
            Locale.ROOT, "heap     %8.1f MB%n", (heap.totalMemory() - heap.freeMemory()) / 1e6);
      }
    }
  }

  private static AnswerListener progress() {
    return new AnswerListener() {
      @Override
      public void text(String piece) {}

      @Override
      public void tileEncoded(int done, int total) {
        System.err.printf("tile %d of %d%n", done, total);
      }

      @Override
      public void promptRead(int done, int total) {
        System.err.printf("prompt %d of %d%n", done, total);
      }
    };
  }

  /// 640 × 480 is cut into twelve tiles and a thumbnail.
  private static Picture noise() {
    byte[] rgb = new byte[3 * 640 * 480];
    new Random(1).nextBytes(rgb);
    return Picture.ofRgb(640, 480, rgb);
  }
}
