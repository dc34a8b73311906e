package org.internvl4j.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.openqa.selenium.Keys;

/// Somebody at the page of a server with the demo model, and what they do there. All tests of the
/// page have the same one: a browser takes its time to start.
final class Visitor implements AutoCloseable {
  static final String DESCRIBE = "Describe the image.";
  static final String LAST = ".answer:last-child";

  /// Lets nothing but the beginning of the next answer come, until the page is told to hear the
  /// rest.
  private static final String PAUSE =
      """
      const send = window.fetch;
      const rest = new Promise((resolve) => (window.hearTheRest = resolve));
      window.fetch = async (path, options) => {
        const response = await send(path, options);
        if (path !== "/v1/chat/completions") {
          return response;
        }
        window.fetch = send;
        const reader = response.body.getReader();
        const { signal } = options;
        const left = new Promise((resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason)));
        left.catch(() => {});
        let room = 2000; // bytes
        return new Response(new ReadableStream({
          async pull(stream) {
            const { done, value } = await reader.read();
            if (done) {
              stream.close();
              return;
            }
            const now = value.subarray(0, room);
            room -= now.length;
            stream.enqueue(now);
            if (now.length < value.length) {
              await Promise.race([rest, left]);
              room = Infinity;
              stream.enqueue(value.subarray(now.length));
            }
          },
        }));
      };
      """;

  final VisionLanguageModel model;
  final Server server;
  final Browser browser;
  final Picture shapes = DemoModel.samples().get(1).pictures().getFirst();
  private final Path folder;

  private Visitor() throws IOException {
    folder = Files.createTempDirectory("pictures");
    model =
        VisionLanguageModel.open(
            DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    ServerOptions options =
        ServerOptions.DEFAULT.withPort(0).withName("demo").withHosts(List.of(Browser.ELSEWHERE));
    server = Server.start(model, EngineOptions.DEFAULT, options);
    browser = new Browser(server, "en-US");
  }

  /// Brings the visitor to a test that asks for one; skips it where there is no browser.
  static final class Extension implements BeforeAllCallback, ParameterResolver {
    @Override
    public void beforeAll(ExtensionContext context) {
      assumeTrue(Browser.isThere(), "no chromium with chromedriver here");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Visitor.class;
    }

    /// The one of all tests, who leaves after the last.
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.GLOBAL)
          .getOrComputeIfAbsent(Visitor.class, type -> arrive(), Visitor.class);
    }

    private static Visitor arrive() {
      try {
        return new Visitor();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// Comes to the page for the first time, at a desk.
  void openAnew() {
    openAnew("127.0.0.1");
  }

  /// @param host the server's name
  void openAnew(String host) {
    browser.limit(0);
    browser.show(1200, 800, 1, "light");
    browser.openAnew(host);
  }

  // ---- steps

  /// @param text or bytes of a file
  void chooseFile(byte[] text, String name) throws IOException {
    browser.first("#files").sendKeys(Files.write(folder.resolve(name), text).toString());
  }

  void choose(Picture picture, String name) throws IOException {
    chooseFile(Pictures.png(picture), name);
    browser.until(() -> !browser.all(".tray li img").isEmpty());
  }

  void type(String text) {
    browser.first("#question").sendKeys(text);
  }

  void ask(String text) {
    int before = browser.all(".answer").size();
    type(text);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.all(".answer").size() > before && isDone());
  }

  /// Asks, and hears no more than the beginning of the answer.
  ///
  /// @return what has come of it, or the first words of that
  String askAndHearTheBeginning(String text) {
    browser.run(PAUSE);
    type(text);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    return browser.text(LAST + " .prose");
  }

  /// Hears the rest of the answer whose beginning this tab has heard.
  void hearTheRest() {
    browser.run("window.hearTheRest()");
    browser.until(this::isDone);
  }

  boolean isDone() {
    return !browser.all(LAST + " footer").isEmpty() && browser.all(".growing").isEmpty();
  }

  boolean isDrawn(String image) {
    return Boolean.TRUE.equals(
        browser.run("return document.querySelector(arguments[0]).naturalWidth > 0", image));
  }

  /// What the model itself answers about the shapes.
  String expected(String question) {
    return model.ask(Question.of(question, shapes), Generation.GREEDY, piece -> {}).text();
  }

  static String base64(Picture picture) throws IOException {
    return Base64.getEncoder().encodeToString(Pictures.png(picture));
  }

  @Override
  public void close() throws IOException {
    browser.close();
    server.close();
    model.close();
    try (Stream<Path> files = Files.walk(folder).sorted(Comparator.reverseOrder())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }
}
