package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PdfReader;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.server.source.SourceOptions;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What requests bring never takes more memory than the server gives them.
class MemoryTest {
  private static final long MEMORY = 64L << 20;
  private static final long UNIT = 1 << 16; // bytes that count as one
  private static final SourceOptions SOURCES = SourceOptions.of(Limits.DEFAULT);

  /// Eight times one picture of 4 million pixels, which takes 48 MB while it is decoded: they wait
  /// for each other. One that takes more than there is is refused, and all memory comes back.
  @Test
  void largePicturesWaitForEachOther() throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT, options -> options.withMemory(MEMORY));
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      String body = demo.chat("What is it?", "").replace(demo.base64, png(2000, 2000));
      List<Future<HttpResponse<String>>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(clients.submit(() -> patiently(demo, body)));
      }
      for (Future<HttpResponse<String>> one : all) {
        assertThat(one.get().statusCode()).as(one.get().body()).isEqualTo(200);
      }
      String larger = demo.chat("What is it?", "").replace(demo.base64, png(2500, 2500));
      HttpResponse<String> refused = demo.client.post("/v1/chat/completions", larger);
      assertThat(refused.statusCode()).isEqualTo(413);
      assertThat(refused.body()).contains("of memory to be read, the server has 64 MB for all");
      demo.settle();
      while (demo.server.room().free() < MEMORY) {
        Thread.onSpinWait(); // the last exchange ends behind its answer
      }
    }
  }

  /// Twelve pictures of a few kilobytes that would be 300 MB each: the third is too much already.
  @Test
  void pixelsAreCountedBeforeTheyAreDecoded() throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT, options -> options.withMemory(MEMORY))) {
      String picture = "{\"image\": \"%s\"}".formatted(png(12_000, 4_000)); // 48 million pixels
      String body = "{\"input\": [" + String.join(",", Collections.nCopies(12, picture)) + "]}";
      HttpResponse<String> response = demo.client.post("/v1/embeddings", body);
      assertThat(response.statusCode()).isEqualTo(413);
    }
  }

  /// What the tiles of an answer take is known only once it waits: who is refused for it then
  /// leaves no answer behind.
  @Test
  void aRefusalBehindTheQueueLeavesNoAnswer() throws Exception {
    EngineOptions one = EngineOptions.DEFAULT.withTogether(1);
    try (HttpClient http = HttpClient.newHttpClient();
        Demo demo = new Demo(one, options -> options.withMemory(4 << 20))) {
      String endless =
          "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"stream\": true, \"max_tokens\": 4000"
              + demo.endless()
              + "}";
      HttpRequest growing =
          demo.client
              .request("/v1/chat/completions")
              .POST(HttpRequest.BodyPublishers.ofString(endless))
              .build();
      try (InputStream pieces =
          http.send(growing, HttpResponse.BodyHandlers.ofInputStream()).body()) {
        assertThat(pieces.read()).isEqualTo('d');
        while (demo.server.engine().state().growing() == 0) {
          Thread.sleep(5);
        }
        String wide = demo.chat("What is it?", demo.endless()).replace(demo.base64, png(120, 10));
        HttpResponse<String> refused = demo.client.post("/v1/chat/completions", wide);
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(413); // of 13 tiles
      }
      demo.settle();
      assertThat(demo.client.get("/metrics").body())
          .containsPattern("gen_ai_client_token_usage_count\\{.*\"output\"} 1\n")
          .containsPattern("gen_ai_client_token_usage_count\\{.*\"input\"} 2\n");
    }
  }

  /// Who waits for memory keeps nobody from being answered.
  @Test
  void whoeverNeedsNoMemoryNeedNotWait() throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT, options -> options.withMemory(MEMORY));
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Room.Share all = demo.server.room().share();
      all.take(MEMORY);
      String pdf =
          """
          {"messages": [{"role": "user", "content": [
            {"type": "file", "file": {"file_data": "%s"}}, {"type": "text", "text": "What?"}]}]}\
          """
              .formatted(Base64.getEncoder().encodeToString(PdfText.of(3, "")));
      List<Future<HttpResponse<String>>> waiting = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        waiting.add(clients.submit(() -> patiently(demo, pdf)));
      }
      String hi = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
      assertThat(demo.client.post("/v1/chat/completions", hi).statusCode()).isEqualTo(200);
      assertThat(waiting).noneMatch(Future::isDone);
      all.close();
      for (Future<HttpResponse<String>> one : waiting) {
        assertThat(one.get().statusCode()).as(one.get().body()).isEqualTo(200);
      }
    }
  }

  /// Values of a byte that take a hundred in memory.
  @Test
  void valuesOfABodyAreCounted() throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT, options -> options)) {
      String body = "{\"messages\": [" + "1,".repeat(1_000_000) + "1]}";
      HttpResponse<String> response = demo.client.post("/v1/chat/completions", body);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(response.body()).contains("200000");
    }
  }

  /// To tokenise takes far more memory than the text.
  @ParameterizedTest
  @CsvSource({"/tokenize, content", "/v1/completions, prompt", "/v1/embeddings, input"})
  void textsAreCountedWhileTheyAreTokenised(String path, String field) throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT, options -> options.withMemory(4 << 20))) {
      long before = demo.server.room().free();
      HttpResponse<String> refused =
          demo.client.post(path, "{\"%s\": \"%s\"}".formatted(field, "x".repeat(100_000)));
      assertThat(refused.statusCode()).isEqualTo(413);
      assertThat(refused.body()).contains("needs 6 MB of memory");
      HttpResponse<String> answered =
          demo.client.post(path, "{\"%s\": \"%s\"}".formatted(field, "x".repeat(1000)));
      assertThat(answered.statusCode()).as(answered.body()).isEqualTo(200);
      while (demo.server.room().free() < before) {
        Thread.onSpinWait(); // the last exchange ends behind its answer
      }
    }
  }

  @Test
  void aShareGoesBackWhateverHappens() {
    Room room = new Room(1 << 20);
    try (Room.Share share = room.share()) {
      share.take(512 << 10);
      share.give(256 << 10);
      assertThat(room.free()).isEqualTo(768 << 10);
      assertThatThrownBy(() -> share.take(1 << 20))
          .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(413));
      assertThat(room.free()).isEqualTo(768 << 10);
    }
    assertThat(room.free()).isEqualTo(1 << 20);
  }

  /// Twice the bytes of a file until it is read; twelve a pixel of a page until it is drawn, of
  /// which the three of its picture stay.
  @Test
  void filesAndTheirPagesAreCounted() {
    byte[] pdf = PdfText.of(1, "%" + " ".repeat(1 << 20));
    Tiling tiling = Tiling.squeeze(448);
    long drawn;
    try (PdfReader reader = new PictureSource(SOURCES).pdf(pdf, tiling, 1)) {
      drawn = reader.pixels(1);
    }
    assertThat(drawn).isEqualTo(448 * 448);
    long needed = 2L * pdf.length + 12 * drawn;
    Room room = new Room(needed + UNIT);
    try (Desk studio = new Desk("test");
        Room.Share share = room.share()) {
      long before = room.free();
      assertThat(pages(pdf, studio, share, tiling)).hasSize(1);
      assertThat(before - room.free()).isEqualTo(3 * drawn / UNIT * UNIT);
    }
    assertThat(room.free()).isEqualTo((needed + UNIT) / UNIT * UNIT);
    for (long less : new long[] {2L * pdf.length - UNIT, needed - UNIT}) {
      Room small = new Room(less);
      try (Desk studio = new Desk("test");
          Room.Share share = small.share()) {
        assertThatThrownBy(() -> pages(pdf, studio, share, tiling))
            .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(413));
      }
      assertThat(small.free()).isEqualTo(less / UNIT * UNIT);
    }
  }

  private static List<Picture> pages(byte[] pdf, Desk studio, Room.Share share, Tiling tiling) {
    return new PictureLoader(
            new PictureSource(SOURCES), Limits.DEFAULT, studio, studio, share, () -> {}, tiling)
        .pages(Base64.getEncoder().encodeToString(pdf), null, OptionalInt.empty());
  }

  /// Asks again as long as it is told to.
  private static HttpResponse<String> patiently(Demo demo, String body) throws Exception {
    HttpResponse<String> response;
    do {
      response = demo.client.post("/v1/chat/completions", body);
    } while (response.statusCode() == 503
        && response.headers().firstValue("Retry-After").isPresent());
    return response;
  }

  /// A white picture, which compresses well.
  private static String png(int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_BINARY);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, "png", out);
    return Base64.getEncoder().encodeToString(out.toByteArray());
  }
}
