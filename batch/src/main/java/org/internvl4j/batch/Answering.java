package org.internvl4j.batch;

import java.util.List;
import java.util.concurrent.CancellationException;
import org.internvl4j.batch.Outcome.Size;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.Session;
import org.internvl4j.models.SessionOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.Client;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;
import org.jspecify.annotations.Nullable;

/// What a chat model does with rows: it answers, or only reads.
///
/// Twice as many rows are under way as answers grow together: while some grow, the pictures of
/// others are decoded and cut.
final class Answering implements Worker.Skill {
  private static final int AT_ONCE = 2 * Session.MOST_TOGETHER;

  /// Places in the engine's queue: one client leaves most of them to others, who never come here.
  private static final int QUEUE = 8 * AT_ONCE;

  /// Bytes of pictures that are kept for rows that ask about the same: few rows do.
  private static final long PICTURES = 32L << 20;

  private static final EngineOptions OPTIONS =
      EngineOptions.DEFAULT
          .withQueue(QUEUE)
          .withSession(SessionOptions.DEFAULT.withPictureBytes(PICTURES));

  /// What is done with a question.
  private sealed interface Doing {
    record Answer(Task.Asking how) implements Doing {}

    record Read() implements Doing {}
  }

  /// A question that is on its way.
  private record Asked(Reply reply, List<Size> pictures) {}

  private final VisionLanguageModel model;
  private final Engine engine;
  private final Doing doing;
  private final PictureReader reader;

  private Answering(VisionLanguageModel model, Doing doing, PictureReader reader) {
    this(model, new Engine(model, OPTIONS, EngineListener.NONE), doing, reader);
  }

  private Answering(VisionLanguageModel model, Engine engine, Doing doing, PictureReader reader) {
    this.model = model;
    this.engine = engine;
    this.doing = doing;
    this.reader = reader;
  }

  static Answering open(
      Checkpoint checkpoint, OpenOptions options, Task.Asking how, PictureReader reader) {
    return new Answering(
        VisionLanguageModel.open(checkpoint, options), new Doing.Answer(how), reader);
  }

  static Answering reading(Checkpoint checkpoint, OpenOptions options, PictureReader reader) {
    return new Answering(VisionLanguageModel.open(checkpoint, options), new Doing.Read(), reader);
  }

  @Override
  public @Nullable Answering with(Task task) {
    return switch (task) {
      case Task.Asking how -> with(new Doing.Answer(how));
      case Task.Embedding(Task.Vectors vectors) when vectors == Task.Vectors.STATES ->
          with(new Doing.Read());
      case Task.Embedding _, Task.Classifying _ -> null;
    };
  }

  private Answering with(Doing other) {
    return new Answering(model, engine, other, reader);
  }

  @Override
  public int atOnce() {
    return AT_ONCE;
  }

  @Override
  public Outcome work(Row.Item item) throws InterruptedException {
    Asked asked = reader.read(item, pictures -> ask(item, pictures));
    Reply.Done done = await(asked.reply());
    return switch (doing) {
      case Doing.Answer(Task.Asking how) ->
          new Outcome.Answered(done.answer(), how.pointing(), asked.pictures());
      case Doing.Read _ ->
          new Outcome.Embedded(done.embedding(), done.answer().usage().promptTokens());
    };
  }

  /// The engine cuts pictures before it returns: they are not kept.
  private Asked ask(Row.Item item, List<Picture> pictures) {
    Request request = request(item, pictures);
    return new Asked(engine.submit(request), pictures.stream().map(Size::of).toList());
  }

  private Request request(Row.Item item, List<Picture> pictures) {
    return switch (doing) {
      case Doing.Answer(Task.Asking how) -> {
        String prompt = item.prompt() == null ? how.prompt() : item.prompt();
        if (prompt.isBlank()) {
          throw new IllegalArgumentException(
              item.prompt() == null
                  ? "row: asks nothing, and there is no prompt for all"
                  : "row: asks nothing, its prompt is empty; give it one, or none to have that of all");
        }
        Question question = Question.of(prompt, pictures);
        Question limited = how.maxTiles() == 0 ? question : question.withMaxTiles(how.maxTiles());
        yield Request.of(Dialogue.of(limited).withSystem(how.system()), how.generation());
      }
      case Doing.Read _ -> {
        String text = item.prompt() == null ? "" : item.prompt();
        yield Request.embedding(Question.of(text, pictures), Client.NOBODY, null);
      }
    };
  }

  private static Reply.Done await(Reply reply) throws InterruptedException {
    try {
      Reply.Done done = reply.await();
      if (done.answer().finish() == Answer.Finish.CANCELLED) {
        throw new CancellationException("batch: was closed before the answer was complete");
      }
      return done;
    } catch (InterruptedException e) {
      reply.cancel();
      throw e;
    }
  }

  @Override
  public void close() {
    engine.close();
    model.close();
  }
}
