package org.internvl4j.server;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Question.Image;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// The messages of a chat, as a dialogue: questions and answers by turns. Messages of one role that
/// follow each other count as one; so do all system messages, wherever they come.
final class Messages {
  private static final int FRAMES = 8; // of a video, as the model cards' example has it

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
      case "image_url", "input_image" -> said.add(reading(part, "image_url", this::picture));
      case "video_url" -> addClip(part, said);
      case "file" -> {
        OptionalInt tiles = tiles(part.at("file"));
        for (Picture page : reading(part, "file", this::pages)) {
          said.add(new Image.Whole(page, tiles));
        }
      }
      default -> throw Fields.wrong(type, "text, image_url, video_url or file");
    }
  }

  /// What is wrong with a picture is said of its field.
  private static <T> T reading(Json part, String field, Function<Json, T> read) {
    Json content = part.at(field);
    return Fields.of(content, () -> read.apply(content));
  }

  private Image picture(Json image) {
    if (image instanceof Json.Str(String url, _)) {
      return new Image.Whole(pictures.url(url));
    }
    Json detail = image.find("detail");
    OptionalInt most = tiles(image);
    if (most.isEmpty() && detail != null) {
      most =
          switch (detail.asText()) {
            case "low" -> OptionalInt.of(1);
            case "high", "auto" -> OptionalInt.empty();
            default -> throw Fields.wrong(detail, "low, high or auto");
          };
    }
    return new Image.Whole(pictures.url(image.getText("url")), most);
  }

  private static OptionalInt tiles(Json media) {
    Json tiles = media instanceof Json.Obj ? media.find("max_tiles") : null;
    return tiles == null ? OptionalInt.empty() : OptionalInt.of(Fields.integer(tiles, 1, 128));
  }

  private void addClip(Json part, Said said) {
    int tiles = tiles(part.at("video_url")).orElse(1);
    said.add(reading(part, "video_url", this::frames), tiles);
  }

  private List<Picture> frames(Json video) {
    if (video instanceof Json.Str(String url, _)) {
      return pictures.frames(url, FRAMES);
    }
    Json frames = video.find("frames");
    int count = frames == null ? FRAMES : Fields.integer(frames, 1, pictures.most());
    return pictures.frames(video.getText("url"), count);
  }

  private List<Picture> pages(Json file) {
    Json id = file.find("file_id");
    if (id != null) {
      throw Fields.wrong(id, "none: this server keeps no files; send it in file_data");
    }
    return pictures.pages(file.getText("file_data"), file.find("pages"), tiles(file));
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
}
