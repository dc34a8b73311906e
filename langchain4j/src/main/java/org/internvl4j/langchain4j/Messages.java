package org.internvl4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Question;

/// Turns messages into a dialogue: questions and answers by turns.
///
/// Consecutive messages of one role are joined, line after line. System messages are joined at the
/// start, wherever they stand. Where a memory has forgotten the question of its first answer, that
/// question is an empty text.
///
/// Pictures go in front of the text, as models are trained; where text lies between them, each goes
/// to its place in the text.
final class Messages {
  private static final Pattern GROUNDING_MARKS = Pattern.compile("</?(?:ref|box)>");

  private final PictureReader pictures;
  private final OptionalInt maxTiles;
  private final List<String> system = new ArrayList<>();
  private final List<Dialogue.Earlier> earlier = new ArrayList<>();
  private final List<Content> asked = new ArrayList<>(); // and not answered yet
  private final List<String> answered = new ArrayList<>(); // to what was asked last
  private int count; // of pictures

  private Messages(PictureReader pictures, OptionalInt maxTiles) {
    this.pictures = pictures;
    this.maxTiles = maxTiles;
  }

  /// @param messages the last one that is no system message is the user's
  /// @throws UnsupportedFeatureException if there is something that the model cannot be told
  /// @throws IllegalArgumentException if there is no question, or a picture cannot be read
  static Dialogue dialogue(
      List<ChatMessage> messages, PictureReader pictures, OptionalInt maxTiles) {
    Messages all = new Messages(pictures, maxTiles);
    messages.forEach(all::add);
    return all.dialogue();
  }

  private void add(ChatMessage message) {
    switch (message) {
      case SystemMessage said -> system.add(said.text());
      case UserMessage said -> {
        if (!answered.isEmpty()) {
          complete();
        }
        asked.addAll(said.contents());
      }
      case AiMessage said -> answered.add(answer(said));
      case ToolExecutionResultMessage _ ->
          throw unsupported("results of tools are", "the model calls none");
      default -> throw unsupported("messages of type " + message.type() + " are", "use text");
    }
  }

  private static String answer(AiMessage message) {
    if (message.hasToolExecutionRequests()) {
      throw unsupported("tool calls in an AiMessage are", "the model calls none");
    }
    String text = message.text() == null ? "" : message.text();
    return GROUNDING_MARKS.matcher(text).replaceAll(""); // as they enter a conversation
  }

  private void complete() {
    earlier.add(new Dialogue.Earlier(question(), String.join("\n", answered)));
    asked.clear();
    answered.clear();
  }

  private Dialogue dialogue() {
    if (asked.isEmpty() || !answered.isEmpty()) {
      throw new IllegalArgumentException(
          "messages: the last one is no UserMessage, expected the question that is to be answered");
    }
    return new Dialogue(system.isEmpty() ? null : String.join("\n", system), earlier, question());
  }

  private Question question() {
    List<String> texts = new ArrayList<>();
    List<String> marked = new ArrayList<>();
    List<Question.Image> images = new ArrayList<>();
    int runs = 0; // of pictures without text between them
    boolean inRun = false;
    for (Content content : asked) {
      switch (content) {
        case TextContent text -> {
          texts.add(text.text());
          marked.add(text.text());
          inRun = false;
        }
        case ImageContent image -> {
          images.add(new Question.Image.Whole(pictures.read(image.image(), ++count)));
          marked.add(Question.IMAGE_MARK);
          runs += inRun ? 0 : 1;
          inRun = true;
        }
        default -> throw unsupported("contents of type " + content.type() + " are", "use pictures");
      }
    }
    String text = String.join("\n", texts);
    boolean hasMarks = text.contains(Question.IMAGE_MARK);
    boolean inPlace = runs > 1 && !hasMarks;
    return new Question(inPlace ? String.join("\n", marked) : text, images, maxTiles);
  }

  private static UnsupportedFeatureException unsupported(String what, String why) {
    return new UnsupportedFeatureException("messages: " + what + " not supported, " + why);
  }
}
