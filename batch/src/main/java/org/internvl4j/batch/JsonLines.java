package org.internvl4j.batch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// Rows as lines of JSON: `{"id": "a", "images": ["a.png"], "prompt": "What is it?"}`. Of the
/// fields only `images` is needed; a row without `id` is called by its number. Pictures are paths,
/// from the file's folder if they are not absolute, or `data:` addresses in base64.
///
/// Or requests in OpenAI's form: `{"custom_id": "a", "method": "POST", "url":
/// "/v1/chat/completions", "body": {…}}`, if the first line that is either says so.
///
/// A line that makes no sense, or is of the other form, is a row that fails.
final class JsonLines implements Input {
  private static final int LONGEST = 100_000_000; // bytes of a line, however large the heap

  /// Bytes of a line here. Its text, its JSON and its pictures have six times as many while it is
  /// read: a sixteenth of the heap leaves enough for rows that wait and for pictures that are
  /// decoded.
  private static final int MOST_BYTES =
      (int) Math.min(LONGEST, Runtime.getRuntime().maxMemory() / 16);

  private static final String IMAGES = "images";
  private static final String CUSTOM_ID = "custom_id";
  private static final String APART = "keep requests in a file of their own";
  private static final Json.Limits LIMITS = new Json.Limits(MOST_BYTES, 200_000);

  private final InputStream in;
  private final Path folder;
  private final String name;
  private final String prefix;
  private final boolean calls;
  private long number;

  /// @param in buffered; is closed with this
  /// @param folder where paths begin
  /// @param name what messages call it
  /// @param prefix of the numbers that rows without a name are called by
  /// @param calls whether they are requests
  JsonLines(InputStream in, Path folder, String name, String prefix, boolean calls) {
    this.in = in;
    this.folder = folder;
    this.name = name;
    this.prefix = prefix;
    this.calls = calls;
  }

  /// Reads on, up to the first line that says whether rows are requests.
  boolean areCalls() throws IOException {
    for (byte[] line = line(); line != null; line = line()) {
      try {
        if (json(line) instanceof Json.Obj row && (row.has(IMAGES) || isCall(row))) {
          return !row.has(IMAGES);
        }
      } catch (CheckpointException e) {
        // says nothing
      }
    }
    return false;
  }

  private static boolean isCall(Json row) {
    return row.has(CUSTOM_ID) || row.has("body");
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
  public @Nullable Path requestFolder() {
    return calls ? folder : null;
  }

  @Override
  public @Nullable Row next() throws IOException {
    byte[] line = line();
    while (line != null && isBlank(line)) {
      line = line();
    }
    if (line == null) {
      return null;
    }
    return calls ? call(line) : row(line);
  }

  /// @return null at the end
  private byte @Nullable [] line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.size() <= MOST_BYTES) { // one more tells that there are more
        line.write(c);
      }
    }
    number++;
    byte[] bytes = line.toByteArray();
    return number == 1 && startsWithMark(bytes)
        ? Arrays.copyOfRange(bytes, 3, bytes.length)
        : bytes;
  }

  /// The mark of UTF-8 that some editors put in front of a file.
  private static boolean startsWithMark(byte[] line) {
    return line.length >= 3
        && line[0] == (byte) 0xef
        && line[1] == (byte) 0xbb
        && line[2] == (byte) 0xbf;
  }

  private static boolean isBlank(byte[] line) {
    for (byte b : line) {
      if (b != ' ' && b != '\t' && b != '\r') {
        return false;
      }
    }
    return true;
  }

  private Json json(byte[] line) {
    String place = name + " line " + number;
    if (line.length > MOST_BYTES) {
      String advice =
          MOST_BYTES < LONGEST
              ? ", a sixteenth of the Java heap; give it more: INTERNVL_JAVA_OPTS=-Xmx2g"
              : "";
      throw new CheckpointException(place, "has more than " + MOST_BYTES + " bytes" + advice);
    }
    return Json.parse(line, place, LIMITS);
  }

  /// One that has no name is not called like one that has: `line-3`.
  private Row call(byte[] line) {
    String id = prefix + "line-" + number;
    try {
      Json json = json(line);
      if (json.has(IMAGES) && !isCall(json)) {
        throw json.wrong("a request, as in the lines before: " + APART);
      }
      String own = json.getText(CUSTOM_ID);
      if (own.length() > Row.LONGEST_ID) {
        throw json.at(CUSTOM_ID).wrong("at most %d characters".formatted(Row.LONGEST_ID));
      }
      id = own;
      Json method = json.at("method");
      if (!method.asText().equals("POST")) {
        throw method.wrong("POST");
      }
      String url = json.getText("url");
      if (json.at("body") instanceof Json.Obj body) {
        return new Row.Call(id, url, body, line.length);
      }
      throw json.at("body").wrong("an object");
    } catch (CheckpointException e) {
      return new Row.Unreadable(id, Failed.input(String.valueOf(e.getMessage())), true);
    }
  }

  private Row row(byte[] line) {
    String id = prefix + number;
    try {
      Json json = json(line);
      if (isCall(json) && !json.has(IMAGES)) {
        throw json.wrong("pictures, as in the lines before: " + APART);
      }
      Json named = json.find("id");
      if (named != null) {
        id = named instanceof Json.Num(String text, var _) ? text : named.asText();
      }
      List<PictureSource> pictures = new ArrayList<>();
      for (Json image : json.at(IMAGES).items()) {
        pictures.add(picture(image));
      }
      Json prompt = json.find("prompt");
      return Row.of(id, prefix + number, pictures, prompt == null ? null : prompt.asText());
    } catch (CheckpointException e) {
      return Row.unreadable(id, prefix + number, Failed.input(String.valueOf(e.getMessage())));
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
