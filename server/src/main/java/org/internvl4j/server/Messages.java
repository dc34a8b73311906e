package org.internvl4j.server;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.jspecify.annotations.Nullable;

/// The messages of a chat, as a dialogue: questions and answers by turns. Messages of one role that
/// follow each other count as one; so do all system messages, wherever they come.
final class Messages {
  private final PictureLoader pictures;
  private final List<Dialogue.Earlier> earlier = new ArrayList<>();
  private @Nullable String system;
  private @Nullable Said question;
  private @Nullable StringBuilder answer;

  private Messages(PictureLoader pictures) {
    this.pictures = pictures;
  }

  /// @param messages OpenAI's, or Ollama's
  /// @throws ApiException if they are no dialogue that ends with a question
  static Dialogue dialogue(Json messages, PictureLoader pictures) {
    Messages all = new Messages(pictures);
    for (Json message : messages.items()) {
      all.add(message);
    }
    Said last = all.question;
    if (last == null || all.answer != null) {
      throw Fields.wrong(messages, "messages of which the last one is the user's");
    }
    return new Dialogue(all.system, all.earlier, last.question());
  }

  private void add(Json message) {
    Json role = message.at("role");
    switch (role.asText()) {
      case "system", "developer" -> addSystem(message);
      case "user" -> addUser(message);
      case "assistant" -> addAssistant(message, role);
      default -> throw Fields.wrong(role, "system, user or assistant");
    }
  }

  private void addSystem(Json message) {
    String text = text(message.at("content"));
    system = system == null ? text : system + "\n" + text;
  }

  private void addUser(Json message) {
    endTurn();
    Said said = question;
    if (said == null) {
      said = new Said();
      question = said;
    }
    said.next();
    Json images = message.find("images"); // Ollama's
    if (images != null) {
      for (Json image : images.items()) {
        said.add(Fields.of(image, () -> new Image.Whole(pictures.base64(image.asText()))));
      }
    }
    Json content = message.at("content");
    if (content instanceof Json.Arr(List<Json> parts, _)) {
      for (Json part : parts) {
        add(part, said);
      }
    } else {
      said.add(content.asText());
    }
  }

  private void add(Json part, Said said) {
    Json type = part.at("type");
    switch (type.asText()) {
      case "text", "input_text" -> said.add(part.getText("text"));
      case "image_url", "input_image" -> {
        Json image = part.at("image_url");
        said.add(Fields.of(image, () -> picture(image)));
      }
      default -> throw Fields.wrong(type, "text or image_url");
    }
  }

  private Image picture(Json image) {
    if (image instanceof Json.Str(String url, _)) {
      return picture(url, OptionalInt.empty());
    }
    Json detail = image.find("detail");
    Json tiles = image.find("max_tiles");
    OptionalInt most = OptionalInt.empty();
    if (tiles != null) {
      most = OptionalInt.of(Fields.integer(tiles, 1, 128));
    } else if (detail != null) {
      most =
          switch (detail.asText()) {
            case "low" -> OptionalInt.of(1);
            case "high", "auto" -> OptionalInt.empty();
            default -> throw Fields.wrong(detail, "low, high or auto");
          };
    }
    return picture(image.getText("url"), most);
  }

  private Image picture(String url, OptionalInt tiles) {
    return new Image.Whole(pictures.url(url), tiles);
  }

  private void addAssistant(Json message, Json role) {
    if (question == null) {
      throw Fields.wrong(role, "a user's message before an assistant's");
    }
    Json calls = message.find("tool_calls");
    if (calls != null && !calls.items().isEmpty()) {
      throw Fields.wrong(calls, "none: this server calls no tools");
    }
    Json content = message.find("content");
    String text = content == null ? "" : text(content);
    answer = answer == null ? new StringBuilder(text) : answer.append('\n').append(text);
  }

  private void endTurn() {
    if (question != null && answer != null) {
      earlier.add(new Dialogue.Earlier(question.question(), answer.toString()));
      question = null;
      answer = null;
    }
  }

  /// A content without pictures.
  private static String text(Json content) {
    if (!(content instanceof Json.Arr(List<Json> parts, _))) {
      return content.asText();
    }
    StringBuilder text = new StringBuilder();
    for (Json part : parts) {
      Json type = part.at("type");
      if (!type.asText().equals("text")) {
        throw Fields.wrong(type, "text");
      }
      text.append(part.getText("text"));
    }
    return text.toString();
  }

  /// A question as it is put together.
  ///
  /// Pictures that come together go before all text, as models were trained, wherever they are
  /// sent; only those that have text between them keep their places.
  private static final class Said {
    private final StringBuilder plain = new StringBuilder();
    private final StringBuilder marked = new StringBuilder();
    private final List<Image> images = new ArrayList<>();
    private boolean isApart; // text has come behind a picture
    private boolean isMixed; // and a picture behind that text

    /// A message more.
    void next() {
      if (!plain.isEmpty()) {
        add("\n");
      }
    }

    void add(String text) {
      plain.append(text);
      marked.append(text);
      isApart |= !images.isEmpty() && !text.isBlank();
    }

    void add(Image image) {
      isMixed |= isApart;
      images.add(image);
      marked.append(Question.IMAGE_MARK).append('\n');
    }

    Question question() {
      String text = isMixed ? marked.toString() : plain.toString();
      return new Question(text, images, OptionalInt.empty());
    }
  }
}
