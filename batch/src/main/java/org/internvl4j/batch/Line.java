package org.internvl4j.batch;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.internvl4j.batch.Outcome.Answered;
import org.internvl4j.batch.Outcome.Called;
import org.internvl4j.batch.Outcome.Classified;
import org.internvl4j.batch.Outcome.Embedded;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.batch.Outcome.Size;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Region;

/// A row of the output: one line of JSON, the same for the same row whenever it is made, but for
/// times.
final class Line {
  private Line() {}

  /// @param times whether it tells how long things took
  static String of(Row row, Outcome outcome, boolean times) {
    JsonWriter json = new JsonWriter().object().field("id", row.id());
    switch (outcome) {
      case Called called -> CallLine.answer(json, row.id(), called, times);
      case Failed failed when row.isCall() -> CallLine.failure(json, row.id(), failed);
      case Answered answered -> answer(json, answered, times);
      case Embedded(float[] vector, int tokens) -> {
        json.array("embedding");
        for (float value : vector) {
          json.value(value);
        }
        json.end().field("prompt_tokens", tokens);
      }
      case Classified(List<ZeroShot.Guess> guesses) -> guesses(json, guesses);
      case Failed(String code, String sentence) ->
          json.object("error").field("code", code).field("message", sentence).end();
    }
    return json.end().toString();
  }

  private static void answer(JsonWriter json, Answered answered, boolean times) {
    Answer answer = answered.answer();
    json.field("answer", answer.text())
        .field("finish", answer.finish().name().toLowerCase(Locale.ROOT));
    if (answered.pointing()) {
      json.array("regions");
      for (Region region : answer.regions()) {
        region(json, region, answered.pictures());
      }
      json.end();
    }
    json.field("prompt_tokens", answer.usage().promptTokens())
        .field("new_tokens", answer.usage().newTokens())
        .field("tiles", answer.usage().tiles());
    if (times) {
      json.field("vision_seconds", seconds(answer.timings().vision()))
          .field("prefill_seconds", seconds(answer.timings().prefill()))
          .field("decode_seconds", seconds(answer.timings().decode()));
    }
  }

  private static double seconds(Duration time) {
    return time.toNanos() * 1e-9;
  }

  /// Boxes in thousandths of the picture, and in pixels where it is certain on which they lie.
  private static void region(JsonWriter json, Region region, List<Size> pictures) {
    json.object().field("label", region.label()).array("boxes");
    for (Box box : region.boxes()) {
      json.array().value(box.x1()).value(box.y1()).value(box.x2()).value(box.y2()).end();
    }
    json.end();
    if (pictures.size() == 1) {
      json.array("pixels");
      for (Box box : region.boxes()) {
        Box.Pixels on = box.on(pictures.getFirst().width(), pictures.getFirst().height());
        json.array().value(on.left()).value(on.top()).value(on.right()).value(on.bottom()).end();
      }
      json.end();
    }
    json.end();
  }

  private static void guesses(JsonWriter json, List<ZeroShot.Guess> guesses) {
    json.array("classes");
    for (ZeroShot.Guess guess : guesses) {
      json.object()
          .field("class", guess.name())
          .field("probability", guess.probability())
          .field("cosine", guess.cosine())
          .end();
    }
    json.end();
  }
}
