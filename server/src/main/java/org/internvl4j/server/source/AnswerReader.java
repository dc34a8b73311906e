package org.internvl4j.server.source;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the one answer of a connection (RFC 9112), to the letter and with bounds: what can be
/// understood in two ways is refused.
final class AnswerReader {
  private static final int LONGEST_CHUNK_LINE = 256;
  private static final int OK = 200;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-5]\\d\\d)(?: .*)?");
  private static final Pattern HEADER =
      Pattern.compile("([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \\t]*+([^\\x00-\\x08\\x0a-\\x1f\\x7f]*)");
  private static final Pattern LENGTH = Pattern.compile("\\d{1,18}");
  private static final Pattern CHUNK = Pattern.compile("([0-9A-Fa-f]{1,8})[ \\t]*(?:;.*)?");
  private static final List<String> FRAMING =
      List.of("content-length", "transfer-encoding", "content-encoding");

  private final InputStream in;
  private final String host;
  private final int maxBytes;
  private int headerBytesLeft;

  /// @param host what messages call the server
  AnswerReader(InputStream in, String host, int headerBytes, int maxBytes) {
    this.in = in;
    this.host = host;
    this.headerBytesLeft = headerBytes;
    this.maxBytes = maxBytes;
  }

  /// The body of the answer.
  ///
  /// @throws PictureRefusedException if there is none, or it is too long or not well sent
  /// @throws IOException if the connection fails
  byte[] read() throws IOException {
    int status = status();
    Map<String, String> headers = headers();
    while (status < OK && status != 101) { // hints that come before the answer
      status = status();
      headers = headers();
    }
    require(status);
    String encoding = headers.getOrDefault("content-encoding", "identity");
    if (!encoding.equalsIgnoreCase("identity")) {
      throw broken("sends the file with an encoding that it was not asked for");
    }
    byte[] body = body(headers.get("transfer-encoding"), headers.get("content-length"));
    if (body.length == 0) {
      throw broken("sends an empty file");
    }
    return body;
  }

  private void require(int status) {
    if (status == OK) {
      return;
    }
    if (status >= 300 && status < 400) {
      throw PictureRefusedException.notAllowed(
          "%s: redirects to another address (%d), which is not followed; name the last one"
              .formatted(host, status));
    }
    if (status == 404 || status == 410) {
      throw PictureRefusedException.notFound("%s: has no such file (%d)".formatted(host, status));
    }
    throw PictureRefusedException.unreachable(
        "%s: answers %d instead of the file".formatted(host, status));
  }

  private int status() throws IOException {
    Matcher line = STATUS.matcher(headerLine());
    if (!line.matches()) {
      throw broken("does not answer in HTTP/1.1");
    }
    return Integer.parseInt(line.group(1));
  }

  /// Those that say how the body is sent, by lower-case name.
  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (String line = headerLine(); !line.isEmpty(); line = headerLine()) {
      Matcher header = HEADER.matcher(line);
      if (!header.matches()) {
        throw broken("sends a header that is none");
      }
      String name = header.group(1).toLowerCase(Locale.ROOT);
      if (FRAMING.contains(name) && headers.put(name, header.group(2).strip()) != null) {
        throw broken("sends the header " + name + " twice");
      }
    }
    return headers;
  }

  private byte[] body(@Nullable String transfer, @Nullable String length) throws IOException {
    if (transfer == null) {
      return length == null ? toTheEnd() : ofLength(length);
    }
    if (length != null || !transfer.equalsIgnoreCase("chunked")) {
      throw broken("sends the file in a way that is not understood (its transfer-encoding)");
    }
    return chunks();
  }

  private byte[] toTheEnd() throws IOException {
    byte[] body = in.readNBytes(maxBytes + 1);
    if (body.length > maxBytes) {
      throw PictureRefusedException.tooLarge(maxBytes);
    }
    return body;
  }

  private byte[] ofLength(String text) throws IOException {
    if (!LENGTH.matcher(text).matches()) {
      throw broken("sends a content-length that is no number");
    }
    long length = Long.parseLong(text);
    if (length > maxBytes) {
      throw PictureRefusedException.tooLarge(maxBytes);
    }
    byte[] body = in.readNBytes((int) length); // grows as it comes, whatever was announced
    if (body.length < length) {
      throw broken("ends after %d of %d bytes".formatted(body.length, length));
    }
    return body;
  }

  private byte[] chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int size = chunkSize(); size > 0; size = chunkSize()) {
      if (size > maxBytes - body.size()) {
        throw PictureRefusedException.tooLarge(maxBytes);
      }
      byte[] chunk = in.readNBytes(size);
      if (chunk.length < size || !line(2, "a chunk").isEmpty()) {
        throw broken("sends a chunk that is shorter or longer than it says");
      }
      body.writeBytes(chunk);
    }
    headers(); // trailers, which say nothing here
    return body.toByteArray();
  }

  private int chunkSize() throws IOException {
    Matcher line = CHUNK.matcher(line(LONGEST_CHUNK_LINE, "a chunk"));
    if (!line.matches()) {
      throw broken("sends a chunk without its size");
    }
    long size = Long.parseLong(line.group(1), 16);
    return (int) Math.min(size, Integer.MAX_VALUE);
  }

  private String headerLine() throws IOException {
    String line = line(headerBytesLeft, "its headers");
    headerBytesLeft -= line.length() + 2;
    return line;
  }

  /// The characters up to CR LF, which are among the `most` bytes that may come.
  private String line(int most, String where) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int left = most; left > 0; left--) {
      int c = in.read();
      if (c < 0) {
        throw new EOFException(host + ": ends in " + where);
      }
      if (c == '\r' && left > 1) {
        if (in.read() != '\n') {
          break;
        }
        return line.toString(StandardCharsets.ISO_8859_1);
      }
      line.write(c);
    }
    throw broken("does not end a line of " + where + " where it should");
  }

  private PictureRefusedException broken(String what) {
    return PictureRefusedException.broken(host + ": " + what);
  }
}
