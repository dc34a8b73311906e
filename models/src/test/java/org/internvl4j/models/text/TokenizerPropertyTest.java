package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TokenizerPropertyTest {
  private static final List<String> GROUNDING = List.of("<ref>", "</ref>", "<box>", "</box>");
  private static final List<String> CONTROLS =
      List.of(
          "<|im_start|>",
          "<|im_end|>",
          "<|endoftext|>",
          "<|startoftext|>",
          "<|begin_of_text|>",
          "<|end_of_text|>",
          "<|plugin|>",
          "<|action_start|>",
          "<|user|>",
          "<|assistant|>",
          "<|system|>",
          "<|end|>",
          "<img>",
          "</img>",
          "<IMG_CONTEXT>",
          "<quad>",
          "</quad>",
          "<s>",
          "</s>",
          "<unk>");

  static List<String> fixtures() {
    return TokenizerFixtures.WITH_CASES;
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @CsvSource({"internvl2-1b, 1", "internvl2-2b, 2", "internvl2-40b, 3"})
  void decodingIsTheInverseOfEncoding(String fixture, long seed) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    RandomText random = new RandomText(seed, CONTROLS);
    for (int i = 0; i < 5_000; i++) {
      String text = random.nextWithLoneSurrogates();
      String clean = Utf8.withoutLoneSurrogates(text);
      String expected =
          switch (fixture) {
            case "internvl2-1b" ->
                java.text.Normalizer.normalize(clean, java.text.Normalizer.Form.NFC);
            case "internvl2-2b" -> cleanUp(clean.replace('\u2581', ' '));
            default -> clean.replace('\u2581', ' ');
          };
      int[] ids = tokenizer.encode(PromptText.literal(text));
      assertThat(tokenizer.decode(ids, Specials.SKIP)).as("%s", text).isEqualTo(expected);
    }
  }

  private static String cleanUp(String text) {
    CleanUp cleanUp = new CleanUp();
    return cleanUp.push(text) + cleanUp.finish();
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void whatAUserTypesStaysText(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    Set<Integer> controls = controls(tokenizer);
    assertThat(controls).hasSizeGreaterThanOrEqualTo(8);
    int[] empty = tokenizer.encode(PromptText.literal(""));
    RandomText random = new RandomText(fixture.hashCode(), CONTROLS);
    for (int i = 0; i < 2_000; i++) {
      String text = i < CONTROLS.size() ? CONTROLS.get(i) : random.next();
      int[] ids = tokenizer.encode(PromptText.literal(text));
      assertThat(Arrays.stream(ids).skip(empty.length))
          .as("ids of %s", text)
          .noneMatch(controls::contains);
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aUserCannotFinishATokenThatATemplateBegan(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    Set<Integer> controls = controls(tokenizer);
    int[] empty = tokenizer.encode(PromptText.literal(""));
    for (String control : CONTROLS) {
      for (int cut = 1; cut < control.length(); cut++) {
        String left = control.substring(0, cut);
        String right = control.substring(cut);
        for (PromptText text :
            List.of(
                PromptText.builder().trusted(left).literal(right).build(),
                PromptText.builder().literal(left).trusted(right).build())) {
          assertThat(Arrays.stream(tokenizer.encode(text)).skip(empty.length))
              .as("ids of %s | %s", left, right)
              .noneMatch(controls::contains);
        }
      }
    }
  }

  /// Ids of tokens that users must not be able to type.
  private static Set<Integer> controls(Tokenizer tokenizer) {
    return CONTROLS.stream()
        .filter(token -> tokenizer.id(token).isPresent())
        .map(token -> tokenizer.id(token).getAsInt())
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void groundingMarksAreTokensInUserTextAndVisibleOnDemand(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    String text = "<ref>cat</ref><box>[[1,2,3,4]]</box>";
    int[] ids = tokenizer.encode(PromptText.literal(text));
    assertThat(ids).containsExactly(tokenizer.encode(PromptText.trusted(text)));
    for (String mark : GROUNDING) {
      assertThat(ids).contains(tokenizer.id(mark).orElseThrow());
    }
    int[] more = Arrays.copyOf(ids, ids.length + 1);
    more[ids.length] = tokenizer.id("</img>").orElseThrow();
    String visible = tokenizer.decode(more, Specials.KEEP_GROUNDING).replace(" ", "");
    assertThat(visible).isEqualTo(text);
    assertThat(tokenizer.decode(more, Specials.SKIP).replace(" ", "")).isEqualTo("cat[[1,2,3,4]]");
    assertThat(tokenizer.decode(more, Specials.KEEP)).contains("</img>");
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void addedTokensCutTheText(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    List<String> tokens =
        Arrays.stream(tokenizer.encode(PromptText.trusted("a<img><IMG_CONTEXT></img>b")))
            .mapToObj(tokenizer::token)
            .toList();
    int img = tokens.indexOf("<img>");
    assertThat(tokens.subList(img, img + 3)).containsExactly("<img>", "<IMG_CONTEXT>", "</img>");
    assertThat(tokens.get(img - 1)).endsWith("a");
    assertThat(tokens.getLast()).isEqualTo("b");
    assertThat(tokenizer.encode(PromptText.trusted("<img")))
        .doesNotContain(tokenizer.id("<img>").orElseThrow());
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void idsAndTokensAreEachOthersInverse(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    for (int id = 0; id < tokenizer.size(); id++) {
      assertThat(tokenizer.id(tokenizer.token(id))).hasValue(id);
    }
    assertThat(tokenizer.id("no such token")).isEmpty();
    assertThatThrownBy(() -> tokenizer.token(tokenizer.size()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no token has id %d (ids are 0 … %d)", tokenizer.size(), tokenizer.size() - 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", " ", "\n", "<", "1", "\u7684", "\uD83D\uDE00", "ab ", "<|im_end|>"})
  void longRunsTakeLinearTime(String unit) {
    String text = unit.repeat(200_000 / unit.length());
    for (String fixture :
        List.of("internvl2-1b", "internvl2-76b", "internvl2-26b", "internvl2-40b")) {
      Tokenizer tokenizer = TokenizerFixtures.load(fixture);
      int[] ids = tokenizer.encode(PromptText.literal(text));
      assertThat(tokenizer.decode(ids, Specials.SKIP)).as(fixture).isEqualTo(text);
    }
  }

  @Test
  void severalThreadsShareATokenizer() throws Exception {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl2-1b");
    RandomText random = new RandomText(9, CONTROLS);
    List<String> texts = IntStream.range(0, 2_000).mapToObj(i -> random.next()).toList();
    List<int[]> expected = encodeAll(tokenizer, texts);
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      Callable<List<int[]>> all = () -> encodeAll(tokenizer, texts);
      for (Future<List<int[]>> result : pool.invokeAll(List.of(all, all, all, all))) {
        assertThat(result.get()).usingElementComparator(Arrays::compare).isEqualTo(expected);
      }
    }
  }

  private static List<int[]> encodeAll(Tokenizer tokenizer, List<String> texts) {
    return texts.stream().map(t -> tokenizer.encode(PromptText.literal(t))).toList();
  }
}
