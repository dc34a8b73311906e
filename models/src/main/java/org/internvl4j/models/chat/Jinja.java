package org.internvl4j.models.chat;

import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// What the chat template of a transformers checkpoint says, as far as it can be seen in its text:
/// templates are programs, and none is ever run. The conversation is the fixed one of
/// [ChatTemplate].
final class Jinja {
  private static final Pattern SYSTEM =
      Pattern.compile("<\\|im_start\\|>system(?:\\\\n|\\n)([^<>'\"{}]+)<\\|im_end\\|>");

  private final String file;
  private final String text;

  private Jinja(String file, String text) {
    this.file = file;
    this.text = text;
  }

  /// The template of a checkpoint, from the file that transformers would take, or null if there is
  /// none.
  ///
  /// @param files reads a file of the checkpoint by name; null for one that is not there
  static @Nullable Jinja find(Function<String, byte @Nullable []> files) {
    String file = "chat_template.jinja";
    byte[] bytes = files.apply(file);
    if (bytes != null) {
      return new Jinja(file, new String(bytes, StandardCharsets.UTF_8));
    }
    for (String json : new String[] {"chat_template.json", "tokenizer_config.json"}) {
      byte[] found = files.apply(json);
      Json template = found == null ? null : Json.parse(found, json).find("chat_template");
      if (template instanceof Json.Str string) {
        return new Jinja(json, string.text());
      }
    }
    return null;
  }

  /// The template with the system message that this one puts first where a conversation has none.
  ///
  /// @throws UnsupportedModelException if it frames what is said in other tokens
  ChatTemplate adapt(ChatTemplate template) {
    String token = template.user().substring(0, template.user().indexOf('>') + 1);
    if (!text.contains(token)) {
      throw new UnsupportedModelException(
          file + ": chat_template has no " + token + ", the only form that is supported");
    }
    Matcher m = SYSTEM.matcher(text);
    return m.find() ? template.withSystemMessage(m.group(1).replace("\\n", "\n")) : template;
  }
}
