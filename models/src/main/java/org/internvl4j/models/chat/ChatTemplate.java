package org.internvl4j.models.chat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.text.PromptText;
import org.jspecify.annotations.Nullable;

/// A conversation template: the fixed texts around what is said (`conversation.py`). The templates
/// are data, in `templates.json`.
///
/// @param systemMessage said first, unless a conversation states its own; null for nothing
/// @param user in front of a question
/// @param assistant in front of an answer
/// @param beforeText between role and text
/// @param beforeAnswer after the role of the answer that is asked for
/// @param stop the token that ends an answer
/// @param numbersPictures whether several pictures are numbered in front of a question
public record ChatTemplate(
    String name,
    String systemPrefix,
    @Nullable String systemMessage,
    String user,
    String assistant,
    String beforeText,
    String beforeAnswer,
    String afterSystem,
    String afterUser,
    String afterAssistant,
    String stop,
    boolean numbersPictures) {

  /// One question and its answer.
  ///
  /// @param question text of the user, not trusted; image marks already expanded
  /// @param answer null where the model is to answer
  public record Exchange(PromptText question, @Nullable String answer) {}

  /// The template of this name.
  ///
  /// @throws UnsupportedModelException if there is none, naming those that exist
  public static ChatTemplate of(String name) {
    Json all = all();
    if (!all.has(name)) {
      throw new UnsupportedModelException(
          "config.json: template '"
              + name
              + "' is not supported; supported are "
              + String.join(", ", all.fields().keySet()));
    }
    Json t = all.at(name);
    return new ChatTemplate(
        name,
        t.at("system_prefix").asText(),
        t.has("system_message") ? t.at("system_message").asText() : null,
        t.at("user").asText(),
        t.at("assistant").asText(),
        t.getText("before_text", ""),
        t.getText("before_answer", ""),
        t.at("after_system").asText(),
        t.at("after_user").asText(),
        t.at("after_assistant").asText(),
        t.at("stop").asText(),
        t.getBoolean("numbers_pictures", true));
  }

  private static Json all() {
    String name = "templates.json";
    try (InputStream in = ChatTemplate.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": missing from the jar");
      }
      return Json.parse(in.readAllBytes(), name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// This template with another system message.
  public ChatTemplate withSystemMessage(String message) {
    return new ChatTemplate(
        name,
        systemPrefix,
        message,
        user,
        assistant,
        beforeText,
        beforeAnswer,
        afterSystem,
        afterUser,
        afterAssistant,
        stop,
        numbersPictures);
  }

  /// This template with the system message that a checkpoint's own `conversation.py` states for it,
  /// if it does. The file is searched as text, never run.
  public ChatTemplate withSystemMessageOf(byte @Nullable [] conversationPy) {
    if (conversationPy == null) {
      return this;
    }
    Matcher m =
        Pattern.compile(
                "name\\s*=\\s*(['\"])"
                    + Pattern.quote(name)
                    + "\\1\\s*,(?:(?!name\\s*=).)*?system_message\\s*=\\s*(['\"])((?:(?!\\2)[^\\\\\\n])*)\\2",
                Pattern.DOTALL)
            .matcher(withoutComments(new String(conversationPy, StandardCharsets.UTF_8)));
    return m.find() ? withSystemMessage(m.group(3)) : this;
  }

  /// This template with the system message that a checkpoint's own chat template begins with where
  /// a conversation states none, if it does. That template is searched as text, never run.
  ///
  /// @param files reads a file of the checkpoint by name; null for one that is not there
  /// @throws UnsupportedModelException if the checkpoint frames what is said in other tokens
  public ChatTemplate adaptedTo(Function<String, byte @Nullable []> files) {
    Jinja jinja = Jinja.find(files);
    return jinja == null ? this : jinja.adapt(this);
  }

  private static String withoutComments(String python) {
    return python.replaceAll("(?m)^\\s*#.*$", "");
  }

  /// The whole prompt, ending where the model's answer begins.
  ///
  /// An empty text emits its role alone, as in the reference.
  public PromptText render(List<Exchange> exchanges) {
    PromptText.Builder prompt = PromptText.builder();
    if (systemMessage != null) {
      prompt.trusted(systemPrefix).literal(systemMessage).trusted(afterSystem);
    }
    for (Exchange exchange : exchanges) {
      say(prompt, user, exchange.question(), afterUser);
      String answer = exchange.answer();
      say(prompt, assistant, PromptText.literal(answer == null ? "" : answer), afterAssistant);
    }
    return prompt.build();
  }

  private void say(PromptText.Builder prompt, String role, PromptText text, String after) {
    if (text.isEmpty()) {
      prompt.trusted(role + beforeAnswer);
    } else {
      prompt.trusted(role + beforeText).append(text).trusted(after);
    }
  }
}
