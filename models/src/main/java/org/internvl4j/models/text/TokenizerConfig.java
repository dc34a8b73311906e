package org.internvl4j.models.text;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.
final class TokenizerConfig {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String[] ROLES = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"
  };

  private final Json config;

  /// The token of each role: `bos_token` → `<s>`; null where the files say that there is none.
  private final Map<String, @Nullable String> roles = new LinkedHashMap<>();

  private final Set<String> additional = new LinkedHashSet<>();
  private final Map<Integer, AddedToken> added = new TreeMap<>();

  private TokenizerConfig(Json config) {
    this.config = config;
  }

  /// @throws CheckpointException if one of the files is there and wrong
  static TokenizerConfig read(TokenizerFiles files) {
    Json config = json(files, CONFIG);
    Json map = json(files, "special_tokens_map.json");
    Json addedTokens = json(files, "added_tokens.json");
    TokenizerConfig result = new TokenizerConfig(config);
    boolean decoder = config.has("added_tokens_decoder");
    result.readRoles(config);
    if (!decoder) {
      result.readRoles(map);
    }
    result.readDecoder();
    result.readAdded(addedTokens);
    return result;
  }

  private static Json json(TokenizerFiles files, String name) {
    byte[] bytes = files.read(name);
    return Json.parse(bytes == null ? new byte[] {'{', '}'} : bytes, name);
  }

  private void readRoles(Json from) {
    for (String role : ROLES) {
      Json value = from.fields().get(role);
      if (value != null && roles.get(role) == null) {
        roles.put(role, value.isNull() ? null : content(value));
      }
    }
    Json more = from.find("additional_special_tokens");
    if (more != null) {
      for (Json token : more.items()) {
        additional.add(content(token));
      }
    }
  }

  /// A token is a string or an object that holds it.
  private static String content(Json token) {
    return token instanceof Json.Obj ? token.getText("content") : token.asText();
  }

  private void readDecoder() {
    Json decoder = config.find("added_tokens_decoder");
    if (decoder == null) {
      return;
    }
    for (Map.Entry<String, Json> entry : decoder.fields().entrySet()) {
      int id;
      try {
        id = Integer.parseInt(entry.getKey());
      } catch (NumberFormatException e) {
        throw new CheckpointException(
            CONFIG,
            "added_tokens_decoder has key "
                + Vocabulary.quote(entry.getKey())
                + ", expected a token id");
      }
      added.put(id, AddedToken.of(entry.getValue()));
    }
  }

  private void readAdded(Json addedTokens) {
    Set<String> known = new HashSet<>();
    added.values().forEach(token -> known.add(token.content()));
    for (Map.Entry<String, Json> entry : addedTokens.fields().entrySet()) {
      String content = entry.getKey();
      if (content.isEmpty()) {
        throw entry.getValue().wrong("no entry for the empty token");
      }
      if (!known.contains(content)) {
        added.putIfAbsent(
            entry.getValue().asInt(), AddedToken.plain(content, isNamedSpecial(content)));
      }
    }
  }

  /// Says what a role's token is where the files say nothing.
  void defaultRole(String role, @Nullable String token) {
    if (!roles.containsKey(role)) {
      roles.put(role, token);
    }
  }

  /// The token of a role, or null.
  @Nullable String role(String role) {
    return roles.get(role);
  }

  /// Whether the files name this token as special, by a role or in `additional_special_tokens`.
  boolean isNamedSpecial(String token) {
    return additional.contains(token) || roles.containsValue(token);
  }

  /// Whether `additional_special_tokens` names it.
  boolean isAdditional(String token) {
    return additional.contains(token);
  }

  String tokenizerClass() {
    return config.getText("tokenizer_class", "");
  }

  boolean flag(String key, boolean otherwise) {
    return config.getBoolean(key, otherwise);
  }

  boolean says(String key) {
    return config.has(key);
  }

  /// All added tokens by id: those of the files, and the special tokens that the files name only by
  /// role. The tokens that the files name as special are special; those with the flag only if
  /// `flagsCount`, for Python's own tokenizers look at names alone.
  ///
  /// @param before added tokens that are known already
  /// @param baseId the id of a base token, or -1
  /// @param baseSize the first id that new tokens can have
  Map<Integer, AddedToken> added(
      Map<Integer, AddedToken> before,
      boolean flagsCount,
      ToIntFunction<String> baseId,
      int baseSize) {
    Map<Integer, AddedToken> all = new TreeMap<>(before);
    Map<String, Integer> ids = new LinkedHashMap<>();
    all.forEach((id, token) -> ids.put(token.content(), id));
    added.forEach((id, token) -> {
      Integer other = ids.putIfAbsent(token.content(), id);
      if (other != null && !other.equals(id)) {
        throw new CheckpointException(
            CONFIG,
            "added token %s has id %d, but elsewhere id %d"
                .formatted(Vocabulary.quote(token.content()), id, other));
      }
      all.put(id, token);
    });
    int free = baseSize;
    for (int id : all.keySet()) {
      free = Math.max(free, id + 1);
    }
    Set<String> named = new LinkedHashSet<>();
    for (String token : roles.values()) {
      if (token != null) {
        named.add(token);
      }
    }
    named.addAll(additional);
    for (String token : named) {
      if (!token.isEmpty() && !ids.containsKey(token)) {
        int id = baseId.applyAsInt(token);
        all.put(id >= 0 ? id : free++, AddedToken.special(token));
      }
    }
    all.replaceAll((id, token) ->
        token.withSpecial(isNamedSpecial(token.content()) || (flagsCount && token.special())));
    return all;
  }

  /// The id of the token that begins (`bos`) or ends (`eos`) every text, if the files want one.
  ///
  /// @throws CheckpointException if they want one and name none
  OptionalInt edge(String edge, boolean wanted, Vocabulary vocabulary) {
    if (!wanted) {
      return OptionalInt.empty();
    }
    String token = role(edge + "_token");
    OptionalInt id = token == null ? OptionalInt.empty() : vocabulary.id(token);
    if (id.isEmpty()) {
      throw new CheckpointException(
          CONFIG,
          "add_%s_token is true but %s_token is %s"
              .formatted(
                  edge,
                  edge,
                  token == null ? "missing" : Vocabulary.quote(token) + ", which has no id"));
    }
    return id;
  }
}
