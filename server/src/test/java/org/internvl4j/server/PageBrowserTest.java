package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.server.Visitor.DESCRIBE;
import static org.internvl4j.server.Visitor.LAST;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openqa.selenium.Keys;

/// The page around its answers, in a real browser: conversations, languages, looks, keys.
@ExtendWith(Visitor.Extension.class)
class PageBrowserTest {
  private final Visitor visitor;
  private final Browser browser;

  PageBrowserTest(Visitor visitor) {
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

  // ---- conversations and looks

  @Test
  void keepsConversationsUntilTheyAreDeleted() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask(DESCRIBE);
    browser.click("#new");
    visitor.ask("Hello, who are you?");
    browser.open();
    assertThat(browser.all("#conversations li")).hasSize(2);
    assertThat(browser.text(".bubble")).isEqualTo("Hello, who are you?");
    browser.click("#conversations li:last-child .title");
    assertThat(browser.text(".bubble")).isEqualTo(DESCRIBE);
    browser.until(() -> visitor.isDrawn(".thumb img"));
    visitor.ask("What color is the diamond?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("The diamond is green.");
    browser.click("#conversations .current [aria-label^='Delete']");
    browser.click("dialog .strong");
    browser.until(() -> browser.all("#conversations li").size() == 1);
    assertThat(browser.all(".message")).isEmpty();
    browser.open();
    assertThat(browser.all("#conversations li")).hasSize(1);
  }

  /// By a reload, which tells the page, and then by an end of which it is not told.
  @Test
  void goesOnAfterAnAnswerThatAReloadCutOff() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    browser.limit(1500);
    visitor.type(DESCRIBE);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    String part = browser.text(LAST + " .prose");
    browser.leave();
    browser.limit(0);
    browser.open();
    assertThat(browser.text(LAST + " footer")).contains("Stopped");
    assertThat(browser.text(LAST + " .prose")).startsWith(part);
    assertThat(visitor.expected(DESCRIBE)).startsWith(browser.text(LAST + " .prose"));
    browser.run("addEventListener('pagehide', (e) => e.stopImmediatePropagation(), true)");
    browser.limit(1500);
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(() -> !parts().equals(""));
    part = parts().toString();
    browser.leave();
    browser.limit(0);
    browser.open();
    assertThat(browser.text(LAST + " .prose")).startsWith(part);
    assertThat(parts()).isEqualTo("");
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(visitor::isDone);
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected(DESCRIBE));
    assertThat(parts()).isEqualTo("");
  }

  @Test
  void aConversationDeletedWhileItsAnswerGrowsStaysAway() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    browser.limit(1500);
    visitor.type(DESCRIBE);
    browser.press(Keys.ENTER);
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    browser.click("#conversations .current [aria-label^='Delete']");
    browser.click("dialog .strong");
    browser.until(() -> visitor.server.engine().state().growing() == 0 && isIdle());
    assertThat(browser.all("#conversations li")).isEmpty();
    browser.limit(0);
    browser.open();
    assertThat(browser.all("#conversations li")).isEmpty();
    assertThat(browser.all(".message")).isEmpty();
    assertThat(parts()).isEqualTo("");
  }

  private boolean isIdle() {
    return browser.first("#send").isDisplayed();
  }

  /// What has been kept of answers that grow.
  private Object parts() {
    return browser.run(
        "return Object.keys(localStorage).filter((key) => key.startsWith('internvl.part.'))"
            + ".map((key) => localStorage.getItem(key)).join()");
  }

  @Test
  void speaksChinese() throws IOException {
    browser.click("#language");
    assertThat(browser.first("html").getAttribute("lang")).isEqualTo("zh-CN");
    assertThat(browser.text("h1")).isEqualTo("想看什么？");
    browser.open();
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask("请描述这张图片。");
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected("请描述这张图片。"));
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
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask(DESCRIBE);
    assertThat(browser.run("return document.documentElement.scrollWidth")).isEqualTo(375L);
    browser.until(() -> browser.first("#send").isDisplayed());
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
    visitor.choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    assertThat(browser.text(".tray .tiles")).isEqualTo("1 tile");
    visitor.ask("Please describe the image in detail.");
    assertThat(browser.text(LAST + " footer")).contains("Cut off", "1 tile", "16 out");
    browser.open();
    assertThat(browser.run("return document.querySelector('#set-length').value")).isEqualTo("16");
  }

  private void slide(String name, int value) {
    browser.run(
        "const i = document.getElementById('set-' + arguments[0]); i.value = arguments[1];"
            + "i.dispatchEvent(new Event('input'))",
        name,
        value);
  }

  // ---- for everybody

  @Test
  void namesEverythingThatCanBeReachedByKeys() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask(DESCRIBE);
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
    try (Server locked = Server.start(visitor.model, EngineOptions.DEFAULT, options);
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
      assertThat(other.text("#said")).isEqualTo(other.text(LAST + " .error"));
      assertThat(other.strangers()).isEmpty();
    }
  }

  // ---- pictures for the documentation

  /// Only where `-Dinternvl4j.screenshots=FOLDER` says where to.
  @Test
  @EnabledIfSystemProperty(named = "internvl4j.screenshots", matches = ".+")
  void showsItself() throws IOException {
    Path docs = Path.of(System.getProperty("internvl4j.screenshots"));
    visitor.ask("Hello, who are you?");
    browser.click("#new");
    visitor.choose(DemoModel.samples().get(2).pictures().getFirst(), "number.png");
    visitor.ask("What number is written in the image?");
    browser.click("#new");
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.ask("Please describe the image in detail.");
    browser.click("#find");
    visitor.ask("the orange square");
    browser.show(1280, 800, 1, "light");
    settle();
    browser.screenshot(docs.resolve("page-boxes.png"));
    browser.show(375, 760, 2, "dark");
    settle();
    browser.screenshot(docs.resolve("page-phone.png"));
    browser.show(1280, 800, 1, "light");
    browser.click("#new");
    visitor.choose(DemoModel.samples().get(4).pictures().get(0), "left.png");
    visitor.choose(DemoModel.samples().get(4).pictures().get(1), "right.png");
    visitor.ask("Describe the two images in detail.");
    visitor.choose(DemoModel.samples().get(3).pictures().getFirst(), "large.png");
    visitor.type("And what is on this one?");
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

  private void settle() {
    browser.until(() -> visitor.isDrawn("img"));
    browser.run("document.getElementById('scroll').scrollTop = 1e6; document.activeElement.blur()");
    browser.runAsync("setTimeout(arguments[0], 400)"); // transitions
  }
}
