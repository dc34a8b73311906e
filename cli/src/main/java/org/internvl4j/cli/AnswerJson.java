package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;

/// An answer as one line of JSON.
final class AnswerJson {
  private AnswerJson() {}

  static String of(String question, List<Path> pictures, Answer answer) {
    JsonWriter json = new JsonWriter().object();
    json.array("pictures");
    pictures.forEach(picture -> json.value(picture.toString()));
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
    return json.end().toString();
  }
}
