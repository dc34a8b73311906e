package org.internvl4j.batch;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.Checksum;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// A row of an [Input].
///
/// Immutable.
public sealed interface Row {
  /// Most characters of a prompt: more than any model's context holds.
  int LONGEST_PROMPT = 1_000_000;

  /// Most characters of a name.
  int LONGEST_ID = 10_000;

  /// What it is called in the output. Two rows may have the same.
  String id();

  /// Whether its line of output is a request's: [Call].
  default boolean isCall() {
    return false;
  }

  /// Bytes of memory that it keeps until it is written, roughly: texts, and pictures that are not
  /// files.
  long bytes();

  /// A row of pictures, or why it is none: texts have limits, so that those of rows that wait fit
  /// into memory.
  ///
  /// @param number what it is called if its own name is too long
  /// @param prompt see [Item]
  static Row of(String id, String number, List<PictureSource> pictures, @Nullable String prompt) {
    if (id.length() > LONGEST_ID) {
      return new Unreadable(
          number,
          Outcome.Failed.input(
              "row: its id has %d characters, at most %d".formatted(id.length(), LONGEST_ID)));
    }
    if (prompt != null && prompt.length() > LONGEST_PROMPT) {
      return new Unreadable(
          id,
          Outcome.Failed.tooLong(
              "row: its prompt has %d characters, at most %d; shorten it"
                  .formatted(prompt.length(), LONGEST_PROMPT)));
    }
    return new Item(id, pictures, prompt);
  }

  /// What is wrong with a row.
  ///
  /// @param number what it is called if its own name is too long
  static Unreadable unreadable(String id, String number, Outcome.Failed why) {
    return new Unreadable(id.length() > LONGEST_ID ? number : id, why);
  }

  private static long bytes(@Nullable String text) {
    return text == null ? 0 : 2L * text.length();
  }

  /// Adds what it asks, and about what, to a checksum.
  void sum(Checksum sum);

  private static void sum(Checksum sum, String text) {
    sum.update(text.getBytes(StandardCharsets.UTF_8));
    sum.update(0);
  }

  /// Pictures, and what to do with them if it is not what is done with all.
  ///
  /// @param prompt what is asked; null for the task's own question
  record Item(String id, List<PictureSource> pictures, @Nullable String prompt) implements Row {
    public Item {
      pictures = List.copyOf(pictures);
    }

    @Override
    public long bytes() {
      return Row.bytes(id) + Row.bytes(prompt) + pictures.stream().mapToLong(Item::bytes).sum();
    }

    private static long bytes(PictureSource picture) {
      long bytes = picture instanceof PictureSource.OfBytes ? picture.length() : 0;
      return bytes + Row.bytes(picture.name());
    }

    @Override
    public void sum(Checksum sum) {
      Row.sum(sum, prompt == null ? "" : prompt);
      for (PictureSource picture : pictures) {
        switch (picture) {
          case PictureSource.OfFile(Path file) -> Row.sum(sum, file.toString());
          case PictureSource.OfBytes(String _, byte[] bytes) -> sum.update(bytes);
        }
      }
    }

    /// A picture.
    public static Item of(String id, PictureSource picture) {
      return new Item(id, List.of(picture), null);
    }
  }

  /// A request in OpenAI's form, which says all itself.
  ///
  /// @param id its `custom_id`
  /// @param url `/v1/chat/completions`
  /// @param bytes of its line
  record Call(String id, String url, Json.Obj body, long bytes) implements Row {
    @Override
    public boolean isCall() {
      return true;
    }

    @Override
    public void sum(Checksum sum) {
      Row.sum(sum, url);
      Row.sum(sum, body.toString());
    }
  }

  /// A row that could not be understood; it gets an error for an outcome.
  ///
  /// @param isCall whether it stands among requests
  record Unreadable(String id, Outcome.Failed why, boolean isCall) implements Row {
    public Unreadable(String id, Outcome.Failed why) {
      this(id, why, false);
    }

    @Override
    public long bytes() {
      return Row.bytes(id) + Row.bytes(why.sentence());
    }

    @Override
    public void sum(Checksum sum) {
      Row.sum(sum, why.sentence());
    }
  }
}
