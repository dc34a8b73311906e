package org.internvl4j.models.text;

import java.util.OptionalInt;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// The tokens that a `post_processor` puts around every text.
record TokenizerTemplate(int[] prefix, int[] suffix) {
  /// @param json a `post_processor`; null for none
  /// @throws org.internvl4j.loader.CheckpointException if it is of another kind
  static TokenizerTemplate of(@Nullable Json json) {
    TokenizerTemplate none = new TokenizerTemplate(new int[0], new int[0]);
    if (json == null) {
      return none;
    }
    Json type = json.at("type");
    return switch (type.asText()) {
      case "ByteLevel" -> none;
      case "TemplateProcessing" -> template(json);
      case "Sequence" -> {
        TokenizerTemplate all = none;
        for (Json step : json.at("processors").items()) {
          TokenizerTemplate more = of(step);
          all = new TokenizerTemplate(join(more.prefix, all.prefix), join(all.suffix, more.suffix));
        }
        yield all;
      }
      default -> throw type.wrong("ByteLevel, TemplateProcessing or Sequence");
    };
  }

  private static TokenizerTemplate template(Json json) {
    IntList prefix = new IntList();
    IntList suffix = new IntList();
    boolean textSeen = false;
    for (Json item : json.at("single").items()) {
      if (item.has("Sequence")) {
        if (textSeen) {
          throw json.at("single").wrong("the text once");
        }
        textSeen = true;
      } else {
        String token = item.at("SpecialToken").getText("id");
        for (Json id : json.at("special_tokens").at(token).at("ids").items()) {
          if (id.asInt() < 0) {
            throw id.wrong("a token id");
          }
          (textSeen ? suffix : prefix).add(id.asInt());
        }
      }
    }
    if (!textSeen) {
      throw json.at("single").wrong("a template with the text in it");
    }
    return new TokenizerTemplate(prefix.toArray(), suffix.toArray());
  }

  /// What `add_bos_token` and `add_eos_token` say, where they say it.
  TokenizerTemplate with(TokenizerConfig config, Vocabulary vocabulary) {
    return new TokenizerTemplate(
        config.says("add_bos_token")
            ? edge(config.edge("bos", config.flag("add_bos_token", false), vocabulary))
            : prefix,
        config.says("add_eos_token")
            ? edge(config.edge("eos", config.flag("add_eos_token", false), vocabulary))
            : suffix);
  }

  /// No id or one.
  static int[] edge(OptionalInt id) {
    return id.isPresent() ? new int[] {id.getAsInt()} : new int[0];
  }

  private static int[] join(int[] left, int[] right) {
    IntList both = new IntList();
    both.addAll(left);
    both.addAll(right);
    return both.toArray();
  }
}
