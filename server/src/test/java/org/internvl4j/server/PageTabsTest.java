package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.server.Visitor.DESCRIBE;
import static org.internvl4j.server.Visitor.LAST;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;

/// The page in two tabs of one browser, which share its conversations: with Web Locks, and at a
/// name for which the browser has none.
@ExtendWith(Visitor.Extension.class)
@ParameterizedClass
@ValueSource(strings = {"127.0.0.1", Browser.ELSEWHERE})
class PageTabsTest {
  private static final String HELLO = "Hello, who are you?";

  private final String host;
  private final Visitor visitor;
  private final Browser browser;

  PageTabsTest(String host, Visitor visitor) {
    this.host = host;
    this.visitor = visitor;
    this.browser = visitor.browser;
  }

  @BeforeEach
  void open() {
    visitor.openAnew(host);
    boolean isSecure = !host.equals(Browser.ELSEWHERE);
    assertThat(browser.run("return navigator.locks !== undefined")).isEqualTo(isSecure);
  }

  @AfterEach
  void complainsOfNothingAndAsksNobodyElse() {
    browser.closeOthers();
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.strangers()).isEmpty();
  }

  @Test
  void anAnswerGrowsOnWhateverAnotherTabDoes() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.askAndHearTheBeginning(DESCRIBE);
    String first = browser.openTab();
    assertThat(browser.all(".growing")).hasSize(1);
    browser.click("#new");
    visitor.ask(HELLO);
    browser.click("#conversations li:last-child .title");
    assertThat(browser.all(".growing")).hasSize(1);
    String second = browser.turnTo(first);
    assertThat(browser.all(".growing")).hasSize(1);
    browser.until(() -> browser.all("#conversations li").size() == 2);
    visitor.hearTheRest();
    assertIsAnswered();
    browser.turnTo(second);
    browser.until(visitor::isDone);
    assertIsAnswered();
    browser.open();
    assertThat(browser.all("#conversations li")).hasSize(2);
    assertIsAnswered();
  }

  private void assertIsAnswered() {
    assertThat(browser.text(LAST + " .prose")).isEqualTo(visitor.expected(DESCRIBE));
    assertThat(browser.text(LAST + " footer")).contains("tokens in").doesNotContain("Stopped");
  }

  @Test
  void showsHowAnAnswerGrowsInAnotherTab() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    String first = browser.openTab();
    String second = browser.turnTo(first);
    visitor.askAndHearTheBeginning(DESCRIBE);
    browser.turnTo(second);
    browser.until(() -> !browser.all("#conversations li").isEmpty());
    browser.click("#conversations .title");
    browser.until(() -> browser.text(LAST + " .prose").length() > 3);
    assertThat(visitor.expected(DESCRIBE)).startsWith(browser.text(LAST + " .prose"));
    assertThat(browser.all(".message .actions button")).isEmpty();
  }

  @Test
  void asksOnlyOnceTheAnswerInAnotherTabIsComplete() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.askAndHearTheBeginning(DESCRIBE);
    String first = browser.openTab();
    visitor.type(HELLO);
    browser.press(Keys.ENTER);
    browser.until(() -> !browser.all("#said.toast").isEmpty());
    assertThat(browser.text("#said"))
        .isEqualTo(
            "Another tab is answering in this conversation. Ask again when its answer is"
                + " complete.");
    assertThat(browser.first("#question").getAttribute("value")).isEqualTo(HELLO);
    assertThat(browser.all(".message")).hasSize(2);
    String second = browser.turnTo(first);
    visitor.hearTheRest();
    browser.turnTo(second);
    browser.until(visitor::isDone);
    visitor.ask(""); // what stands there
    assertThat(browser.all(".message")).hasSize(4);
    browser.turnTo(first);
    browser.until(() -> browser.all(".message").size() == 4 && visitor.isDone());
    visitor.ask("What color is the diamond?");
    browser.turnTo(second);
    browser.until(() -> browser.all(".message").size() == 6 && visitor.isDone());
    browser.open();
    assertThat(browser.all(".bubble"))
        .extracting(bubble -> bubble.getText())
        .containsExactly(DESCRIBE, HELLO, "What color is the diamond?");
    assertThat(browser.text(LAST + " .prose")).isEqualTo("The diamond is green.");
  }

  @Test
  void endsAnAnswerWhoseTabIsGone() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    String part = visitor.askAndHearTheBeginning(DESCRIBE);
    String first = browser.openTab();
    assertThat(browser.all(".growing")).hasSize(1);
    browser.until(() -> browser.text(LAST + " .prose").startsWith(part));
    String second = browser.turnTo(first);
    browser.closeTab(second);
    browser.until(() -> browser.text(LAST + " footer").contains("Stopped"));
    assertThat(browser.text(LAST + " .prose")).startsWith(part);
    browser.click(LAST + " [aria-label='Try again']");
    browser.until(visitor::isDone);
    assertIsAnswered();
  }

  @Test
  void endsAnAnswerWhoseTabIsLoadedAnew() throws IOException {
    visitor.choose(visitor.shapes, "shapes.png");
    String part = visitor.askAndHearTheBeginning(DESCRIBE);
    String first = browser.openTab();
    browser.click("#new");
    String second = browser.turnTo(first);
    browser.open();
    browser.until(() -> browser.text(LAST + " footer").contains("Stopped"));
    assertThat(browser.text(LAST + " .prose")).startsWith(part);
    browser.turnTo(second);
    browser.click("#conversations .title");
    browser.until(() -> browser.text(LAST + " footer").contains("Stopped"));
  }

  @Test
  void aConversationDeletedInOneTabIsGoneInAnother() throws IOException {
    visitor.ask(HELLO);
    browser.click("#new");
    visitor.choose(visitor.shapes, "shapes.png");
    visitor.askAndHearTheBeginning(DESCRIBE);
    String first = browser.openTab();
    browser.click("#conversations .current [aria-label^='Delete']");
    browser.click("dialog .strong");
    browser.until(() -> browser.all("#conversations li").size() == 1);
    String second = browser.turnTo(first);
    browser.until(() -> browser.all("#conversations li").size() == 1);
    browser.until(() -> browser.first("#send").isDisplayed());
    assertThat(browser.all(".message")).isEmpty();
    assertThat(browser.text("#said")).isEqualTo("This conversation was deleted in another tab.");
    for (String tab : new String[] {first, second}) {
      browser.turnTo(tab);
      browser.open();
      assertThat(browser.all("#conversations li")).hasSize(1);
      browser.click("#conversations .title");
      assertThat(browser.text(".bubble")).isEqualTo(HELLO);
    }
  }
}
