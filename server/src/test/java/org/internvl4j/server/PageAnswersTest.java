package org.internvl4j.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.server.Visitor.DESCRIBE;
import static org.internvl4j.server.Visitor.LAST;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/// Questions and answers on the page, in a real browser, which asks the demo model.
@ExtendWith(Visitor.Extension.class)
class PageAnswersTest {
  private final Visitor visitor;
  private final Browser browser;

  PageAnswersTest(Visitor visitor) {
    this.visitor = visitor;
    this.browser = visitor.browser;
  }

  @BeforeEach
  void open() {
    visitor.openAnew();
  }

  @AfterEach
  void complainsOfNothingAndAsksNobodyElse() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.strangers()).isEmpty();
  }

  @Test
  void answersAboutAPictureAsTheModelDoes() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    assertThat(browser.text(".tray .tiles")).isEqualTo("1 tile");
    visitor.ask(DESCRIBE);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected(DESCRIBE));
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
    String large = Visitor.base64(DemoModel.samples().get(3).pictures().getFirst());
    browser.run(drop, Visitor.base64(visitor.shapes), "drop");
    browser.until(() -> browser.all(".tray li").size() == 1);
    browser.run(drop, large, "paste");
    browser.until(() -> browser.all(".tray li").size() == 2);
    assertThat(browser.text(".tray li:last-child .tiles")).isEqualTo("5 tiles");
    assertThat(browser.text("#cost")).isEqualTo("6 tiles");
    browser.click(".tray li:first-child .remove");
    browser.until(() -> browser.all(".tray li").size() == 1);
    visitor.ask("How many shapes are there?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("There are 3 shapes.");
    assertThat(browser.text(LAST + " footer")).contains("5 tiles");
  }

  @Test
  void refusesAFileThatIsNoPicture() throws IOException {
    visitor.chooseFile("no picture".getBytes(UTF_8), "notes.png");
    browser.until(() -> !browser.all("#said.toast").isEmpty());
    assertThat(browser.text("#said"))
        .isEqualTo("notes.png is no picture that this browser can read.");
  }

  @Test
  void showsHowFarThePicturesAreLookedAt() throws IOException {
    visitor.server.engine().forget(); // that it has looked at this one before, in another test
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
    visitor.choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    visitor.ask("How many shapes are there?");
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
    visitor.choose(visitor.shapes, "shapes.png");
    browser.limit(1500);
    visitor.type(DESCRIBE);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    browser.press(Keys.ESCAPE);
    browser.until(() -> browser.text(LAST + " footer").contains("Stopped"));
    browser.limit(0);
    String part = browser.text(LAST + " .prose");
    assertThat(visitor.expected(DESCRIBE)).startsWith(part).isNotEqualTo(part);
    browser.until(() -> visitor.server.engine().state().growing() == 0);
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(visitor::isDone);
    assertThat(browser.all(".message")).hasSize(2);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected(DESCRIBE));
  }

  @Test
  void editsAQuestionAndSendsItAgain() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask(DESCRIBE);
    visitor.ask("What color is the diamond?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("The diamond is green.");
    browser.run("document.querySelector('.question .actions button').click()");
    browser.press(Keys.CONTROL, "a");
    browser.focused().sendKeys("请描述这张图片。");
    browser.click("#language"); // draws all anew
    assertThat(browser.text(".editor .strong")).isEqualTo("发送");
    assertThat(browser.first(".editor textarea").getAttribute("value")).isEqualTo("请描述这张图片。");
    browser.first(".editor textarea").sendKeys(Keys.ENTER);
    browser.until(() -> browser.all(".message").size() == 2 && visitor.isDone());
    assertThat(browser.text(".bubble")).isEqualTo("请描述这张图片。");
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected("请描述这张图片。"));
  }

  @Test
  void asksAboutASecondPicture() throws IOException {
    List<Picture> pair = DemoModel.samples().get(4).pictures();
    visitor.choose(pair.get(0), "one.png");
    visitor.ask("What is in the image?");
    visitor.choose(pair.get(1), "two.png");
    visitor.ask("How many shapes are in the image?");
    assertThat(browser.all(".answer")).hasSize(2);
    assertThat(browser.all(".question:nth-child(3) .thumb")).hasSize(1);
    assertThat(browser.text(LAST + " .prose")).isNotEmpty();
    assertThat(browser.text(LAST + " footer")).contains("2 tiles");
  }

  @Test
  void drawsWhatItFoundOnThePicture() throws IOException {
    Region expected =
        Grounding.parse(
                visitor
                    .model
                    .ask(
                        Question.of(Grounding.question("the orange square"), visitor.shapes),
                        Generation.GREEDY,
                        piece -> {})
                    .text())
            .getFirst();
    visitor.choose(visitor.shapes, "shapes.png");
    browser.click("#find");
    visitor.ask("the orange square");
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
}
