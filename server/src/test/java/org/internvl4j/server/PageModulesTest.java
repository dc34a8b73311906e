package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.grounding.Region;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Modules of the page that compute something, in a real browser.
@ExtendWith(Visitor.Extension.class)
class PageModulesTest {
  private static Browser browser;

  @BeforeAll
  static void open(Visitor visitor) {
    visitor.openAnew();
    browser = visitor.browser;
  }

  @AfterEach
  void complainsOfNothingAndAsksNobodyElse() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.strangers()).isEmpty();
  }

  /// A photo that a telephone took upright: it lies on its side, and says so.
  @Test
  void turnsAPhotoThatIsToBeTurned() {
    Object found =
        browser.runAsync(
            """
            const done = arguments[0];
            (async () => {
              const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 20 });
              canvas.getContext("2d").fillRect(0, 0, 20, 20);
              const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"));
              const exif = [0xff, 0xe1, 0, 34, 69, 120, 105, 102, 0, 0, 77, 77, 0, 42, 0, 0, 0, 8,
                  0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
              const parts = [blob.slice(0, 2), new Uint8Array(exif), blob.slice(2)];
              const file = new File(parts, "photo.jpg", { type: "image/jpeg" });
              const plain = new File([blob], "plain.jpg", { type: "image/jpeg" });
              const { read } = await import("/page/pictures.js");
              const sizes = [];
              for (const picture of [await read(file), await read(plain)]) {
                const raw = await createImageBitmap(picture.blob, { imageOrientation: "none" });
                sizes.push(`${picture.width}x${picture.height} ${raw.width}x${raw.height}`);
              }
              done(sizes.join(", "));
            })();
            """);
    assertThat(found).isEqualTo("20x40 20x40, 40x20 40x20");
  }

  /// Files so large that few of them would fill a request.
  ///
  /// @param expected the size of what is sent, which the tiles of the picture need
  @ParameterizedTest
  @CsvSource({
    "image/png, 700, 300, 12582912, 700x300 image/png", // all of it is needed
    "image/jpeg, 3000, 2000, 12582912, 2688x1792 image/jpeg", // six tiles by four
    "image/png, 3100, 3100, 0, 1792x1792 image/png", // noise: the file is large by itself
  })
  void makesSmallerWhatIsTooLargeForARequest(
      String type, int width, int height, int bytes, String expected) {
    Object found =
        browser.runAsync(
            """
            const [type, width, height, bytes, done] = arguments;
            (async () => {
              const canvas = Object.assign(document.createElement("canvas"), { width, height });
              const pixels = new ImageData(width, height);
              const words = new Uint32Array(pixels.data.buffer);
              let random = 1;
              for (let i = 0; i < words.length && bytes === 0; i++) {
                random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
                words[i] = (random >>> 8) | 0xff000000;
              }
              canvas.getContext("2d").putImageData(pixels, 0, 0);
              const blob = await new Promise((resolve) => canvas.toBlob(resolve, type));
              const rest = new Uint8Array(Math.max(0, bytes - blob.size)); // behind its end
              const { read, dataUri } = await import("/page/pictures.js");
              const picture = await read(new File([blob, rest], "large", { type }));
              const raw = await createImageBitmap(picture.blob);
              const isSaid = raw.width === picture.width && raw.height === picture.height;
              done([`${raw.width}x${raw.height} ${picture.blob.type}`, isSaid, blob.size + rest.length,
                  (await dataUri(picture.blob)).length]);
            })().catch((error) => done([String(error), false, 0, 0]));
            """,
            type,
            width,
            height,
            bytes);
    List<?> told = (List<?>) found;
    assertThat(told.subList(0, 2)).isEqualTo(List.of(expected, true));
    assertThat((long) told.get(2)).isGreaterThanOrEqualTo(12 << 20);
    assertThat((long) told.get(3)).isLessThanOrEqualTo(1 << 24);
  }

  /// What another tab has changed or removed since.
  @Test
  void storesAConversationOnlyInPlaceOfTheOneItWasMadeFrom() {
    Object stored =
        browser.runAsync(
            """
            const done = arguments[0];
            import("/page/store.js").then(async ({ put, get, remove }) => {
              const made = (updated) => ({ id: "c", updated, messages: [] });
              const stored = [await put(made(1), 0), await put(made(2), 0), (await get("c")).updated,
                  await put(made(3), 1), (await get("c")).updated];
              await remove("c");
              done([...stored, await put(made(4), 3), await get("c")]);
            });
            """);
    assertThat((List<?>) stored).isEqualTo(Arrays.asList(true, false, 1L, true, 3L, false, null));
  }

  @Test
  void cleansWhatAModelWrites() {
    String evil =
        "**b** <img src=x onerror=alert(1)> ![p](http://example.invalid/p.png) "
            + "[l](javascript:alert(1)) [g](https://example.invalid) <b style='color:red'>s</b>"
            + "\n\n<script>alert(1)</script>\n\n- [ ] t";
    Object html =
        browser.runAsync(
            """
            const [text, done] = arguments;
            import("/page/markdown.js").then(({ render }) => {
              const all = document.createElement("div");
              all.append(render(text));
              document.body.append(all);
              done(all.innerHTML);
            });
            """,
            evil);
    assertThat(html.toString())
        .contains("<strong>b</strong>", "href=\"https://example.invalid\"", "noopener", "<li>")
        .doesNotContain("<img", "<script", "<input", "<b style", "javascript:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<ref>a cat</ref><box>[[1, 2, 3, 4], [5, 6, 7, 8]]</box> and <ref>b</ref><box>[[9,9,1,1]]",
        "<box>[[10, 20, 30, 40]]</box>, <box>[1, 2, 3, 4]</box>",
        "<ref>c</ref>[[0, 0, 1200, 3.6]] and [5, 6, 7, 8]",
        "<ref>a [1] < b</ref><box>[[.6, 2.5, -3, 4.]]</box>, <box>[[5，6，7，8]]</box> <box>[[1,2,3,4]]",
        "<ref>a</ref><ref>b</ref><box>none [[1, 2, x, 4], [5, 6, 7, 8]] [[1, 2, 3, 4, 5]]</box>",
        "<box>[[1,2,3,4]]</box> the matrix [[5,6,7,8]]",
        "the car[[561, 660, 695, 1000]], - a bus [[1,2,3,4],[5,6",
        "see [1] and [[link]](x), or a[1, 2]",
        "nothing here"
      })
  void readsBoxesAsTheLibraryDoes(String answer) {
    StringBuilder expected = new StringBuilder();
    for (Region region : Grounding.parse(answer)) {
      expected.append(region.label());
      region
          .boxes()
          .forEach(b -> expected.append(List.of(b.x1(), b.y1(), b.x2(), b.y2())).append(';'));
    }
    Object found =
        browser.runAsync(
            """
            const [answer, done] = arguments;
            import("/page/grounding.js").then(({ parse }) =>
                done(parse(answer, { picture: {}, isFind: true }).regions
                    .map((r) => r.label + r.boxes.map((b) => `[${b.join(", ")}];`).join("")).join("")));
            """,
            answer);
    assertThat(found).isEqualTo(expected.toString());
  }

  /// What an answer says and how many boxes are drawn from it: `text -> shown text | boxes`.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // boxes, and nothing else, are left out where they are drawn
        "picture | A <ref>cat</ref><box>[[1, 2, 3, 4], [5, 6, 7, 8]]</box>. | A cat. | 2",
        "picture | <ref>cat</ref> <box>[1, 2, 3, 4]</box>, <ref>dog</ref> | cat, <ref>dog</ref> | 1",
        "find    | the car[[561, 660, 695, 1000]] | the car[[561, 660, 695, 1000]] | 1",
        "picture | <ref>cat</ref><box>[[1, 2, 3, 1200]]</box> | <ref>cat</ref><box>[[1, 2, 3, 1200]]</box> | 1",
        "picture | <ref>cat</ref><box>[[1, 2, 3]]</box> | <ref>cat</ref><box>[[1, 2, 3]]</box> | 0",
        "picture | <ref>cat</ref><box>[[1, 2, 3, 4], x]</box> | <ref>cat</ref><box>[[1, 2, 3, 4], x]</box> | 1",
        // what is no box
        "picture | The matrix is [[1,2,3,4],[5,6,7,8]] | The matrix is [[1,2,3,4],[5,6,7,8]] | 0",
        "picture | In HTML, <ref>a</ref> and <box> | In HTML, <ref>a</ref> and <box> | 0",
        "picture | It ends in [[1, 2 | It ends in [[1, 2 | 0",
        "picture | It ends in <ref>c | It ends in <ref>c | 0",
        // nothing to draw on
        "none    | <ref>cat</ref><box>[[1, 2, 3, 4]]</box> | <ref>cat</ref><box>[[1, 2, 3, 4]]</box> | 0",
        "none    | The matrix is [[1,2,3,4]] | The matrix is [[1,2,3,4]] | 0",
        // marks that are not whole yet
        "growing | A <ref>cat</ref><box>[[1, 2, 3, 4]]</box> | A cat | 1",
        "growing | A cat<re | A cat | 0",
        "growing | A cat<ref>and | A cat | 0",
        "growing | A cat<ref>and</ref><box>[[1, 2, 3, 4 | A cat | 0",
        "growing | A cat<ref>and</ref><box>[[1, 2, 3, 4]]</bo | A cat | 1",
        "growing | The matrix is [[1,2 | The matrix is [[1,2 | 0"
      })
  void showsAnswersAsTheyAreButForTheBoxesThatItDraws(
      String kind, String answer, String expected, long boxes) {
    Object found =
        browser.runAsync(
            """
            const [kind, text, done] = arguments;
            import("/page/messages.js").then(({ AnswerView }) => {
              const picture = kind === "none" ? null : { blob: new Blob(), name: "a" };
              const message = { text, isGrowing: kind === "growing" };
              const where = { picture, isFind: kind === "find" };
              const { element } = new AnswerView(message, where, null);
              done([element.querySelector(".prose").textContent.trim(),
                  element.querySelectorAll(".outline").length]);
            });
            """,
            kind,
            answer);
    assertThat(found).isEqualTo(List.of(expected, boxes));
  }

  @Test
  void saysEverythingInEnglishAndChinese() {
    Object missing =
        browser.runAsync(
            """
            const done = arguments[0];
            import("/page/texts.js").then(({ speak, texts }) => {
              const [english, chinese] = ["en", "zh"].map((name) => (speak(name), texts()));
              const isSaid = (own, name) => own[name] !== undefined && own[name].length !== 0
                  || typeof own[name] === "function";
              const inPage = [...document.querySelectorAll("[data-text], [data-label], [data-hint]")]
                  .flatMap((element) => Object.entries(element.dataset))
                  .filter(([kind]) => ["text", "label", "hint"].includes(kind)).map(([, name]) => name);
              const names = new Set([...Object.keys(english), ...Object.keys(chinese), ...inPage]);
              speak("en");
              done([...names].filter((name) => !isSaid(english, name) || !isSaid(chinese, name)
                  || typeof english[name] !== typeof chinese[name]));
            });
            """);
    assertThat(missing).isEqualTo(List.of());
  }

  @Test
  void countsTilesAsTheServerDoes(Visitor visitor) {
    for (int[] size :
        new int[][] {{448, 448}, {896, 896}, {1200, 300}, {300, 1300}, {4000, 3000}}) {
      for (int most : new int[] {1, 6, 12, 24}) {
        Object found =
            browser.runAsync(
                "const [w, h, m, done] = arguments;"
                    + "import('/page/pictures.js').then((p) => done(p.tileCount(w, h, m)))",
                size[0],
                size[1],
                most);
        assertThat(found)
            .as(Map.of("width", size[0], "height", size[1], "most", most).toString())
            .isEqualTo(
                (long) visitor.model.tiling().withMaxTiles(most).tileCount(size[0], size[1]));
      }
    }
  }
}
