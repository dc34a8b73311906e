package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.internvl4j.loader.CheckpointException;
import org.jspecify.annotations.Nullable;

/// Token strings by id and ids by token string.
final class Vocabulary {
  /// No published vocabulary has a tenth of it; a larger id is a broken file.
  static final int MAX_SIZE = 1 << 22;

  private final List<@Nullable String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();

  /// Adds a base token.
  ///
  /// @param file what an error names
  /// @throws CheckpointException if the id is out of range or taken, or the token is there
  void add(String token, int id, String file) {
    checkId(token, id, file);
    String other = find(id);
    if (other != null) {
      throw new CheckpointException(
          file, "tokens " + quote(other) + " and " + quote(token) + " both have id " + id);
    }
    if (ids.putIfAbsent(token, id) != null) {
      throw new CheckpointException(
          file, "token " + quote(token) + " has ids " + ids.get(token) + " and " + id);
    }
    set(token, id);
  }

  /// Puts an added token in place of whatever has its id.
  void override(String token, int id, String file) {
    checkId(token, id, file);
    String hidden = find(id);
    if (hidden != null) {
      ids.remove(hidden);
    }
    Integer before = ids.put(token, id);
    if (before != null) {
      throw new CheckpointException(
          file, "token " + quote(token) + " has ids " + before + " and " + id);
    }
    set(token, id);
  }

  /// A copy that can be changed on its own.
  Vocabulary copy() {
    Vocabulary copy = new Vocabulary();
    copy.tokens.addAll(tokens);
    copy.ids.putAll(ids);
    return copy;
  }

  private static void checkId(String token, int id, String file) {
    if (id < 0 || id >= MAX_SIZE) {
      throw new CheckpointException(
          file, "token " + quote(token) + " has id " + id + ", expected 0 … " + (MAX_SIZE - 1));
    }
  }

  private void set(String token, int id) {
    if (id >= tokens.size()) {
      tokens.addAll(Collections.nCopies(id + 1 - tokens.size(), null));
    }
    tokens.set(id, token);
  }

  int size() {
    return tokens.size();
  }

  /// The token of an id, or null.
  @Nullable String find(int id) {
    return id < 0 || id >= tokens.size() ? null : tokens.get(id);
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /// The id of a token, or -1.
  int idOrNone(String token) {
    return ids.getOrDefault(token, -1);
  }

  /// A token as messages show it: in quotes, at most 40 characters.
  static String quote(String token) {
    return '"' + (token.length() > 40 ? token.substring(0, 40) + "…" : token) + '"';
  }
}
