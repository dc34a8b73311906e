package org.internvl4j.batch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// Rows as lines of JSON: `{"id": "a", "images": ["a.png"], "prompt": "What is it?"}`. Of the
/// fields only `images` is needed; a row without `id` is called by its number. Pictures are paths,
/// from the file's folder if they are not absolute, or `data:` addresses in base64.
///
/// A line that makes no sense is a row that fails.
final class JsonLines implements Input {
  private static final int MOST_BYTES = 1 << 28; // of a line
  private static final Json.Limits LIMITS = new Json.Limits(MOST_BYTES, 200_000);

  private final InputStream in;
  private final Path folder;
  private final String name;
  private final String prefix;
  private long number;

  /// @param in buffered; is closed with this
  /// @param folder where paths begin
  /// @param name what messages call it
  /// @param prefix of the numbers that rows without a name are called by
  JsonLines(InputStream in, Path folder, String name, String prefix) {
    this.in = in;
    this.folder = folder;
    this.name = name;
    this.prefix = prefix;
  }

  @Override
  public long size() {
    return -1;
  }

  @Override
  public boolean asks() {
    return true;
  }

  @Override
  public @Nullable Row next() throws IOException {
    byte[] line = line();
    while (line != null && isBlank(line)) {
      line = line();
    }
    return line == null ? null : row(line);
  }

  /// @return null at the end
  private byte @Nullable [] line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.size() == MOST_BYTES) {
        throw new IOException(
            name + ": line " + (number + 1) + " has more than " + MOST_BYTES + " bytes");
      }
      line.write(c);
    }
    number++;
    return line.toByteArray();
  }

  private static boolean isBlank(byte[] line) {
    for (byte b : line) {
      if (b != ' ' && b != '\t' && b != '\r') {
        return false;
      }
    }
    return true;
  }

  private Row row(byte[] line) {
    String id = prefix + number;
    try {
      Json json = Json.parse(line, name + " line " + number, LIMITS);
      Json named = json.find("id");
      if (named != null) {
        id = named instanceof Json.Num(String text, var _) ? text : named.asText();
      }
      List<PictureSource> pictures = new ArrayList<>();
      for (Json image : json.at("images").items()) {
        pictures.add(picture(image));
      }
      Json prompt = json.find("prompt");
      return new Row.Item(id, pictures, prompt == null ? null : prompt.asText());
    } catch (CheckpointException e) {
      return new Row.Unreadable(id, new Failed(Failures.INPUT, String.valueOf(e.getMessage())));
    }
  }

  private PictureSource picture(Json image) {
    String text = image.asText();
    try {
      return PictureSource.named(text, folder, image.place().path());
    } catch (IllegalArgumentException e) {
      throw image.wrong(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
