package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// An answer as one line of JSON.
final class AnswerJson {
  private AnswerJson() {}

  /// @param picture what the boxes of the answer lie on; null if that is not certain
  static String of(String question, List<Path> pictures, Answer answer, @Nullable Picture picture) {
    JsonWriter json = new JsonWriter().object();
    json.array("pictures");
    pictures.forEach(file -> json.value(file.toString()));
    json.end();
    json.field("question", question)
        .field("answer", answer.text())
        .field("plain", answer.plainText())
        .field("finish", answer.finish().name().toLowerCase(Locale.ROOT))
        .field("promptTokens", answer.usage().promptTokens())
        .field("newTokens", answer.usage().newTokens())
        .field("draftedTokens", answer.usage().draftedTokens())
        .field("acceptedTokens", answer.usage().acceptedTokens())
        .field("tiles", answer.usage().tiles())
        .field("visionSeconds", answer.timings().vision().toNanos() * 1e-9)
        .field("prefillSeconds", answer.timings().prefill().toNanos() * 1e-9)
        .field("decodeSeconds", answer.timings().decode().toNanos() * 1e-9);
    regions(json.array("regions"), answer.regions(), picture);
    return json.end().end().toString();
  }

  private static void regions(JsonWriter json, List<Region> regions, @Nullable Picture picture) {
    for (Region region : regions) {
      json.object().field("label", region.label()).array("boxes");
      for (Box box : region.boxes()) {
        json.object()
            .field("x1", box.x1())
            .field("y1", box.y1())
            .field("x2", box.x2())
            .field("y2", box.y2());
        if (picture != null) {
          Box.Pixels pixels = box.on(picture.width(), picture.height());
          json.array("pixels")
              .value(pixels.left())
              .value(pixels.top())
              .value(pixels.right())
              .value(pixels.bottom())
              .end();
        }
        json.end();
      }
      json.end().end();
    }
  }
}
