package org.internvl4j.server;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/// The page in a real browser, which asks the demo model.
class PageBrowserTest {
  private static final String DESCRIBE = "Describe the image.";
  private static final String LAST = ".answer:last-child";

  private static VisionLanguageModel model;
  private static Server server;
  private static Browser browser;
  private static Picture shapes;
  @TempDir private static Path folder;

  @BeforeAll
  static void start() throws IOException {
    assumeTrue(Browser.isThere(), "no chromium with chromedriver here");
    model =
        VisionLanguageModel.open(
            DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    server =
        Server.start(
            model, EngineOptions.DEFAULT, ServerOptions.DEFAULT.withPort(0).withName("demo"));
    browser = new Browser(server, "en-US");
    shapes = DemoModel.samples().get(1).pictures().getFirst();
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
      server.close();
      model.close();
    }
  }

  @BeforeEach
  void open() {
    browser.show(1200, 800, 1, "light");
    browser.openAnew();
  }

  @AfterEach
  void complainsOfNothingAndAsksNobodyElse() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.strangers()).isEmpty();
  }

  // ---- asking

  @Test
  void answersAboutAPictureAsTheModelDoes() throws IOException {
    choose(shapes, "shapes.png");
    assertThat(browser.text(".tray .tiles")).isEqualTo("1 tile");
    ask(DESCRIBE);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(expected(DESCRIBE));
    assertThat(browser.text(LAST + " footer")).contains("1 tile", "tokens in", "out");
    assertThat(browser.text("#said")).isEqualTo("The answer is complete.");
    assertThat(browser.all(".question .thumb img")).hasSize(1);
    assertThat(browser.focused().getAttribute("id")).isEqualTo("question");
  }

  @Test
  void takesPicturesThatAreDroppedOrPastedAndLetsThemGo() throws IOException {
    String drop =
        """
        const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "scene.png", { type: "image/png" }));
        const more = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(arguments[1] === "drop"
            ? new DragEvent("drop", { ...more, dataTransfer: data })
            : new ClipboardEvent("paste", { ...more, clipboardData: data }));
        """;
    String large = base64(DemoModel.samples().get(3).pictures().getFirst());
    browser.run(drop, base64(shapes), "drop");
    browser.until(() -> browser.all(".tray li").size() == 1);
    browser.run(drop, large, "paste");
    browser.until(() -> browser.all(".tray li").size() == 2);
    assertThat(browser.text(".tray li:last-child .tiles")).isEqualTo("5 tiles");
    assertThat(browser.text("#cost")).isEqualTo("6 tiles");
    browser.click(".tray li:first-child .remove");
    browser.until(() -> browser.all(".tray li").size() == 1);
    ask("How many shapes are there?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("There are 3 shapes.");
    assertThat(browser.text(LAST + " footer")).contains("5 tiles");
  }

  @Test
  void refusesAFileThatIsNoPicture() throws IOException {
    Path file = Files.writeString(folder.resolve("notes.png"), "no picture");
    browser.first("#files").sendKeys(file.toString());
    browser.until(() -> !browser.all("#said.toast").isEmpty());
    assertThat(browser.text("#said"))
        .isEqualTo("notes.png is no picture that this browser can read.");
  }

  @Test
  void showsHowFarThePicturesAreLookedAt() throws IOException {
    server.engine().forget(); // that it has looked at this one before, in another test
    browser.run(
        """
        window.requestAnimationFrame = (draw) => { draw(); return 0; }; // every step, not every frame
        window.seen = [];
        const note = (records) => records.flatMap((record) => [...record.addedNodes])
            .map((node) => node.className === "progress" ? node : node.querySelector?.(".progress"))
            .forEach((line) => line && window.seen.push(line.textContent));
        const all = { subtree: true, childList: true };
        new MutationObserver(note).observe(document.getElementById("messages"), all);
        """);
    choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    ask("How many shapes are there?");
    assertThat(browser.run("return window.seen.join('; ')").toString())
        .matches(
            "(Waiting for its turn …; )+"
                + IntStream.rangeClosed(1, 5)
                    .mapToObj("(Looking: tile %d of 5; )+"::formatted)
                    .collect(joining())
                + "(Reading: .*)?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("There are 3 shapes.");
  }

  @Test
  void stopsAnAnswerAndTriesAgain() throws IOException {
    choose(shapes, "shapes.png");
    browser.limit(1500);
    type(DESCRIBE);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    browser.press(Keys.ESCAPE);
    browser.until(() -> browser.text(LAST + " footer").contains("Stopped"));
    browser.limit(0);
    String part = browser.text(LAST + " .prose");
    assertThat(expected(DESCRIBE)).startsWith(part).isNotEqualTo(part);
    browser.until(() -> server.engine().state().growing() == 0);
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(PageBrowserTest::isDone);
    assertThat(browser.all(".message")).hasSize(2);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(expected(DESCRIBE));
  }

  @Test
  void editsAQuestionAndSendsItAgain() throws IOException {
    choose(shapes, "shapes.png");
    ask(DESCRIBE);
    ask("What color is the diamond?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("The diamond is green.");
    browser.run("document.querySelector('.question .actions button').click()");
    browser.press(Keys.CONTROL, "a");
    browser.focused().sendKeys("请描述这张图片。", Keys.ENTER);
    browser.until(() -> browser.all(".message").size() == 2 && isDone());
    assertThat(browser.text(".bubble")).isEqualTo("请描述这张图片。");
    assertThat(browser.text(LAST + " .prose")).isEqualTo(expected("请描述这张图片。"));
  }

  @Test
  void asksAboutASecondPicture() throws IOException {
    List<Picture> pair = DemoModel.samples().get(4).pictures();
    choose(pair.get(0), "one.png");
    ask("What is in the image?");
    choose(pair.get(1), "two.png");
    ask("How many shapes are in the image?");
    assertThat(browser.all(".answer")).hasSize(2);
    assertThat(browser.all(".question:nth-child(3) .thumb")).hasSize(1);
    assertThat(browser.text(LAST + " .prose")).isNotEmpty();
    assertThat(browser.text(LAST + " footer")).contains("2 tiles");
  }

  @Test
  void drawsWhatItFoundOnThePicture() throws IOException {
    Region expected =
        Grounding.parse(
                model
                    .ask(
                        Question.of(Grounding.question("the orange square"), shapes),
                        Generation.GREEDY,
                        piece -> {})
                    .text())
            .getFirst();
    choose(shapes, "shapes.png");
    browser.click("#find");
    ask("the orange square");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("the orange square");
    assertThat(browser.first(".boxes").getAttribute("aria-label"))
        .isEqualTo("Found on the picture: the orange square");
    WebElement box = browser.first(LAST + " .outline");
    assertThat(box.getAttribute("x")).isEqualTo("" + expected.boxes().getFirst().x1());
    assertThat(box.getAttribute("y")).isEqualTo("" + expected.boxes().getFirst().y1());
    browser.click(".boxes");
    browser.until(() -> browser.all("dialog[open] .outline").size() == 1);
    browser.press(Keys.ESCAPE);
    browser.until(() -> browser.all("dialog").isEmpty());
    assertThat(browser.first("#find").getAttribute("aria-pressed")).isEqualTo("false");
  }

  // ---- conversations and looks

  @Test
  void keepsConversationsUntilTheyAreDeleted() throws IOException {
    choose(shapes, "shapes.png");
    ask(DESCRIBE);
    browser.click("#new");
    ask("Hello, who are you?");
    browser.open();
    assertThat(browser.all("#conversations li")).hasSize(2);
    assertThat(browser.text(".bubble")).isEqualTo("Hello, who are you?");
    browser.click("#conversations li:last-child .title");
    assertThat(browser.text(".bubble")).isEqualTo(DESCRIBE);
    browser.until(() -> isDrawn(".thumb img"));
    ask("What color is the diamond?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("The diamond is green.");
    browser.click("#conversations .current [aria-label^='Delete']");
    browser.click("dialog .strong");
    browser.until(() -> browser.all("#conversations li").size() == 1);
    assertThat(browser.all(".message")).isEmpty();
    browser.open();
    assertThat(browser.all("#conversations li")).hasSize(1);
  }

  @Test
  void goesOnAfterAnAnswerThatAReloadCutOff() throws IOException {
    choose(shapes, "shapes.png");
    browser.limit(1500);
    type(DESCRIBE);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    browser.leave();
    browser.limit(0);
    browser.open();
    assertThat(browser.text(LAST + " footer")).contains("Stopped");
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(PageBrowserTest::isDone);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(expected(DESCRIBE));
  }

  private static boolean isDrawn(String image) {
    return Boolean.TRUE.equals(
        browser.run("return document.querySelector(arguments[0]).naturalWidth > 0", image));
  }

  @Test
  void speaksChinese() throws IOException {
    browser.click("#language");
    assertThat(browser.first("html").getAttribute("lang")).isEqualTo("zh-CN");
    assertThat(browser.text("h1")).isEqualTo("想看什么？");
    browser.open();
    choose(shapes, "shapes.png");
    ask("请描述这张图片。");
    assertThat(browser.text(LAST + " .prose")).isEqualTo(expected("请描述这张图片。"));
    assertThat(browser.text(LAST + " footer")).contains("1 块", "词元");
    browser.click("#language");
    assertThat(browser.text(LAST + " footer")).contains("1 tile");
  }

  @Test
  void guessesTheLanguageOfTheBrowser() {
    browser.run("localStorage.removeItem('internvl.language')");
    browser.preferLanguage("zh-CN");
    browser.open();
    assertThat(browser.text("#new")).isEqualTo("新对话");
    browser.preferLanguage("en-US");
  }

  @Test
  void isDarkWhereTheSystemIsAndWhereItIsAskedTo() {
    String colour = "return getComputedStyle(document.body).backgroundColor";
    Object light = browser.run(colour);
    browser.show(1200, 800, 1, "dark");
    Object dark = browser.run(colour);
    assertThat(dark).isNotEqualTo(light);
    browser.click("#theme");
    assertThat(browser.run(colour)).isEqualTo(light);
    browser.show(1200, 800, 1, "light");
    browser.click("#theme");
    assertThat(browser.run(colour)).isEqualTo(dark);
    browser.open();
    assertThat(browser.run(colour)).isEqualTo(dark);
  }

  @Test
  void fitsAPhone() throws IOException {
    browser.show(375, 720, 2, "light");
    browser.open();
    choose(shapes, "shapes.png");
    ask(DESCRIBE);
    assertThat(browser.run("return document.documentElement.scrollWidth")).isEqualTo(375L);
    assertThat(browser.first("#send").getRect().x).isBetween(250, 350);
    browser.click("#menu");
    browser.until(() -> browser.first("#new").isDisplayed());
    browser.press(Keys.ESCAPE);
    browser.until(() -> !browser.first("#new").isDisplayed());
    assertThat(browser.focused().getAttribute("id")).isEqualTo("menu");
    browser.click("#tune");
    assertThat(browser.run("return document.documentElement.scrollWidth")).isEqualTo(375L);
  }

  @Test
  void sendsWhatTheSlidersSay() throws IOException {
    browser.click("#tune");
    assertThat(browser.focused().getAttribute("id")).isEqualTo("set-temperature");
    slide("length", 16);
    slide("maxTiles", 1);
    choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    assertThat(browser.text(".tray .tiles")).isEqualTo("1 tile");
    ask("Please describe the image in detail.");
    assertThat(browser.text(LAST + " footer")).contains("Cut off", "1 tile", "16 out");
    browser.open();
    assertThat(browser.run("return document.querySelector('#set-length').value")).isEqualTo("16");
  }

  private static void slide(String name, int value) {
    browser.run(
        "const i = document.getElementById('set-' + arguments[0]); i.value = arguments[1];"
            + "i.dispatchEvent(new Event('input'))",
        name,
        value);
  }

  // ---- for everybody

  @Test
  void namesEverythingThatCanBeReachedByKeys() throws IOException {
    choose(shapes, "shapes.png");
    ask(DESCRIBE);
    browser.click("#tune");
    Object nameless =
        browser.run(
            """
            return [...document.querySelectorAll("button, input, textarea, [role=log], nav, aside")]
                .filter((e) => e.type !== "file")
                .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
                .map((e) => e.outerHTML)
            """);
    assertThat(nameless).isEqualTo(List.of());
    assertThat(browser.first("#messages").getAttribute("aria-live")).isEqualTo("polite");
    browser.open();
    browser.press(Keys.TAB);
    assertThat(browser.focused().getAttribute("class")).isEqualTo("skip");
    assertThat(browser.run("return getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
    browser.press(Keys.TAB);
    assertThat(browser.focused().getAttribute("id")).isEqualTo("new");
  }

  @Test
  void asksForTheKeyAndSaysSoWhenTheServerIsGone() throws IOException {
    ServerOptions options = ServerOptions.DEFAULT.withPort(0).withApiKey("secret");
    try (Server locked = Server.start(model, EngineOptions.DEFAULT, options);
        Browser other = new Browser(locked, "en-US")) {
      other.open();
      other.until(() -> !other.all("dialog[open]").isEmpty());
      other.press("wrong" + Keys.ENTER);
      other.until(() -> other.text("dialog .error").equals("That is not the key of this server."));
      other.press("secret" + Keys.ENTER);
      other.until(() -> other.text("#model").equals("demo"));
      other.open();
      other.until(() -> other.text("#model").equals("demo"));
      other.first("#question").sendKeys("Hello, who are you?", Keys.ENTER);
      other.until(() -> !other.all(LAST + " footer").isEmpty());
      assertThat(other.text(LAST + " .prose")).startsWith("Hello! I am");
      locked.close(Duration.ZERO);
      other.first("#question").sendKeys("Hello again", Keys.ENTER);
      other.until(() -> !other.all(LAST + " .error").isEmpty());
      assertThat(other.text(LAST + " .error"))
          .isEqualTo("That did not work: the server does not answer");
      assertThat(other.strangers()).isEmpty();
    }
  }

  // ---- pictures for the documentation

  /// Only where `-Dinternvl4j.screenshots=FOLDER` says where to.
  @Test
  @EnabledIfSystemProperty(named = "internvl4j.screenshots", matches = ".+")
  void showsItself() throws IOException {
    Path docs = Path.of(System.getProperty("internvl4j.screenshots"));
    ask("Hello, who are you?");
    browser.click("#new");
    choose(DemoModel.samples().get(2).pictures().getFirst(), "number.png");
    ask("What number is written in the image?");
    browser.click("#new");
    choose(shapes, "shapes.png");
    ask("Please describe the image in detail.");
    browser.click("#find");
    ask("the orange square");
    browser.show(1280, 800, 1, "light");
    settle();
    browser.screenshot(docs.resolve("page-boxes.png"));
    browser.show(375, 760, 2, "dark");
    settle();
    browser.screenshot(docs.resolve("page-phone.png"));
    browser.show(1280, 800, 1, "light");
    browser.click("#new");
    choose(DemoModel.samples().get(4).pictures().get(0), "left.png");
    choose(DemoModel.samples().get(4).pictures().get(1), "right.png");
    ask("Describe the two images in detail.");
    choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    type("And what is on this one?");
    browser.click("#tune");
    browser.until(() -> browser.text("#cost").contains("token"));
    settle();
    browser.screenshot(docs.resolve("page-light.png"));
    browser.click("#new");
    browser.open();
    browser.click("#language");
    settle();
    browser.screenshot(docs.resolve("page-welcome.png"));
  }

  private static void settle() {
    browser.until(() -> isDrawn("img"));
    browser.run("document.getElementById('scroll').scrollTop = 1e6; document.activeElement.blur()");
    browser.runAsync("setTimeout(arguments[0], 400)"); // transitions
  }

  // ---- steps

  private static void choose(Picture picture, String name) throws IOException {
    Path file = Files.write(folder.resolve(name), Pictures.png(picture));
    browser.first("#files").sendKeys(file.toString());
    browser.until(() -> !browser.all(".tray li img").isEmpty());
  }

  private static void type(String text) {
    browser.first("#question").sendKeys(text);
  }

  private static void ask(String text) {
    int before = browser.all(".answer").size();
    type(text);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.all(".answer").size() > before && isDone());
  }

  private static boolean isDone() {
    return !browser.all(LAST + " footer").isEmpty() && browser.all(".growing").isEmpty();
  }

  private static String expected(String question) {
    return model.ask(Question.of(question, shapes), Generation.GREEDY, piece -> {}).text();
  }

  private static String base64(Picture picture) throws IOException {
    return Base64.getEncoder().encodeToString(Pictures.png(picture));
  }
}
