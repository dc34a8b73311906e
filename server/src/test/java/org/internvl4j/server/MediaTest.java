package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.pdf.Pdf;
import org.internvl4j.media.pdf.PdfOptions;
import org.internvl4j.media.video.Video;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.AllowedHosts;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.server.source.SourceOptions;
import org.internvl4j.server.source.VideoReader;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Videos, PDF files and texts with pictures among them, against the demo model.
class MediaTest {
  private static final Path CLIPS = Fixtures.home().resolve("media-video/src/test/resources/clips");
  private static final Generation OPTIONS = Generation.GREEDY.withMaxNewTokens(40);
  private static final Limits LIMITS =
      new Limits(64L << 20, 16 << 10, 64, 8_000_000, 64, 2, Duration.ofMinutes(5));
  private static final byte[] PDF = PdfText.of(3, "");

  private static Demo demo;

  @BeforeAll
  static void start() throws IOException {
    demo =
        new Demo(EngineOptions.DEFAULT, options -> options.withMediaPath(CLIPS).withLimits(LIMITS));
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  private static String text(String text) {
    return "{\"type\": \"text\", \"text\": \"" + text + "\"}";
  }

  private static String image() {
    return "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,%s\"}}"
        .formatted(demo.base64);
  }

  /// @param more further fields, each behind a comma
  private static String video(String url, String more) {
    return "{\"type\": \"video_url\", \"video_url\": {\"url\": \"%s\"%s}}".formatted(url, more);
  }

  private static String file(byte[] bytes, String more) {
    return """
    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,%s"%s}}\
    """
        .formatted(Base64.getEncoder().encodeToString(bytes), more);
  }

  private static HttpResponse<String> ask(String... parts) throws Exception {
    return demo.client.post("/v1/chat/completions", body(parts));
  }

  private static String body(String... parts) {
    return "{\"max_tokens\": 40, \"messages\": [{\"role\": \"user\", \"content\": [%s]}]}"
        .formatted(String.join(", ", parts));
  }

  private static void assertAnswer(Question question, String... parts) throws Exception {
    Answer expected = demo.model.ask(question, OPTIONS, piece -> {});
    HttpResponse<String> response = ask(parts);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    Json json = Client.json(response.body());
    assertThat(json.at("choices").items().getFirst().at("message").getText("content"))
        .isEqualTo(expected.text());
    assertThat(json.at("usage").getInt("prompt_tokens")).isEqualTo(expected.usage().promptTokens());
  }

  private static Json assertRefused(int status, String code, String param, String... parts)
      throws Exception {
    HttpResponse<String> response = ask(parts);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    Json error = Client.json(response.body()).at("error");
    assertThat(error.getText("code")).as(response.body()).isEqualTo(code);
    assertThat(error.getText("param")).as(response.body()).isEqualTo(param);
    assertThat(error.getText("message"))
        .doesNotContain(System.getProperty("java.io.tmpdir"), CLIPS.toString(), "Exception");
    return error;
  }

  private static List<Picture> frames(String clip, int count) {
    try (Video video = Video.open(CLIPS.resolve(clip))) {
      return video.sample(count, (done, total) -> {});
    }
  }

  private static String data(String clip) throws IOException {
    byte[] bytes = Files.readAllBytes(CLIPS.resolve(clip));
    return "data:video/mp4;base64," + Base64.getEncoder().encodeToString(bytes);
  }

  // ---- videos

  @Test
  void answersAboutAVideoAsTheModelDoes() throws Exception {
    String asked = "What is happening?";
    Question four = Question.ofFrames(asked, frames("main.mp4", 4));
    assertAnswer(four, text(asked), video(data("main.mp4"), ", \"frames\": 4"));
    Question eight = Question.ofFrames(asked, frames("baseline.mp4", 8));
    assertAnswer(eight, video("baseline.mp4", ""), text(asked));
    assertAnswer(eight, "{\"type\": \"video_url\", \"video_url\": \"baseline.mp4\"}", text(asked));
    Question fine = four.withMaxTiles(2);
    assertAnswer(fine, video("main.mp4", ", \"frames\": 4, \"max_tiles\": 2"), text(asked));
  }

  @Test
  void videosAmongTextsKeepTheirPlaces() throws Exception {
    List<Image> images = new ArrayList<>(List.of(new Image.Whole(demo.picture)));
    for (Picture frame : frames("main.mp4", 2)) {
      images.add(new Image.Whole(frame, OptionalInt.of(1)));
    }
    String mixed = "First\n<image>\nthen\nFrame1: <image>\nFrame2: <image>\nCompare.";
    assertAnswer(
        new Question(mixed, images, OptionalInt.empty()),
        text("First\\n"),
        image(),
        text("then\\n"),
        video("main.mp4", ", \"frames\": 2"),
        text("Compare."));
    String inFront = "<image>\nFrame1: <image>\nFrame2: <image>\nCompare.";
    assertAnswer(
        new Question(inFront, images, OptionalInt.empty()),
        text("Compare."),
        image(),
        video("main.mp4", ", \"frames\": 2"));
  }

  // ---- PDF files

  private static Question pages(String asked, Tiling tiling, int... numbers) {
    List<Picture> pictures = new ArrayList<>();
    try (Pdf pdf = Pdf.of(PDF, "a.pdf", PdfOptions.DEFAULT)) {
      for (int number : numbers) {
        pictures.add(pdf.page(number, tiling).picture());
      }
    }
    return Question.of(asked, pictures);
  }

  @Test
  void answersAboutPagesAsTheModelDoes() throws Exception {
    Tiling tiling = demo.model.tiling();
    assertAnswer(pages("What?", tiling, 1, 2, 3), file(PDF, ""), text("What?"));
    assertAnswer(pages("What?", tiling, 3, 1), text("What?"), file(PDF, ", \"pages\": \"3,1\""));
    assertAnswer(
        pages("What?", tiling.withMaxTiles(1), 2).withMaxTiles(1),
        file(PDF, ", \"pages\": \"2\", \"max_tiles\": 1"),
        text("What?"));
    String base64 = Base64.getEncoder().encodeToString(PDF);
    String bare = "{\"type\": \"file\", \"file\": {\"file_data\": \"%s\"}}".formatted(base64);
    assertAnswer(pages("What?", tiling, 1, 2, 3), bare, text("What?"));
  }

  @Test
  void tellsWhatIsMissingInPages() throws Exception {
    byte[] broken = PdfText.of(1, "/P Do");
    HttpResponse<String> response = ask(file(broken, ""), text("What?"));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("X-InternVL-Problems"))
        .hasValueSatisfying(told -> assertThat(told).startsWith("page 1: picture 1 (8 x 8"));
    String same = body(file(broken, ""), text("What?"));
    assertThat(demo.client.post("/api/chat", same).headers().firstValue("X-InternVL-Problems"))
        .isEqualTo(response.headers().firstValue("X-InternVL-Problems"));
    assertThat(ask(file(PDF, ""), text("What?")).headers().firstValue("X-InternVL-Problems"))
        .isEmpty();
  }

  @Test
  void takesFilesThatAreLongerThanStringsOfConfigurations() throws Exception {
    byte[] padded = PdfText.of(1, "%" + " ".repeat(13_000_000));
    assertThat(Base64.getEncoder().encodeToString(padded)).hasSizeGreaterThan(1 << 24);
    assertThat(ask(file(padded, ""), text("What?")).statusCode()).isEqualTo(200);
  }

  // ---- limits and refusals

  @Test
  void framesAndPagesCountAsPictures() throws Exception {
    String all = video("main.mp4", ", \"frames\": 40");
    String few = video("turned.mp4", ", \"frames\": 25");
    String second = "messages[0].content[1].";
    Json error = assertRefused(400, "invalid_request", second + "video_url", all, few);
    assertThat(error.getText("message"))
        .isEqualTo("request: has more than 64 pictures; that is the most");
    String first = video("turned.mp4", ", \"frames\": 62");
    error = assertRefused(400, "invalid_request", second + "file", first, file(PDF, ""));
    assertThat(error.getText("message"))
        .isEqualTo("file: 3 pages, at most 2 are read at once; name fewer, such as 1-2");
    byte[] long65 = PdfText.of(65, "");
    assertRefused(400, "invalid_request", second + "file", text("What?"), file(long65, ""));
    String all65 = file(long65, ", \"pages\": \"1-65\"");
    error = assertRefused(400, "invalid_request", second + "file.pages", text("What?"), all65);
    assertThat(error.getText("message")).startsWith("file: 65 pages, at most 64 are read at once;");
  }

  @Test
  void pixelsOfFramesAndPagesAreThoseOfPictures() {
    Limits small = new Limits(64L << 20, 16 << 10, 64, 100_000, 64, 2, Duration.ofMinutes(5));
    PictureSource source = new PictureSource(SourceOptions.of(LIMITS).withMediaPath(CLIPS));
    PictureLoader frames = loader(source, small);
    assertThat(frames.frames("main.mp4", 5)).hasSize(5); // of 19,200 pixels
    PictureLoader pages = loader(source, small);
    String pdf = Base64.getEncoder().encodeToString(PDF);
    for (ThrowingCallable more :
        List.<ThrowingCallable>of(
            () -> frames.frames("main.mp4", 1),
            () -> pages.pages(pdf, null, OptionalInt.empty()))) {
      assertThat(catchThrowableOfType(ApiException.class, more))
          .returns("picture_too_large", ApiException::code)
          .hasMessage("request: its pictures have more than 100000 pixels together; shrink them");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "video_url", "video_url": {"url": "small.webm"} | invalid_video | video_url | video: is Matroska or WebM; without ffmpeg, which may not be used here, only MP4 with H.264 of common kinds (8 bits, 4:2:0, progressive) is read; convert the video to that
          "video_url", "video_url": {"url": "make.sh"} | invalid_video | video_url | video: is of no kind that is known here
          "video_url", "video_url": {"url": "data:,"} | invalid_video | video_url | the file is empty
          "video_url", "video_url": {"url": "none.mp4"} | video_not_found | video_url | there is no such file below
          "video_url", "video_url": {"url": "../a.mp4"} | video_not_allowed | video_url | the path of the file is not one that may be read
          "video_url", "video_url": {"url": "http://example.org/a.mp4"} | video_not_allowed | video_url | nothing is fetched from this host unless
          "video_url", "video_url": {"url": "rtsp://example.org/a"} | video_not_allowed | video_url | nothing is read from addresses of this kind
          "video_url", "video_url": {"url": "main.mp4", "frames": 0} | invalid_request | video_url.frames | frames is 0, expected 1 to 64
          "video_url", "video_url": {"url": "main.mp4", "frames": 65} | invalid_request | video_url.frames | frames is 65, expected 1 to 64
          "video_url", "video_url": {"url": "main.mp4", "max_tiles": 0} | invalid_request | video_url.max_tiles | max_tiles is 0, expected 1 to 128
          "file", "file": {"file_id": "file-1"} | invalid_request | file.file_id | file_id is "file-1", expected none: this server keeps no files; send it in file_data
          "file", "file": {"file_data": "data:application/pdf;base64,!"} | invalid_file | file | is not base64
          "file", "file": {"file_data": "data:text/plain,hello"} | invalid_file | file | file: expected a PDF file, which begins with %PDF-
          "file", "file": {"file_data": "file://CLIPS/main.mp4"} | invalid_file | file | file: expected a PDF file, which begins with %PDF-
          """)
  void saysWhatIsWrong(String part, String code, String field, String message) throws Exception {
    Json error =
        assertRefused(
            400,
            code,
            "messages[0].content[0]." + field,
            "{\"type\": " + part.replace("CLIPS", CLIPS.toAbsolutePath().toString()) + "}");
    assertThat(error.getText("message")).contains(message).doesNotContain("\n");
  }

  @Test
  void refusesDamagedFilesInOneSentence() throws Exception {
    byte[] clip = Files.readAllBytes(CLIPS.resolve("main.mp4"));
    clip = Arrays.copyOf(clip, clip.length / 2);
    String data = "data:video/mp4;base64," + Base64.getEncoder().encodeToString(clip);
    Json error =
        assertRefused(400, "invalid_video", "messages[0].content[0].video_url", video(data, ""));
    assertThat(error.getText("message"))
        .matches("video: the file has \\d+ bytes, frame \\d+ ends at .*; it looks cut off");
    String file = "messages[0].content[0].file";
    byte[] cut = Arrays.copyOf(PDF, PDF.length / 2);
    error = assertRefused(400, "invalid_file", file, file(cut, ""));
    assertThat(error.getText("message")).endsWith("(%%EOF); it looks cut off");
    byte[] locked = PdfText.locked();
    error = assertRefused(400, "invalid_file", file, file(locked, ""));
    assertThat(error.getText("message")).startsWith("file: needs a password;");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "2-9" | pages: '2-9' asks for pages 2 to 9, file has 1 to 3
          "a-b" | pages: 'a-b' is no list of pages, expected one like 1-3,7
          3     | request: messages[0].content[0].file.pages is 3, expected a string
          """)
  void saysWhichPagesThereAreNot(String pages, String message) throws Exception {
    String part = file(PDF, ", \"pages\": " + pages);
    Json error = assertRefused(400, "invalid_request", "messages[0].content[0].file.pages", part);
    assertThat(error.getText("message")).isEqualTo(message);
  }

  private static long drawing() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive).count();
  }

  @Test
  void noFileHasAProcessBeforeItsTurn() throws Exception {
    long before = drawing();
    PictureSource source = new PictureSource(SourceOptions.of(LIMITS));
    String pdf = Base64.getEncoder().encodeToString(PDF);
    CountDownLatch free = new CountDownLatch(1);
    try (Desk files = Desk.ofFiles();
        ExecutorService clients = Executors.newCachedThreadPool()) {
      List<Future<Boolean>> seats = new ArrayList<>();
      for (int seat = 0; seat < 2; seat++) {
        seats.add(clients.submit(() -> files.run(() -> await(free))));
      }
      List<Future<List<Picture>>> answers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        answers.add(
            clients.submit(
                () -> loader(source, LIMITS, files).pages(pdf, null, OptionalInt.empty())));
      }
      while (files.waiting() < answers.size()) {
        Thread.sleep(5);
      }
      assertThat(drawing()).isEqualTo(before);
      free.countDown();
      for (Future<Boolean> seat : seats) {
        assertThat(seat.get()).isTrue();
      }
      for (Future<List<Picture>> answer : answers) {
        assertThat(answer.get()).hasSize(3);
      }
    }
  }

  private static boolean await(CountDownLatch latch) throws InterruptedException {
    latch.await();
    return true;
  }

  @Test
  void pagesAreDrawnForALimitedTime() {
    PictureSource hasty = new PictureSource(SourceOptions.of(LIMITS).withPages(Duration.ZERO));
    String pdf = Base64.getEncoder().encodeToString(PDF);
    Json one = Client.json("\"2\"");
    assertThat(loader(hasty, LIMITS).pages(pdf, one, OptionalInt.empty())).hasSize(1);
    ThrowingCallable all = () -> loader(hasty, LIMITS).pages(pdf, null, OptionalInt.empty());
    assertThat(catchThrowableOfType(ApiException.class, all))
        .returns("file_too_large", ApiException::code)
        .hasMessage("file: its pages take more than 0 seconds to draw; name fewer");
  }

  @Test
  void ffmpegDecodesOthersWhereItMay() {
    boolean there =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "ffprobe")));
    assumeTrue(there, "no ffmpeg and ffprobe on PATH");
    SourceOptions options = SourceOptions.of(LIMITS).withMediaPath(CLIPS).withFfmpeg(true);
    PictureSource source = new PictureSource(options);
    try (VideoReader video = source.video(source.file("small.webm"))) {
      assertThat(video.frames(3)).isEqualTo(frames("small.webm", 3));
      assertThat(video.pixels()).isEqualTo(112 * 80);
    }
  }

  @Test
  void whoFindsNoTurnToFetchIsToTryAgain() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = silent.getLocalPort();
      SourceOptions options =
          SourceOptions.of(LIMITS)
              .withHosts(AllowedHosts.of(List.of("127.0.0.1:" + port + "=private")))
              .withFetches(1, Duration.ZERO);
      PictureSource source = new PictureSource(options);
      String url = "http://127.0.0.1:" + port + "/a.png";
      FutureTask<ApiException> first = new FutureTask<>(() -> refusal(source, url));
      Thread.ofVirtual().start(first);
      try (Socket taken = silent.accept()) {
        assertThat(taken.isConnected()).isTrue();
        assertThat(refusal(source, url))
            .returns(503, ApiException::status)
            .returns("5", ApiException::retryAfter);
      }
      assertThat(first.get()).returns(400, ApiException::status);
    }
  }

  private static PictureLoader loader(PictureSource source, Limits limits) {
    return loader(source, limits, new Desk("files"));
  }

  private static PictureLoader loader(PictureSource source, Limits limits, Desk files) {
    Room.Share memory = new Room(1 << 30).share();
    return new PictureLoader(
        source, limits, new Desk("test"), files, memory, () -> {}, demo.model.tiling());
  }

  private static ApiException refusal(PictureSource source, String url) {
    PictureLoader pictures = loader(source, LIMITS);
    return catchThrowableOfType(ApiException.class, () -> pictures.url(url));
  }

  // ---- marks

  @Test
  void whatLooksLikeAMarkInATextIsText() throws Exception {
    List<Image> one = List.of(new Image.Whole(demo.picture));
    String tag = "What does <image> mean?";
    Question inFront = new Question(tag, one, OptionalInt.empty(), List.of());
    assertAnswer(inFront, image(), text(tag));
    assertAnswer(inFront, text(tag), image());
    List<Image> two = List.of(one.getFirst(), one.getFirst());
    String mixed = "<image>\nIs <image> like\n<image>\nthis <image>?";
    assertAnswer(
        new Question(mixed, two, OptionalInt.empty(), List.of(0, 24)),
        image(),
        text("Is <image> like\\n"),
        image(),
        text("this <image>?"));
    assertAnswer(
        new Question(
            "Frame1: <image>\n" + tag,
            List.of(new Image.Whole(frames("main.mp4", 1).getFirst(), OptionalInt.of(1))),
            OptionalInt.empty(),
            List.of(8)),
        text(tag),
        video("main.mp4", ", \"frames\": 1"));
  }
}
