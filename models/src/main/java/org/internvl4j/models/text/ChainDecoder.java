package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// The `decoder` of a `tokenizer.json`: a chain of steps that token strings pass through.
final class ChainDecoder implements TokenDecoder {
  private final Tokens tokens;
  private final List<Kind> kinds;
  private final List<Step> steps;

  /// @param kinds what to do, in this order
  ChainDecoder(Tokens tokens, List<Kind> kinds) {
    this.tokens = tokens;
    this.kinds = kinds;
    this.steps = new ArrayList<>();
    boolean fused = false;
    for (Kind kind : kinds) {
      fused |= kind instanceof Kind.Fuse;
      steps.add(step(kind, fused));
    }
  }

  /// A step as the file says it.
  sealed interface Kind {
    /// `by` in place of each `what` of a token.
    record Replace(String what, String by) implements Kind {}

    /// `<0xE7>` … to the characters they are the bytes of.
    record ByteFallback() implements Kind {}

    /// All tokens to one.
    record Fuse() implements Kind {}

    /// At most so many `content` off both ends of a token.
    record Strip(char content, int start, int stop) implements Kind {}

    /// `replacement` to a space, or to nothing in the first token.
    record Metaspace(char replacement, boolean dropsFirst) implements Kind {}

    /// A space between tokens.
    record Spaces() implements Kind {}
  }

  /// @param json a `decoder`; null for none
  /// @throws org.internvl4j.loader.CheckpointException if it is of another kind
  static List<Kind> kinds(@Nullable Json json) {
    if (json == null) {
      return List.of(new Kind.Spaces());
    }
    Json type = json.at("type");
    return switch (type.asText()) {
      case "Sequence" -> {
        List<Kind> kinds = new ArrayList<>();
        json.at("decoders").items().forEach(step -> kinds.addAll(kinds(step)));
        yield kinds;
      }
      case "Replace" -> {
        Normalizer.Replace replace = Normalizer.replace(json);
        yield List.of(new Kind.Replace(replace.what(), replace.by()));
      }
      case "ByteFallback" -> List.of(new Kind.ByteFallback());
      case "Fuse" -> List.of(new Kind.Fuse());
      case "Strip" ->
          List.of(
              new Kind.Strip(
                  character(json.at("content")), count(json.at("start")), count(json.at("stop"))));
      case "Metaspace" ->
          List.of(
              new Kind.Metaspace(
                  character(json.at("replacement")),
                  !json.getText("prepend_scheme", "always").equals("never")));
      default ->
          throw type.wrong("ByteLevel, Sequence, Replace, ByteFallback, Fuse, Strip or Metaspace");
    };
  }

  /// A string of one UTF-16 unit.
  static char character(Json json) {
    if (json.asText().length() != 1) {
      throw json.wrong("one character");
    }
    return json.asText().charAt(0);
  }

  private static int count(Json json) {
    if (json.asInt() < 0) {
      throw json.wrong("a count of 0 or more");
    }
    return json.asInt();
  }

  @Override
  public void push(int id, StringBuilder out) {
    if (!tokens.skips(id)) {
      pass(0, tokens.text(id), out);
    }
  }

  /// What the chain does to a token behind others; a step that joins tokens has none to join here.
  @Override
  public byte[] bytes(int id) {
    String text = tokens.text(id);
    boolean fused = false;
    boolean fallback = false;
    for (Kind kind : kinds) {
      switch (kind) {
        case Kind.Replace(String what, String by) -> text = text.replace(what, by);
        case Kind.ByteFallback() -> fallback = true;
        case Kind.Fuse() -> fused = true;
        case Kind.Strip(char content, int start, int stop) ->
            text = fused ? text : stripped(text, content, start, stop);
        case Kind.Metaspace(char replacement, boolean dropsFirst) ->
            text = text.replace(replacement, ' ');
        case Kind.Spaces() -> text = " " + text;
      }
    }
    int value = fallback ? SentencePieceModel.byteOf(tokens.text(id)) : -1;
    return value >= 0 ? new byte[] {(byte) value} : text.getBytes(StandardCharsets.UTF_8);
  }

  private static String stripped(String text, char content, int start, int stop) {
    int from = 0;
    while (from < Math.min(start, text.length()) && text.charAt(from) == content) {
      from++;
    }
    int to = text.length();
    while (to > from && text.length() - to < stop && text.charAt(to - 1) == content) {
      to--;
    }
    return text.substring(from, to);
  }

  @Override
  public boolean dropsFirstSpace() {
    boolean drops = false;
    for (Kind kind : kinds) {
      drops |=
          switch (kind) {
            case Kind.Strip(char content, int start, int stop) -> content == ' ' && start > 0;
            case Kind.Metaspace(char replacement, boolean dropsFirst) -> dropsFirst;
            case Kind.Spaces() -> true;
            case Kind.Replace replace -> false;
            case Kind.ByteFallback bytes -> false;
            case Kind.Fuse fuse -> false;
          };
    }
    return drops;
  }

  @Override
  public void finish(StringBuilder out) {
    for (int i = 0; i < steps.size(); i++) {
      int next = i + 1;
      steps.get(i).finish(text -> pass(next, text, out));
    }
  }

  private void pass(int from, String text, StringBuilder out) {
    if (from == steps.size()) {
      out.append(text);
    } else {
      steps.get(from).push(text, result -> pass(from + 1, result, out));
    }
  }

  /// One step on tokens that come one by one.
  private interface Step {
    void push(String token, Consumer<String> next);

    default void finish(Consumer<String> next) {}
  }

  private static Step step(Kind kind, boolean fused) {
    return switch (kind) {
      case Kind.Replace(String what, String by) ->
          fused
              ? new FusedReplace(what, by)
              : (token, next) -> next.accept(token.replace(what, by));
      case Kind.ByteFallback() -> new Bytes();
      case Kind.Fuse() -> (token, next) -> next.accept(token);
      case Kind.Strip(char content, int start, int stop) ->
          new Stripping(content, start, stop, fused);
      case Kind.Metaspace(char replacement, boolean dropsFirst) ->
          new Spacing(replacement, dropsFirst, fused);
      case Kind.Spaces() -> new Joining();
    };
  }

  private static final class FusedReplace implements Step {
    private final CleanUp.Replacer replacer;

    FusedReplace(String what, String by) {
      replacer = new CleanUp.Replacer(what, by);
    }

    @Override
    public void push(String token, Consumer<String> next) {
      next.accept(replacer.push(token));
    }

    @Override
    public void finish(Consumer<String> next) {
      next.accept(replacer.finish());
    }
  }

  /// A run of bytes that is not UTF-8 as a whole becomes one U+FFFD a byte, so a run is held until
  /// it ends.
  private static final class Bytes implements Step {
    private byte[] run = new byte[16];
    private int count;

    @Override
    public void push(String token, Consumer<String> next) {
      int value = SentencePieceModel.byteOf(token);
      if (value < 0) {
        finish(next);
        next.accept(token);
        return;
      }
      if (count == run.length) {
        run = Arrays.copyOf(run, 2 * count);
      }
      run[count++] = (byte) value;
    }

    @Override
    public void finish(Consumer<String> next) {
      if (count > 0) {
        String text = Utf8.decodeStrictly(run, 0, count);
        next.accept(text == null ? String.valueOf(Utf8.REPLACEMENT).repeat(count) : text);
        count = 0;
      }
    }
  }

  /// After a fusion there is one token: its front is stripped as it begins, its end as it ends.
  private static final class Stripping implements Step {
    private final char content;
    private final int start;
    private final int stop;
    private final boolean fused;
    private int toDrop;
    private String held = "";

    Stripping(char content, int start, int stop, boolean fused) {
      this.content = content;
      this.start = start;
      this.stop = stop;
      this.fused = fused;
      this.toDrop = start;
    }

    @Override
    public void push(String token, Consumer<String> next) {
      if (!fused) {
        toDrop = start;
        next.accept(withoutEnd(withoutFront(token)));
        return;
      }
      String text = held + withoutFront(token);
      String settled = withoutEnd(text);
      held = text.substring(settled.length());
      next.accept(settled);
    }

    private String withoutFront(String text) {
      int from = 0;
      while (from < text.length() && toDrop > 0 && text.charAt(from) == content) {
        from++;
        toDrop--;
      }
      if (from < text.length()) {
        toDrop = 0;
      }
      return text.substring(from);
    }

    private String withoutEnd(String text) {
      int end = text.length();
      while (end > 0 && text.length() - end < stop && text.charAt(end - 1) == content) {
        end--;
      }
      return text.substring(0, end);
    }
  }

  private static final class Spacing implements Step {
    private final char replacement;
    private final boolean dropsFirst;
    private final boolean fused;
    private boolean first = true;

    Spacing(char replacement, boolean dropsFirst, boolean fused) {
      this.replacement = replacement;
      this.dropsFirst = dropsFirst;
      this.fused = fused;
    }

    @Override
    public void push(String token, Consumer<String> next) {
      String by = dropsFirst && (first || fused) ? "" : " ";
      first = false;
      next.accept(token.replace(String.valueOf(replacement), by));
    }
  }

  private static final class Joining implements Step {
    private boolean first = true;

    @Override
    public void push(String token, Consumer<String> next) {
      next.accept(first ? token : " " + token);
      first = false;
    }
  }
}
