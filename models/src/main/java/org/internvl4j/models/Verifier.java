package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.chat.ChatTemplate.Exchange;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Specials;
import org.internvl4j.runtime.DType;
import org.jspecify.annotations.Nullable;

/// Proves a port right: compares a model with what the reference implementation computed from the
/// same checkpoint.
///
/// Each comparison is told as one [Check]. One thread at a time.
public final class Verifier {
  /// One comparison.
  ///
  /// @param name what was compared: `vision.hidden_states.3`, `chat 2, turn 1`
  /// @param passed whether it held
  /// @param detail figures in words, or both sides where they differ
  /// @param figures the same figures as numbers, by name: `max_error`, `nmse`, `cosine`, `equal`, …
  public record Check(
      String name, boolean passed, String detail, SequencedMap<String, Double> figures) {
    public Check {
      figures = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(figures));
    }

    Check(String name, boolean passed, String detail) {
      this(name, passed, detail, new LinkedHashMap<>());
    }
  }

  private static final List<String> KINDS =
      List.of("prompt", "tokenize", "template", "chat", "batch_chat");

  private final VisionLanguageModel model;
  private final Consumer<Check> out;

  /// @param model opened with [OpenOptions#withWholeTower]
  /// @param out hears of each comparison as it is made
  public Verifier(VisionLanguageModel model, Consumer<Check> out) {
    this.model = model;
    this.out = out;
  }

  /// Compares every tensor of a golden file that the model can produce, and the greedy
  /// continuation.
  ///
  /// On a device that computes in f32, a float tensor passes if its NMSE is at most 1e-9 and its
  /// largest error at most 1e-4 of the tensor's RMS. On one that keeps activations in bf16, its
  /// NMSE may be 1e-4 for `vision.*` and 1e-3 for the rest, about twice what the reference itself
  /// has in bf16, and greedy ids are compared one by one after the expected ones, where they are no
  /// near tie.
  public void golden(SafeTensors golden) {
    golden(golden, null);
  }

  /// As [#golden(SafeTensors)], with the cases beside the file.
  ///
  /// @param cases a `prompt` among them is what the file's `input_ids` are of; null for none
  public void golden(SafeTensors golden, @Nullable Json cases) {
    PromptText prompt =
        cases != null && cases.has("prompt")
            ? PromptText.trusted(cases.at("prompt").asText())
            : null;
    new GoldenRun(model, golden, prompt, out).run();
  }

  /// Compares tokenizer, template, chat and batch cases.
  ///
  /// @param cases `tokenize`, `template`, `chat`, `batch_chat`, each optional; a `prompt` alone is
  ///   what [#golden] is about
  /// @param golden holds the `pixel_values` that chat cases are about
  public void cases(Json cases, SafeTensors golden) {
    if (KINDS.stream().noneMatch(cases::has)) {
      throw cases.wrong("at least one of " + String.join(", ", KINDS));
    }
    if (cases.has("tokenize")) {
      tokenize(cases.at("tokenize").items());
    }
    if (cases.has("template")) {
      template(cases.at("template").items());
    }
    float[][] pixels =
        new GoldenFile(golden, model.device(), out).pixels(model.config().forceImageSize());
    if (cases.has("chat")) {
      int i = 0;
      for (Json chat : cases.at("chat").items()) {
        chat("chat " + i++, chat, pixels);
      }
    }
    if (cases.has("batch_chat")) {
      batchChat(cases.at("batch_chat"), pixels);
    }
  }

  private void tokenize(List<Json> cases) {
    for (int i = 0; i < cases.size(); i++) {
      Json c = cases.get(i);
      int[] ids = model.tokenizer().encode(PromptText.trusted(c.at("text").asText()));
      int[] expected = ints(c.at("ids"));
      same("tokenize " + i + ", ids", list(expected), list(ids));
      same(
          "tokenize " + i + ", decoded",
          c.at("decoded").asText(),
          model.tokenizer().decode(expected, Specials.SKIP));
      same(
          "tokenize " + i + ", decoded with special",
          c.at("decoded_with_special").asText(),
          model.tokenizer().decode(expected, Specials.KEEP));
    }
  }

  private void template(List<Json> cases) {
    for (int i = 0; i < cases.size(); i++) {
      List<Exchange> exchanges = new ArrayList<>();
      for (Json turn : cases.get(i).at("turns").items()) {
        Json answer = turn.items().get(1);
        exchanges.add(
            new Exchange(
                PromptText.literal(turn.items().getFirst().asText()),
                answer.isNull() ? null : answer.asText()));
      }
      PromptText prompt = model.template().render(exchanges);
      same("template " + i + ", prompt", cases.get(i).at("prompt").asText(), prompt.toString());
      same(
          "template " + i + ", ids",
          list(ints(cases.get(i).at("ids"))),
          list(model.tokenizer().encode(prompt)));
    }
  }

  private void chat(String name, Json c, float[][] pixels) {
    List<Tiles> pictures = pictures(c.at("tiles_per_image"), pixels);
    Generation options = Generation.GREEDY.withMaxNewTokens(c.at("max_new_tokens").asInt());
    try (Conversation conversation = model.conversation()) {
      int turn = 0;
      for (Json t : c.at("turns").items()) {
        String text = t.items().getFirst().asText();
        Question question = Question.ofTiles(text, turn == 0 ? pictures : List.of());
        Answer answer = conversation.ask(question, options, AnswerListener.NONE);
        said(name + ", turn " + turn++, t.items().get(1).asText(), answer.plainText());
      }
    }
  }

  /// Each question of the batch is about one picture, or none left; the reference marks it itself.
  private void batchChat(Json c, float[][] pixels) {
    List<Tiles> pictures = pictures(c.at("tiles_per_image"), pixels);
    List<Json> texts = c.at("questions").items();
    List<Json> expected = c.at("answers").items();
    if (texts.size() != pictures.size() || texts.size() != expected.size()) {
      throw c.at("questions")
          .wrong("as many as answers, " + expected.size() + ", and pictures, " + pictures.size());
    }
    List<Question> questions = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      questions.add(Question.ofTiles(texts.get(i).asText(), List.of(pictures.get(i))));
    }
    List<Answer> answers =
        model.askAll(questions, Generation.GREEDY.withMaxNewTokens(c.at("max_new_tokens").asInt()));
    for (int i = 0; i < answers.size(); i++) {
      said("batch chat, question " + i, expected.get(i).asText(), answers.get(i).plainText());
    }
  }

  private static List<Tiles> pictures(Json counts, float[][] pixels) {
    int[] tilesPerImage = ints(counts);
    if (Arrays.stream(tilesPerImage).anyMatch(n -> n < 1)
        || Arrays.stream(tilesPerImage).asLongStream().sum() > pixels.length) {
      throw counts.wrong(
          "counts of at least 1 that sum to at most the "
              + pixels.length
              + " tiles of pixel_values");
    }
    List<Tiles> pictures = new ArrayList<>();
    int next = 0;
    for (int count : tilesPerImage) {
      float[] picture = new float[count * pixels[0].length];
      for (int i = 0; i < count; i++) {
        System.arraycopy(pixels[next++], 0, picture, i * pixels[0].length, pixels[0].length);
      }
      int side = (int) Math.round(Math.sqrt(pixels[0].length / 3.0));
      pictures.add(Tiles.ofPixels(picture, count, side));
    }
    return pictures;
  }

  /// Asks held-out dialogues and counts answers equal to the reference's, and right ones. Passes if
  /// at most one answer in 300 differs.
  ///
  /// @param eval `{max_new_tokens, cases: [{images, max_num, turns: [{question, truth,
  ///   reference_answer}]}]}`
  /// @param pictures reads a picture by its name in the file
  public void eval(Json eval, Function<String, Picture> pictures) {
    Generation options = Generation.GREEDY.withMaxNewTokens(eval.at("max_new_tokens").asInt());
    if (eval.at("cases").items().isEmpty()) {
      throw eval.at("cases").wrong("at least one dialogue");
    }
    int asked = 0;
    int equal = 0;
    int right = 0;
    StringBuilder different = new StringBuilder();
    for (Json c : eval.at("cases").items()) {
      List<Picture> seen = c.at("images").items().stream().map(Json::asText).map(pictures).toList();
      try (Conversation conversation = model.conversation()) {
        int turn = 0;
        for (Json t : c.at("turns").items()) {
          Question question =
              Question.of(t.at("question").asText(), turn == 0 ? seen : List.of())
                  .withMaxTiles(c.at("max_num").asInt());
          String expected = t.at("reference_answer").asText();
          String answer = conversation.ask(question, options, AnswerListener.NONE).plainText();
          asked++;
          turn++;
          right += answer.equals(withoutMarks(t.at("truth").asText())) ? 1 : 0;
          if (answer.equals(expected)) {
            equal++;
          } else {
            different
                .append("; ")
                .append(question.text())
                .append(" → ")
                .append(answer)
                .append(" instead of ")
                .append(expected);
            conversation.correct(expected);
          }
        }
      }
    }
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("asked", (double) asked);
    figures.put("equal", (double) equal);
    figures.put("right", (double) right);
    out.accept(
        new Check(
            "eval",
            asked - equal <= asked / 300,
            equal
                + " of "
                + asked
                + " answers equal the reference's, "
                + right
                + " are right"
                + different,
            figures));
  }

  private static String withoutMarks(String text) {
    return text.replaceAll("</?(ref|box)>", "");
  }

  /// An answer of many tokens, each after the last: in bf16 the first near tie may lead elsewhere,
  /// so a difference is told and does not fail. Single tokens are what [#golden] compares then.
  private void said(String name, String expected, String found) {
    boolean free = model.device().multiplied() == DType.BF16;
    if (free && !expected.equals(found)) {
      out.accept(
          new Check(
              name,
              true,
              "another one, as bf16 may choose: expected " + expected + ", found " + found));
    } else {
      same(name, expected, found);
    }
  }

  private void same(String name, String expected, String found) {
    boolean equal = expected.equals(found);
    out.accept(
        new Check(name, equal, equal ? "equal" : "expected " + expected + ", found " + found));
  }

  static int[] ints(Json array) {
    return array.items().stream().mapToInt(Json::asInt).toArray();
  }

  private static String list(int[] ids) {
    return Arrays.toString(ids);
  }
}
