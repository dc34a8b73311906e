package org.internvl4j.server;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/// A real browser, without a window, that looks at the page of a server.
final class Browser implements AutoCloseable {
  private static final int PATIENCE = 120_000; // ms until a test is given up

  /// A name of this machine that is no secure context, as any other machine is none.
  static final String ELSEWHERE = "elsewhere.test";

  private final ChromeDriver driver;
  private final int port;
  private String address;
  private final List<String> requests = new ArrayList<>();

  /// @param language of its user, as `en-US`
  Browser(Server server, String language) {
    this.port = server.port();
    this.address = at("127.0.0.1");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(find("chromium"));
    options.addArguments(
        "--headless=new",
        "--no-sandbox", // a container's root has none
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP " + ELSEWHERE + " 127.0.0.1",
        "--lang=" + language,
        "--accept-lang=" + language);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(new File(find("chromedriver")))
            .usingAnyFreePort()
            .build();
    this.driver = new ChromeDriver(service, options);
  }

  /// Whether this machine has one, with what drives it.
  static boolean isThere() {
    return find("chromium") != null && find("chromedriver") != null;
  }

  private static @Nullable String find(String program) {
    for (String folder : System.getenv("PATH").split(File.pathSeparator, -1)) {
      Path file = Path.of(folder, program);
      if (Files.isExecutable(file)) {
        return file.toString();
      }
    }
    return null;
  }

  // ---- windows

  private String at(String host) {
    return "http://" + host + ":" + port + "/";
  }

  /// Opens the page as if for the first time.
  void openAnew(String host) {
    leave();
    address = at(host);
    driver.executeCdpCommand(
        "Storage.clearDataForOrigin", Map.of("origin", address, "storageTypes", "all"));
    open();
  }

  /// Goes away from the page, so that nothing of it is running.
  void leave() {
    driver.get("about:blank");
  }

  /// Opens the page, or loads it again.
  void open() {
    driver.get(address);
    until(() -> !all("body[data-started]").isEmpty());
  }

  /// Opens the page in a tab of its own, and turns to that.
  ///
  /// @return the tab that was turned away from
  String openTab() {
    String before = driver.getWindowHandle();
    driver.switchTo().newWindow(WindowType.TAB);
    show(1200, 800, 1, "light");
    open();
    return before;
  }

  /// Turns to another tab.
  ///
  /// @return the tab that was turned away from
  String turnTo(String tab) {
    String before = driver.getWindowHandle();
    driver.switchTo().window(tab);
    return before;
  }

  /// Closes the tab that it is at, and turns to another.
  void closeTab(String next) {
    driver.close();
    driver.switchTo().window(next);
  }

  /// Closes all tabs but one.
  void closeOthers() {
    List<String> tabs = List.copyOf(driver.getWindowHandles());
    for (String tab : tabs.subList(1, tabs.size())) {
      driver.switchTo().window(tab).close();
    }
    driver.switchTo().window(tabs.getFirst());
  }

  /// @param scheme `light` or `dark`: what the user's system says
  void show(int width, int height, double scale, String scheme) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width", width, "height", height, "deviceScaleFactor", scale, "mobile", width < 500));
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /// @param language what the user reads, as `zh-CN`
  void preferLanguage(String language) {
    Object agent = run("return navigator.userAgent");
    driver.executeCdpCommand(
        "Emulation.setUserAgentOverride", Map.of("userAgent", agent, "acceptLanguage", language));
  }

  /// @param bytes a second that come in at most; 0 for no limit
  void limit(int bytes) {
    driver.executeCdpCommand("Network.enable", Map.of());
    driver.executeCdpCommand(
        "Network.emulateNetworkConditions",
        Map.of(
            "offline",
            false,
            "latency",
            0,
            "downloadThroughput",
            bytes == 0 ? -1 : bytes,
            "uploadThroughput",
            -1));
  }

  void screenshot(Path file) throws IOException {
    Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
  }

  // ---- elements

  List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  WebElement first(String selector) {
    return driver.findElement(By.cssSelector(selector));
  }

  WebElement focused() {
    return driver.switchTo().activeElement();
  }

  /// What an element says, whether it can be seen or not; nothing if there is none.
  String text(String selector) {
    return run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        .toString()
        .strip();
  }

  void click(String selector) {
    first(selector).click();
  }

  void press(CharSequence... keys) {
    focused().sendKeys(Keys.chord(keys));
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  Object runAsync(String script, Object... arguments) {
    return driver.executeAsyncScript(script, arguments);
  }

  void until(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if ((System.nanoTime() - start) / 1_000_000 > PATIENCE) {
        throw new AssertionError("nothing happens on the page:\n" + text("body") + complaints());
      }
      try {
        Thread.sleep(25);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  // ---- what it heard

  /// What its console has said since it was last asked that is a warning or worse.
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    for (LogEntry entry : driver.manage().logs().get(LogType.BROWSER)) {
      if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
        complaints.add(entry.getMessage());
      }
    }
    return complaints;
  }

  /// Addresses outside the server that the page asked for.
  List<String> strangers() {
    for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
      byte[] json = entry.getMessage().getBytes(StandardCharsets.UTF_8);
      Json message = Json.parse(json, "log").at("message");
      if (message.getText("method").equals("Network.requestWillBeSent")) {
        requests.add(message.at("params").at("request").getText("url"));
      }
    }
    if (requests.isEmpty()) {
      throw new AssertionError("the browser told of no request at all");
    }
    return requests.stream()
        .filter(url -> !url.startsWith("data:") && !url.equals("about:blank") && !isOfServer(url))
        .toList();
  }

  private boolean isOfServer(String url) {
    return Stream.of(at("127.0.0.1"), at(ELSEWHERE))
        .anyMatch(own -> url.startsWith(own) || url.startsWith("blob:" + own));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
