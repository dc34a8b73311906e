package org.internvl4j.server;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;

/// A client of a server under test.
final class Client {
  private final HttpClient http = HttpClient.newHttpClient();
  private final String address;

  Client(Server server) {
    this.address = "http://127.0.0.1:" + server.port();
  }

  HttpResponse<String> get(String path, String... headers) throws Exception {
    return http.send(request(path, headers).GET().build(), text());
  }

  HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    HttpRequest.BodyPublisher publisher = HttpRequest.BodyPublishers.ofString(body);
    return http.send(request(path, headers).POST(publisher).build(), text());
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), text());
  }

  private static HttpResponse.BodyHandler<String> text() {
    return HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8);
  }

  HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path));
    return headers.length == 0 ? request : request.headers(headers);
  }

  /// The JSON of the events of a stream but for the last one, which says that it is over.
  static List<Json> events(String stream) {
    List<Json> events = new ArrayList<>();
    for (String line : stream.lines().toList()) {
      if (line.startsWith("data: ") && !line.equals("data: [DONE]")) {
        events.add(json(line.substring(6)));
      }
    }
    return events;
  }

  static Json json(String text) {
    return Json.parse(text.getBytes(StandardCharsets.UTF_8), "answer");
  }
}
