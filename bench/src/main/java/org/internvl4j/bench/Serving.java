package org.internvl4j.bench;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.Session;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;
import org.internvl4j.testkit.ShapedCheckpoint;

/// What it costs to answer several at once: tokens a second of all together and how long each waits
/// for a token, by how many they are; and how long those that speak wait while a picture is read.
///
/// The engine itself in this process, no HTTP. One and eight are measured by turns.
public final class Serving {
  private static final int TOKENS = 80;
  private static final int ROUNDS = 3;
  private static final int SPEAKING = 4; // while a picture is read
  private static final int SECONDS_AROUND = 3; // before and after it

  private Serving() {}

  /// @param args model, weights, tiles of the picture, folder of the chart or nothing
  public static void main(String[] args) throws Exception {
    ShapedCheckpoint.Model shape = ShapedCheckpoint.Model.valueOf(args[0]);
    WeightFormat weights =
        args[1].equals("bf16")
            ? WeightFormat.STORED
            : WeightFormat.valueOf(args[1].toUpperCase(Locale.ROOT));
    int tiles = Integer.parseInt(args[2]);
    Steps steps = new Steps();
    try (VisionLanguageModel model =
            VisionLanguageModel.open(
                Checkpoint.open(ShapedModels.folder(shape)),
                OpenOptions.DEFAULT.withWeights(weights));
        Engine engine = new Engine(model, EngineOptions.DEFAULT, steps)) {
      System.out.println(model.description());
      together(engine, steps, 8, TOKENS); // warm
      together(engine, steps, 1, TOKENS);
      double[] millis = growing(engine, steps, System.out);
      look(engine, 1, 1); // warm
      Steps.Watched watched = picture(engine, steps, tiles, System.out);
      if (args.length > 3) {
        Path folder = Files.createDirectories(Path.of(args[3]));
        String title = shape + ", " + args[1];
        Charts.serving(title, millis, folder.resolve("serving.svg"));
        Charts.picture(title, watched, folder.resolve("picture.svg"));
      }
    }
  }

  /// @return milliseconds of a token of each, by how many they are, from 1
  private static double[] growing(Engine engine, Steps steps, PrintStream out) throws Exception {
    double[] millis = new double[Session.MOST_TOGETHER];
    for (int n = 1; n <= millis.length; n++) {
      double[] rounds = new double[ROUNDS];
      double[] alone = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        alone[i] = together(engine, steps, 1, TOKENS);
        rounds[i] = together(engine, steps, n, TOKENS);
      }
      millis[n - 1] = Measurement.median(rounds);
      double one = Measurement.median(alone);
      out.printf(
          Locale.ROOT,
          "%d together: %.1f ms a token (%.2f x one alone, %.1f), %.1f tokens/s (%.2f x)%n",
          n,
          millis[n - 1],
          millis[n - 1] / one,
          one,
          1e3 * n / millis[n - 1],
          n * one / millis[n - 1]);
    }
    return millis;
  }

  /// @return median milliseconds between two steps of `n` answers
  private static double together(Engine engine, Steps steps, int n, int tokens) throws Exception {
    steps.clear();
    List<Reply> replies = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      replies.add(engine.submit(request(Question.of("What comes after " + i + "?"), tokens)));
    }
    for (Reply reply : replies) {
      reply.await();
    }
    return Measurement.median(steps.gaps(n));
  }

  /// A picture arrives while four speak.
  private static Steps.Watched picture(Engine engine, Steps steps, int tiles, PrintStream out)
      throws Exception {
    List<Reply> speaking = new ArrayList<>();
    for (int i = 0; i < SPEAKING; i++) {
      speaking.add(engine.submit(request(Question.of("And then? " + i), 2000)));
    }
    while (engine.state().growing() < SPEAKING) {
      Thread.sleep(10);
    }
    Thread.sleep(1000); // they have a step of their own by now
    steps.clear();
    Thread.sleep(SECONDS_AROUND * 1000);
    long start = System.nanoTime();
    Answer answer = look(engine, 2, tiles);
    long end = System.nanoTime();
    Thread.sleep(SECONDS_AROUND * 1000);
    Steps.Watched watched = steps.watched(SPEAKING, start, end, EngineOptions.DEFAULT.reading());
    speaking.forEach(Reply::cancel);
    for (Reply reply : speaking) {
      reply.await();
    }
    out.printf("a picture of %d tiles, ", answer.usage().encodedTiles());
    watched.print(out);
    return watched;
  }

  /// Asks about a picture that is as wide as high, or four times three tiles.
  private static Answer look(Engine engine, int seed, int tiles) throws InterruptedException {
    int width = tiles == 1 ? 448 : 4 * 448;
    int height = tiles == 1 ? 448 : 3 * 448;
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    Question question = Question.of("What is it?", Picture.ofRgb(width, height, rgb));
    int most = Math.max(1, tiles - 1); // and a thumbnail
    return engine.submit(request(question.withMaxTiles(most), 1)).await().answer();
  }

  private static Request request(Question question, int tokens) {
    return Request.of(Dialogue.of(question), Generation.GREEDY.withMaxNewTokens(tokens));
  }
}
